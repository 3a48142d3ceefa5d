// Command coseg times the published network of co-segmentation at its full size and the correlation layer here and in PyTorch, in turn in
// one run, with the memory that a training step takes. It writes its table into docs/results.md.
//
//	go run ./bench/coseg [-turns 5] [-threads 2] [-only forward] [-python FILE] [-results FILE]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/internal/kernel"
)

// settings are the command's flags.
type settings struct {
	turns, threads  int
	only            string
	step, account   bool
	python, results string
}

func main() {
	var s settings
	flag.IntVar(&s.turns, "turns", 5, "how often each engine has its turn")
	flag.IntVar(&s.threads, "threads", 2, "processor threads of each engine")
	flag.StringVar(&s.only, "only", "", "only what has this in its name: forward, correlation or step; writes no file")
	flag.BoolVar(&s.step, "step", false, "take two training steps and print what they took as JSON")
	flag.BoolVar(&s.account, "account", false, "say what the time here goes into")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "a Python with PyTorch")
	flag.StringVar(&s.results, "results", "", "file whose table to rewrite, such as docs/results.md; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := compare
	if s.step {
		run = printStep
	}
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "coseg:", err)
		os.Exit(1)
	}
}

// compare measures everything and reports.
func compare(ctx context.Context, s settings) error {
	load := bench.Load()
	limit := bench.Limit(s.threads, time.Second)
	var rows strings.Builder
	for _, w := range []work{forward, correlation} {
		if !strings.Contains(w.name, s.only) {
			continue
		}
		r, err := measure(ctx, s, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Fprintln(os.Stderr, r)
		rows.WriteString(r.markdown(w))
	}
	if strings.Contains("step", s.only) {
		taken, err := stepApart(ctx, s)
		if err != nil {
			return fmt.Errorf("a training step: %w", err)
		}
		fmt.Fprintf(&rows, "| one training step of one pair, its second | %.1f s, peak memory %.2f GiB | | | |\n", taken.Seconds, taken.Peak/(1<<30))
	}
	text := fmt.Sprintf("`make bench-coseg`, %s: %s, %d threads, %s, %.0f GFLOP/s at most; Siam at commit %s, %s. Load average %s before, %s after.\n\n"+
		"| in float32 | Siam | PyTorch | PyTorch, channels last | times as fast as the better |\n|---|---:|---:|---:|---:|\n%s"+
		"\nThe fastest of %d turns each. PyTorch compares by a batched product and the better of two re-indexings of it.\n",
		time.Now().Format(time.DateOnly), bench.Processor(), s.threads, kernel.Active(), limit, bench.Commit(), runtime.Version(), load, bench.Load(),
		rows.String(), s.turns)
	fmt.Print(text)
	if s.results == "" || s.only != "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-coseg", text)
}
