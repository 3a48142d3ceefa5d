// Command ort times public networks here and in ONNX Runtime, in turn in one run and on equally many threads, and prints how they
// compare. It writes its table into docs/results.md.
//
//	ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix bench/ort
//	SIAM_WEIGHTS=DIR go run ./bench/ort [-turns 12] [-threads 2] [-networks yunet] [-results FILE]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/siam-go/siam/bench"
)

// settings are the command's flags.
type settings struct {
	turns, threads int
	networks       string
	results        string
}

func main() {
	var s settings
	flag.IntVar(&s.turns, "turns", 12, "how often each engine has its turn")
	flag.IntVar(&s.threads, "threads", 2, "processor threads of each engine")
	flag.StringVar(&s.networks, "networks", "", "only networks with this in their names")
	flag.StringVar(&s.results, "results", "docs/results.md", "file whose table to rewrite; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "ort:", err)
		os.Exit(1)
	}
}

// compare times all networks and reports.
func compare(ctx context.Context, s settings) error {
	folder, err := bench.NetworksFolder()
	if err != nil {
		return err
	}
	table := table{settings: s, loadBefore: bench.Load()}
	for _, network := range bench.Networks() {
		if !strings.Contains(strings.ToLower(network.Name), strings.ToLower(s.networks)) {
			continue
		}
		if _, err := os.Stat(network.Path(folder)); network.Made() && err != nil {
			fmt.Fprintf(os.Stderr, "%s is left out; make it: python3 bench/ort/networks.py bench/ort/made\n", network.Name)
			continue
		}
		for _, batch := range network.Batches {
			row, err := measure(ctx, s, network, network.Path(folder), batch)
			if err != nil {
				return fmt.Errorf("%s, batch %d: %w", network.Name, batch, err)
			}
			fmt.Fprintln(os.Stderr, row)
			table.rows = append(table.rows, row)
		}
	}
	text := table.markdown()
	fmt.Print(text)
	if s.results == "" || s.networks != "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-ort", text)
}
