package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/internal/kernel"
)

// runWays measures every convolution in every way, in turns, so that what disturbs one disturbs all.
func runWays(s settings) error {
	if s.results != "" {
		return errors.New("-ways prints its table only: leave -results out")
	}
	ways := []cpu.Way{cpu.Chosen, cpu.Direct, cpu.Minimal}
	if kernel.HasSquares() && s.precision != "fp32" {
		ways = append(ways, cpu.Squares)
	}
	m := meter{threads: s.threads, within: s.within}
	var backends []compute.Backend
	heads := "| network | layer | product |"
	for _, way := range ways {
		b, err := compute.NewWithConfig(fmt.Sprintf("cpu:threads=%d,precision=%s,convolutions=%s", s.threads, s.precision, way))
		if err != nil {
			return err
		}
		backends = append(backends, b)
		heads += fmt.Sprintf(" %s |", way)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "`go run ./bench/layers -ways -precision %s`, %s; %s\n\n%s chosen is slower than the best by |\n|---|---|---|%s---:|\n",
		s.precision, s.machine(), build(), heads, strings.Repeat("---:|", len(ways)))
	most := 0.
	for _, net := range networks() {
		if !strings.Contains(net.name, s.only) {
			continue
		}
		for i, l := range net.layers {
			if l.H == 1 && l.W == 1 {
				continue // a plain product
			}
			for p, name := range []string{"forward", "gradient to the input", "gradient to the weights"} {
				p := product(p)
				if p == inputGradient && i == 0 {
					continue
				}
				seconds := m.inTurns(backends, l, p)
				slower := seconds[0]/slices.Min(seconds) - 1
				most = max(most, slower)
				row := fmt.Sprintf("| %s | %s | %s |", net.name, l.Name, name)
				for _, took := range seconds {
					row += fmt.Sprintf(" %.0f |", l.FLOPs()/took/1e9)
				}
				row += fmt.Sprintf(" %.0f %% |\n", 100*slower)
				fmt.Fprint(os.Stderr, row)
				table.WriteString(row)
			}
		}
	}
	fmt.Fprintf(&table, "\nGFLOP/s of the direct product, at best. Where a convolution cannot be computed in a way it is as chosen, so that numbers differ by what else the machine did. At most %.0f %% slower than the best.\n", 100*most)
	fmt.Print(table.String())
	return nil
}

// inTurns is how many seconds a product takes on each backend at best.
func (m meter) inTurns(backends []compute.Backend, l bench.Layer, p product) []float64 {
	runners, best := make([]runner, len(backends)), make([]float64, len(backends))
	for i, b := range backends {
		runners[i], best[i] = m.runner(b, l, p), math.Inf(1)
		defer runners[i].graph.Finalize()
	}
	for end := time.Now().Add(m.within); time.Now().Before(end); {
		for i, r := range runners {
			best[i] = min(best[i], r.run())
		}
	}
	return best
}
