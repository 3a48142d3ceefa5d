package main

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/internal/kernel"
)

// table is what was measured.
type table struct {
	settings   settings
	loadBefore string
	rows       []row
}

// times is how many times as fast we are.
func (r row) times() float64 { return r.theirs / r.ours }

func (r row) String() string {
	return fmt.Sprintf("%-16s batch %2d: %8.2f ms, ONNX Runtime %8.2f ms: %.2f times as fast; import %.0f ms",
		r.network.Name, r.batch, 1e3*r.ours, 1e3*r.theirs, r.times(), 1e3*r.imported)
}

// mean is the geometric mean of how many times as fast we are.
func (t table) mean() float64 {
	var logs float64
	for _, r := range t.rows {
		logs += math.Log(r.times())
	}
	return math.Exp(logs / float64(len(t.rows)))
}

func (t table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "`make bench-ort`, %s: %s, %d threads, %s; Siam at commit %s, %s; ONNX Runtime %s. Load average %s before, %s after.\n\n",
		time.Now().Format(time.DateOnly), bench.Processor(), t.settings.threads, kernel.Active(), bench.Commit(), runtime.Version(),
		t.rows[0].version, t.loadBefore, bench.Load())
	b.WriteString("| network | input | batch | Siam, ms | ONNX Runtime, ms | times as fast | import, ms |\n|---|---|---:|---:|---:|---:|---:|\n")
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %d×%d | %d | %.2f | %.2f | %.2f × | %.0f |\n",
			r.network.Name, r.network.Width, r.network.Height, r.batch, 1e3*r.ours, 1e3*r.theirs, r.times(), 1e3*r.imported)
	}
	fmt.Fprintf(&b, "| **geometric mean** | | | | | **%.2f ×** | |\n", t.mean())
	fmt.Fprintf(&b, "\nThe fastest of the runs in %d turns each, in ms for the whole batch. Import is reading the file, folding its constants, "+
		"compiling it for one image and the first run.\n", t.settings.turns)
	return b.String()
}
