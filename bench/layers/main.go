// Command layers measures every product of some networks through the whole backend: forward, the gradient to the input and
// the gradient to the weights, with the share of what the processor could do at most, measured next to it.
//
//	go run ./bench/layers [-threads T] [-precision fp32|bf16] [-net NAME] [-time 300ms] [-markdown]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
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

func main() {
	threads := flag.Int("threads", runtime.GOMAXPROCS(0), "processor threads")
	precision := flag.String("precision", "fp32", "of the operands: fp32 or bf16")
	only := flag.String("net", "", "only networks whose name contains this")
	within := flag.Duration("time", 300*time.Millisecond, "to spend on each product")
	markdown := flag.Bool("markdown", false, "print a markdown table")
	flag.Parse()
	backend, err := compute.NewWithConfig(fmt.Sprintf("cpu:threads=%d,precision=%s", *threads, *precision))
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
	m := meter{backend: backend, threads: *threads, within: *within}
	fmt.Printf("%d threads, %s, %s; GFLOP/s of the direct product, and the share of the float32 limit measured around each;\n"+
		"minimal filtering needs fewer multiplications than the direct product, and bf16 has twice the limit, so shares can be above 100 %%\n\n", *threads, kernel.Active(), *precision)
	t := newTable(os.Stdout, *markdown)
	defer t.end()
	for _, net := range networks() {
		if !strings.Contains(net.name, *only) {
			continue
		}
		for _, l := range net.layers {
			t.row(net.name, l.Name, shapeText(l), m.measure(l, forward), m.measure(l, inputGradient), m.measure(l, weightGradient))
		}
	}
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

// table prints rows for people or as markdown.
type table struct {
	out     io.Writer
	columns *tabwriter.Writer // nil for markdown
}

func newTable(out io.Writer, markdown bool) *table {
	t := &table{out: out}
	if !markdown {
		t.columns = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	}
	t.row("network", "layer", "shape", "forward", "input gradient", "weight gradient")
	if markdown {
		t.row("---", "---", "---", "---:", "---:", "---:")
	}
	return t
}

func (t *table) row(cells ...any) {
	line := make([]string, len(cells))
	for i, c := range cells {
		line[i] = fmt.Sprint(c)
	}
	if t.columns == nil {
		fmt.Fprintf(t.out, "| %s |\n", strings.Join(line, " | "))
		return
	}
	fmt.Fprintln(t.columns, strings.Join(line, "\t"))
}

func (t *table) end() {
	if t.columns != nil {
		t.columns.Flush()
	}
}
