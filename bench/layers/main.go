// Command layers measures every product of some networks through the whole backend: forward, the gradient to the input and
// the gradient to the weights, with the share of what the processor could do at most, measured next to it.
//
//	go run ./bench/layers [-threads T] [-precision fp32|bf16] [-net NAME] [-time 2s] [-ways | -results FILE]
//
// With -ways it measures instead the convolutions computed in every way that there is, in turns, beside the way that is chosen.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/bench"
	_ "github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/internal/kernel"
)

// network is layers to measure.
type network struct {
	name   string
	layers []bench.Layer
}

func networks() []network {
	return []network{
		{"Conv4, 256 images", bench.Conv4(256)},
		{"Koch, 32 images", bench.Koch(32)},
		{"VGG16, one image of 512×512", bench.VGG16(512)},
		{"person crops, 32 of 64×128", bench.PersonCrops(32)},
		{"faces, 128 of 64×64", bench.Faces(128)},
	}
}

// settings are the command's flags.
type settings struct {
	threads                  int
	precision, only, results string
	within                   time.Duration
	ways                     bool
}

func main() {
	var s settings
	flag.IntVar(&s.threads, "threads", runtime.GOMAXPROCS(0), "processor threads")
	flag.StringVar(&s.precision, "precision", "fp32", "of the operands: fp32 or bf16")
	flag.StringVar(&s.only, "net", "", "only networks whose name contains this")
	flag.StringVar(&s.results, "results", "", "file whose table to rewrite, such as docs/results.md; empty for none")
	flag.DurationVar(&s.within, "time", 2*time.Second, "to spend on each product")
	flag.BoolVar(&s.ways, "ways", false, "measure every way of computing convolutions beside the chosen one")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if s.ways {
		return runWays(s)
	}
	backend, err := compute.NewWithConfig(fmt.Sprintf("cpu:threads=%d,precision=%s", s.threads, s.precision))
	if err != nil {
		return err
	}
	m := meter{backend: backend, threads: s.threads, within: s.within, bandwidth: bench.Bandwidth(s.threads)}
	var table strings.Builder
	fmt.Fprintf(&table, "`make bench-layers`, %s, %.0f GFLOP/s and %.0f GB/s at most; %s\n\n", s.machine(), bench.Limit(s.threads, time.Second), m.bandwidth, build())
	table.WriteString("| network | layer | shape | forward | gradient to the input | gradient to the weights |\n|---|---|---|---:|---:|---:|\n")
	for _, net := range networks() {
		if !strings.Contains(net.name, s.only) {
			continue
		}
		for i, l := range net.layers {
			toInput := "not needed"
			if i > 0 {
				toInput = m.measure(l, inputGradient).String()
			}
			row := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", net.name, l.Name, shapeText(l), m.measure(l, forward), toInput, m.measure(l, weightGradient))
			fmt.Fprint(os.Stderr, row)
			table.WriteString(row)
		}
	}
	table.WriteString("\nGFLOP/s of the direct product at best, and the share of the float32 limit measured around it. Minimal filtering needs fewer " +
		"multiplications than the direct product, and bf16 has twice the limit, so shares can be above 100 %. Where a product must read and write so much " +
		"that memory limits it sooner, the second share is that of memory: its operands and its result once each, at the speed at which memory is read.\n")
	fmt.Print(table.String())
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-layers", table.String())
}

// machine is what was measured on, and when.
func (s settings) machine() string {
	return fmt.Sprintf("%s: %s, %d threads, %s, %s", time.Now().Format(time.DateOnly), bench.Processor(), s.threads, kernel.Active(), s.precision)
}

// build is what was measured, and beside what.
func build() string {
	return fmt.Sprintf("commit %s, %s; load average %s.", bench.Commit(), runtime.Version(), bench.Load())
}

// shapeText describes a layer as input → filters, kernel.
func shapeText(l bench.Layer) string {
	if l.H == 1 && l.W == 1 {
		return fmt.Sprintf("%d → %d", l.C, l.Filters)
	}
	text := fmt.Sprintf("%d×%d×%d → %d, %d×%d", l.H, l.W, l.C, l.Filters, l.Kernel, l.Kernel)
	if l.Stride > 1 {
		text += fmt.Sprintf(" / %d", l.Stride)
	}
	return text
}
