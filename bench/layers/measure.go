package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/siam-go/siam/bench"
)

// product is one of the three of a layer.
type product int

const (
	forward product = iota
	inputGradient
	weightGradient
)

// build adds the product to a graph: of images x, weights w and the gradient dy of the feature maps.
func (p product) build(l bench.Layer, x, w, dy *graph.Node) *graph.Node {
	y := layerOutput(l, x, w)
	if p == forward {
		return y
	}
	of := x
	if p == weightGradient {
		of = w
	}
	return graph.Gradient(graph.ReduceAllSum(graph.Mul(y, dy)), of)[0]
}

func layerOutput(l bench.Layer, x, w *graph.Node) *graph.Node {
	if l.H == 1 && l.W == 1 {
		return graph.MatMul(x, w)
	}
	pad := [2]int{l.Padding(), l.Padding()}
	return graph.Convolve(x, w).Strides(max(1, l.Stride)).PaddingPerDim([][2]int{pad, pad}).Done()
}

// operands are the shapes of images, weights and feature maps.
func operands(l bench.Layer) (x, w, y shapes.Shape) {
	if l.H == 1 && l.W == 1 {
		return shapes.Make(dtypes.Float32, l.N, l.C), shapes.Make(dtypes.Float32, l.C, l.Filters), shapes.Make(dtypes.Float32, l.N, l.Filters)
	}
	oh, ow := l.Output()
	return shapes.Make(dtypes.Float32, l.N, l.H, l.W, l.C), shapes.Make(dtypes.Float32, l.Kernel, l.Kernel, l.C, l.Filters),
		shapes.Make(dtypes.Float32, l.N, oh, ow, l.Filters)
}

// meter times products.
type meter struct {
	backend   compute.Backend
	threads   int
	within    time.Duration
	bandwidth float64 // of memory, thousand million bytes a second
}

// speed is how fast a product ran at best; the fastest run is the one that other programs disturbed least.
type speed struct {
	gflops float64
	share  float64 // of the limit measured before and after
	memory float64 // share of the bandwidth
}

func (s speed) String() string {
	if s.memory > s.share {
		return fmt.Sprintf("%.0f (%.0f %%, memory %.0f %%)", s.gflops, 100*s.share, 100*s.memory)
	}
	return fmt.Sprintf("%.0f (%.0f %%)", s.gflops, 100*s.share)
}

// measure runs a product of a layer again and again. The memory of each result is given back for the next, so that no run waits
// for new memory.
func (m meter) measure(l bench.Layer, p product) speed {
	r := m.runner(m.backend, l, p)
	defer r.graph.Finalize()
	limit, best := bench.Limit(m.threads, m.within/10), math.Inf(1)
	for end := time.Now().Add(m.within); time.Now().Before(end); {
		best = min(best, r.run())
	}
	limit = max(limit, bench.Limit(m.threads, m.within/10))
	gflops := l.FLOPs() / best / 1e9
	return speed{gflops, gflops / limit, r.bytes / best / 1e9 / m.bandwidth}
}

// runner is a product of a layer, compiled, with its operands.
type runner struct {
	graph  *graph.Graph
	inputs []compute.Buffer
	bytes  float64 // of operands and result
}

func (m meter) runner(backend compute.Backend, l bench.Layer, p product) runner {
	g := graph.NewGraph(backend, l.Name)
	xShape, wShape, yShape := operands(l)
	x, w, dy := graph.Parameter(g, "x", xShape), graph.Parameter(g, "w", wShape), graph.Parameter(g, "dy", yShape)
	if err := g.Compile(p.build(l, x, w, dy)); err != nil {
		panic(err)
	}
	return runner{g, []compute.Buffer{noise(backend, xShape), noise(backend, wShape), noise(backend, yShape)}, float64(xShape.ByteSize() + wShape.ByteSize() + yShape.ByteSize())}
}

// run is how many seconds one run takes.
func (r runner) run() float64 {
	start := time.Now()
	output := r.graph.RunWithBuffers(r.inputs, make([]bool, len(r.inputs)), 0)[0]
	took := time.Since(start).Seconds()
	output.MustFinalizeAll()
	return took
}

// noise is a buffer of numbers in [-1, 1).
func noise(backend compute.Backend, shape shapes.Shape) compute.Buffer {
	random := rand.New(rand.NewPCG(1, 2))
	buffer, flat, err := backend.NewSharedBuffer(0, shape)
	if err != nil {
		panic(err)
	}
	for i, values := 0, flat.([]float32); i < len(values); i++ {
		values[i] = 2*random.Float32() - 1
	}
	return buffer
}
