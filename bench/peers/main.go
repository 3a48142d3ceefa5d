// Command peers runs Siam and PyTorch on the same work in turn, several rounds, and prints how they compare. It measures what
// the processor can do at most first, and writes its table into docs/results.md.
//
//	go run ./bench/peers [-rounds 3] [-threads T] [-nets conv4,koch,faces] [-python FILE] [-results FILE]
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
	rounds, threads, steps int
	nets                   []string
	python, results        string
}

func main() {
	var s settings
	var nets string
	flag.IntVar(&s.rounds, "rounds", 3, "how often each engine has its turn")
	flag.IntVar(&s.threads, "threads", runtime.NumCPU(), "processor threads of each engine")
	flag.IntVar(&s.steps, "steps", 0, "steps that count in a turn; 0 means 30 for conv4, 8 for koch and 20 for faces")
	flag.StringVar(&nets, "nets", "conv4,koch,faces", "networks, by comma")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "a Python with PyTorch")
	flag.StringVar(&s.results, "results", "docs/results.md", "file whose table to rewrite; empty for none")
	flag.Parse()
	s.nets = strings.Split(nets, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// compare runs all rounds and reports.
func compare(ctx context.Context, s settings) error {
	siam, remove, err := buildSiam(ctx)
	if err != nil {
		return err
	}
	defer remove()
	c := comparison{settings: s, loadBefore: bench.Load(), measured: make(map[mode][]result)}
	for round := range s.rounds {
		c.limit = max(c.limit, bench.Limit(s.threads, time.Second))
		fmt.Fprintf(os.Stderr, "round %d of %d, float32 limit %.0f GFLOP/s\n", round+1, s.rounds, c.limit)
		for _, net := range s.nets {
			for _, m := range modes(net) {
				r, err := m.run(ctx, s, siam)
				if err != nil {
					return err
				}
				fmt.Fprintln(os.Stderr, " ", m, r)
				c.measured[m] = append(c.measured[m], r)
			}
		}
	}
	text := c.markdown()
	fmt.Print(text)
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-peers", text)
}

// modes are the turns of one round on a net: Siam and PyTorch in each precision that Siam has here.
func modes(net string) []mode {
	precisions := []string{"fp32"}
	if kernel.HasBFloat16() {
		precisions = append(precisions, "bf16")
	}
	var all []mode
	for _, precision := range precisions {
		for _, layout := range []string{ours, "plain", "channels_last"} {
			all = append(all, mode{net, precision, layout})
		}
	}
	return all
}
