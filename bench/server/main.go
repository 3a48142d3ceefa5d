//go:build linux

// Command server measures siam serve, as a program of its own on the same machine as those who ask:
//
//	go run ./bench/server -model faces.safetensors [-gallery 100000] [-rates 50,100,200,300] [-photo-model MODEL -photo FILE] [-results FILE]
//
// The gallery holds random embeddings, two for each id, in SQLite, and every verdict is written to its audit log. Requests arrive at a
// fixed rate whether or not earlier ones have been answered, and a time counts from when its request was due.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
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
	flag.StringVar(&b.photoModel, "photo-model", "", "model with a detector of faces, for -photo")
	flag.StringVar(&b.photo, "photo", "", "photograph whose time to its verdict is measured; none when not given")
	flag.StringVar(&b.browser, "browser", "", "Chromium in which the first paint of the page is measured; found in PATH when not given, and left out where there is none")
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
	model, siam       string
	folder            string
	photoModel, photo string
	browser           string
	entries, many     int
	rates             []int
	each              time.Duration
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
	started, err := b.start(ctx, p)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&t, "| start to first verdict, gallery of 10,000 | %d ms |\n", started.Milliseconds())
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
	s.arrivals(b.rates[0], b.each) // until the models are ready for batches of every size
	for _, rate := range b.rates {
		l := s.arrivals(rate, b.each)
		fmt.Fprintf(&t, "| identify, gallery of %d, %d requests a second | p50 %.0f ms, p99 %.0f ms%s |\n", b.entries, rate, ms(l.at(0.5)), ms(l.at(0.99)), l.failures())
	}
	begun := s.processor()
	waiting := s.waiting(32, b.many)
	each := (s.processor() - begun) / time.Duration(b.many)
	fmt.Fprintf(&t, "| 32 waiting clients | %.0f requests a second, %.1f ms of the server's processor time each%s |\n", waiting.rate(), ms(each), waiting.failures())
	fmt.Fprintf(&t, "| encoder and search, batches of 32, in process | %.0f images a second; the encoder alone %.0f |\n", searched, alone)
	if err := b.page(ctx, &t, s); err != nil {
		return "", err
	}
	fmt.Fprintf(&t, "| memory over %d requests, the most in the second tenth and in the last | %d MB, %d MB |\n", b.many, waiting.peaks[1]>>10, waiting.peaks[9]>>10)
	if b.photo == "" {
		return t.String(), nil
	}
	took, megapixels, err := b.photograph(ctx, p)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&t, "| a photograph of %.1f megapixels to its verdict, warm | %d ms |\n", megapixels, took.Milliseconds())
	return t.String(), nil
}

// page measures the page where there is a browser.
func (b *run) page(ctx context.Context, t *strings.Builder, s *serving) error {
	path, err := exec.LookPath(cmp.Or(b.browser, "chromium"))
	if err != nil {
		return nil
	}
	paint, bytes, err := s.paint(ctx, path)
	if err != nil {
		return err
	}
	fmt.Fprintf(t, "| first paint of the page | %.0f ms, %.0f KiB in all |\n", paint, bytes/1024)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
