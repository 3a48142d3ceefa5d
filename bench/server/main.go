//go:build linux

// Command server measures siam serve, as a program of its own on the same machine as those who ask:
//
//	go run ./bench/server -model faces.safetensors [-gallery 100000] [-rates 50,100,200,300] [-results FILE]
//
// The gallery holds random embeddings, two for each id, in SQLite, and every verdict is written to its audit log. Requests arrive at a
// fixed rate whether or not earlier ones have been answered, and a time counts from when its request was due.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/siam-go/siam/bench"
)

func main() {
	var b run
	flag.StringVar(&b.model, "model", "", "model of whole images, such as siam train faces makes")
	flag.StringVar(&b.siam, "siam", "", "program to measure; built from here when not given")
	flag.IntVar(&b.entries, "gallery", 100_000, "embeddings in the gallery")
	rates := flag.String("rates", "50,100,200,300,400", "requests a second")
	flag.DurationVar(&b.each, "each", 10*time.Second, "how long each rate lasts")
	flag.IntVar(&b.many, "requests", 20_000, "requests over which memory is watched")
	results := flag.String("results", "", "file whose table to rewrite; empty for none")
	flag.StringVar(&b.folder, "folder", "", "where galleries are made, or were made before; a temporary folder when not given")
	flag.Parse()
	for rate := range strings.SplitSeq(*rates, ",") {
		n, err := strconv.Atoi(rate)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "server: -rates %s: want numbers above 0\n", *rates)
			os.Exit(2)
		}
		b.rates = append(b.rates, n)
	}
	text, err := b.all(context.Background())
	fmt.Print(text)
	if err == nil && *results != "" {
		err = bench.Rewrite(*results, "bench-server", text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run is one call of the command.
type run struct {
	model, siam   string
	folder        string
	entries, many int
	rates         []int
	each          time.Duration
}

// all measures, and makes the table.
func (b *run) all(ctx context.Context) (text string, err error) {
	if b.folder == "" {
		if b.folder, err = os.MkdirTemp("", "siam-bench-server-*"); err != nil {
			return "", err
		}
		defer os.RemoveAll(b.folder)
	}
	p := program{b.siam, b.folder}
	if b.siam == "" {
		if p, err = build(b.folder); err != nil {
			return "", err
		}
	}
	var t strings.Builder
	t.WriteString("| | |\n|---|---|\n")
	took, err := b.start(ctx, p)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&t, "| start to first verdict, gallery of 10,000 | %d ms |\n", took.Milliseconds())
	alone, searched, err := b.inProcess(ctx)
	if err != nil {
		return "", err
	}
	h, err := p.house(ctx, "large", b.model, b.entries)
	if err != nil {
		return "", err
	}
	s, err := p.serve(ctx, h)
	if err != nil {
		return "", err
	}
	defer s.stop()
	for _, rate := range b.rates {
		l := s.arrivals(rate, b.each)
		fmt.Fprintf(&t, "| identify, gallery of %d, %d requests a second | p50 %.0f ms, p99 %.0f ms%s |\n", b.entries, rate, ms(l.at(0.5)), ms(l.at(0.99)), l.failures())
	}
	before, begun := s.memory(), s.processor()
	waiting := s.waiting(32, b.many)
	after, each := s.memory(), (s.processor()-begun)/time.Duration(b.many)
	fmt.Fprintf(&t, "| 32 waiting clients | %.0f requests a second, %.1f ms of the server's processor time each%s |\n", waiting.rate(), ms(each), waiting.failures())
	fmt.Fprintf(&t, "| encoder and search, batches of 32, in process | %.0f images a second; the encoder alone %.0f |\n", searched, alone)
	fmt.Fprintf(&t, "| memory before and after %d requests | %d MB, %d MB |\n", b.many, before>>10, after>>10)
	return t.String(), nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
