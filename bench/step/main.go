//go:build unix

// Command step tells what a training step's time goes into, operation by operation, and writes its table into docs/results.md:
//
//	go run ./bench/step [-threads T] [-precision fp32|bf16|bf16x3] [-net NAME] [-steps N] [-results FILE]
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/recipe"
)

// settings are the command's flags.
type settings struct {
	threads, steps           int
	precision, only, results string
}

func main() {
	var s settings
	flag.IntVar(&s.threads, "threads", runtime.GOMAXPROCS(0), "processor threads")
	flag.StringVar(&s.precision, "precision", "fp32", "of products: fp32, bf16 or bf16x3")
	flag.IntVar(&s.steps, "steps", 20, "steps that count")
	flag.StringVar(&s.only, "net", "", "only nets whose name contains this")
	flag.StringVar(&s.results, "results", "", "file whose table to rewrite, such as docs/results.md; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.steps < 1 {
		return fmt.Errorf("%d steps: want at least 1", s.steps)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "`make bench-step`, %s: %s, %d threads, %s, %s, %.0f GFLOP/s and %.0f GB/s at most; commit %s, %s; load average %s.\n\n",
		time.Now().Format(time.DateOnly), bench.Processor(), s.threads, kernel.Active(), s.precision, bench.Limit(s.threads, time.Second), bench.Bandwidth(s.threads),
		bench.Commit(), runtime.Version(), bench.Load())
	table.WriteString("| net, a step's time | share of the step | page faults a step |\n|---|---|---:|\n")
	for _, net := range []string{"conv4", "koch", "faces"} {
		if !strings.Contains(net, s.only) {
			continue
		}
		measured, err := measure(ctx, s, net)
		if err != nil {
			return fmt.Errorf("measure %s: %w", net, err)
		}
		table.WriteString(measured.row(net))
	}
	fmt.Print(table.String())
	if s.results == "" || s.only != "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-step", table.String())
}

// account is what steps took, in all and by operations.
type account struct {
	steps      int
	total      time.Duration
	operations map[string]time.Duration
	faults     int64
}

// warmUp steps are not counted.
const warmUp = 3

// measure trains a net for some steps.
func measure(ctx context.Context, s settings, net string) (account, error) {
	var a account
	workload, err := recipe.WorkloadOf(net)
	if err != nil {
		return a, err
	}
	backend, err := compute.NewWithConfig(fmt.Sprintf("cpu:threads=%d,precision=%s", s.threads, s.precision))
	if err != nil {
		return a, err
	}
	defer backend.Finalize()
	var sums func() map[string]time.Duration
	i := 0
	for took, err := range workload.Train(ctx, backend) {
		if err != nil {
			return a, err
		}
		if i++; i <= warmUp {
			if i == warmUp {
				sums = backend.(*cpu.Backend).Account()
				a.faults = -faults()
			}
			continue
		}
		a.steps, a.total = a.steps+1, a.total+took
		if a.steps == s.steps {
			break
		}
	}
	a.faults += faults()
	a.operations = sums()
	return a, nil
}

// faults is how often this process touched a page of memory that it did not have yet.
func faults() int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return used.Minflt
}

// row is the account of a net, the largest operations first; all but those below a hundredth are named.
func (a account) row(net string) string {
	rest := a.total
	for _, took := range a.operations {
		rest -= took
	}
	a.operations["GoMLX and the trainer"] = rest
	names := slices.SortedFunc(maps.Keys(a.operations), func(x, y string) int { return cmp.Compare(a.operations[y], a.operations[x]) })
	var shares []string
	var small time.Duration
	for _, name := range names {
		took := a.operations[name]
		if took*100 < a.total {
			small += took
			continue
		}
		shares = append(shares, fmt.Sprintf("%s %.1f %%", name, 100*took.Seconds()/a.total.Seconds()))
	}
	shares = append(shares, fmt.Sprintf("all others %.1f %%", 100*small.Seconds()/a.total.Seconds()))
	return fmt.Sprintf("| %s, %.2f ms | %s | %d |\n", net, 1000*a.total.Seconds()/float64(a.steps), strings.Join(shares, ", "), a.faults/int64(a.steps))
}
