package main

import (
	"fmt"
	"strings"

	"github.com/siam-go/siam/bench"
)

// table sums up the splits, a row for each cell.
func table(found map[string]outcome, splits int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| trained on | FMR claimed, mean | measured, mean | no difference | FNMR, mean | at the best threshold | near the best | nothing learned |\n")
	fmt.Fprintf(&b, "|---|---:|---:|---:|---:|---:|---:|---:|\n")
	holds, near, all := 0, 0, 0
	for _, c := range cells {
		var row struct {
			n, holds, near, refused       int
			claimed, measured, fnmr, best float64
		}
		for i := range splits {
			o, measured := found[fmt.Sprintf("%s %d %d", c.Set, c.People, i)]
			switch {
			case !measured:
				continue
			case o.Refused:
				row.refused++
				continue
			}
			row.n++
			row.claimed, row.measured, row.fnmr, row.best = row.claimed+o.Claimed, row.measured+o.Measured, row.fnmr+o.FNMR, row.best+o.Best
			if o.holds() {
				row.holds++
			}
			if o.near() {
				row.near++
			}
		}
		if row.n == 0 {
			continue
		}
		n := float64(row.n)
		fmt.Fprintf(&b, "| %s, %d people, %d steps | %.1f %% | %.1f %% | %d of %d | %.1f %% | %.1f %% | %d of %d | %d |\n", c.Set, c.People, c.Steps,
			100*row.claimed/n, 100*row.measured/n, row.holds, row.n, 100*row.fnmr/n, 100*row.best/n, row.near, row.n, row.refused)
		holds, near, all = holds+row.holds, near+row.near, all+row.n
	}
	fmt.Fprintf(&b, "\n%d of %d splits without a difference, %d with an FNMR of at most 1.5 times the best or 3 points more. %s, commit %s.\n",
		holds, all, near, bench.Processor(), bench.Commit())
	return b.String()
}
