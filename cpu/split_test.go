package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// constantConvolution is a 3×3 convolution of images [n, h, w, 4] with known weights.
func constantConvolution(x *graph.Node, filters int) *graph.Node {
	random := rand.New(rand.NewPCG(7, 7))
	w := noise(random, 3, 3, x.Shape().Dim(-1), filters)
	kernel := graph.ConstTensor(x.Graph(), tensors.FromFlatDataAndDimensions(w.data, w.dims...))
	return graph.Convolve(x, kernel).PadSame().Done()
}

// splitCases are functions of images [n, h, w, 4], and whether they treat these apart.
var splitCases = []struct {
	name  string
	apart bool
	f     func(x *graph.Node) *graph.Node
}{
	{"convolutions and a mean", true, func(x *graph.Node) *graph.Node {
		return graph.ReduceMean(relu(constantConvolution(relu(constantConvolution(x, 8)), 6)), 1, 2)
	}},
	{"squeeze and excite", true, func(x *graph.Node) *graph.Node {
		y := constantConvolution(x, 8)
		scale := graph.Sigmoid(graph.ReduceAndKeep(y, graph.ReduceMean, 1, 2))
		return graph.Add(graph.Mul(y, scale), graph.OnesLike(y))
	}},
	{"pool, reshape, transpose, slice, concatenate, product", true, func(x *graph.Node) *graph.Node {
		y := graph.MaxPool(constantConvolution(x, 8)).Window(2).Done()
		y = graph.Concatenate([]*graph.Node{y, graph.Slice(y, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(2, 5))}, -1)
		y = graph.Reshape(graph.TransposeAllAxes(y, 0, 3, 1, 2), y.Shape().Dim(0), -1)
		w := noise(rand.New(rand.NewPCG(8, 8)), y.Shape().Dim(1), 5)
		return graph.Dot(y, graph.ConstTensor(x.Graph(), tensors.FromFlatDataAndDimensions(w.data, w.dims...))).Product()
	}},
	{"upsampling", true, func(x *graph.Node) *graph.Node {
		y := constantConvolution(x, 3)
		d := y.Shape().Dimensions
		y = graph.BroadcastToDims(graph.InsertAxes(y, 3), d[0], d[1], d[2], 2, d[3])
		return graph.Reshape(y, d[0], d[1], d[2]*2, d[3])
	}},
	{"images and their mirror images", true, func(x *graph.Node) *graph.Node {
		d := x.Shape().Dimensions
		both := graph.Reshape(graph.Stack([]*graph.Node{x, graph.Reverse(x, 2)}, 1), 2*d[0], d[1], d[2], d[3])
		y := graph.ReduceMean(relu(constantConvolution(both, 8)), 1, 2)
		return graph.ReduceSum(graph.Reshape(y, d[0], 2, 8), 1)
	}},
	{"half of all", false, func(x *graph.Node) *graph.Node {
		y := constantConvolution(x, 3)
		d := y.Shape().Dimensions
		y = graph.Reshape(y, 2*d[0], d[1]/2, d[2], d[3])
		return graph.Add(graph.Slice(y, graph.AxisRange(0, d[0])), graph.Slice(y, graph.AxisRange(d[0])))
	}},
	{"mean over the images", false, func(x *graph.Node) *graph.Node {
		y := constantConvolution(x, 3)
		return graph.Sub(y, graph.ReduceAndKeep(y, graph.ReduceMean, 0))
	}},
	{"images in another order", false, func(x *graph.Node) *graph.Node {
		return graph.Reverse(constantConvolution(x, 3), 0)
	}},
	{"all distances", false, func(x *graph.Node) *graph.Node {
		y := graph.Reshape(constantConvolution(x, 3), x.Shape().Dim(0), -1)
		return graph.Einsum("ad,bd->ab", y, y)
	}},
	{"a number for each image", false, func(x *graph.Node) *graph.Node {
		numbers := graph.IotaFull(x.Graph(), x.Shape())
		return constantConvolution(graph.Add(x, numbers), 2)
	}},
	{"no convolution", false, func(x *graph.Node) *graph.Node { return relu(x) }},
}

// parts is the number of parts that the program works in.
func (e *Executable) parts() int {
	if e.program.part == nil {
		return 1
	}
	return e.program.tasks[0].units
}

func TestInferenceInPartsEqualsThatOfTheWholeBatch(t *testing.T) {
	const n, h, w = 6, 240, 180
	x := noise(rand.New(rand.NewPCG(3, 3)), n, h, w, 4)
	for _, k := range splitCases {
		t.Run(k.name, func(t *testing.T) {
			want := graph.MustExecOnce(unfused(t), k.f, asTensors([]array{x})[0])
			for _, threads := range []int{1, 2, 5} {
				b := newTestBackend(t, Options{Threads: threads}).(*Backend)
				var images []int
				b.inspect = func(g *body) { images = append(images, g.parameters[0].shape.Dim(0)) }
				got := graph.MustExecOnce(b, k.f, asTensors([]array{x})[0])
				if apart := images[0] < n; apart != k.apart {
					t.Errorf("%d threads: compiled for %d of %d images, want parts: %v", threads, images[0], n, k.apart)
				}
				if !got.Shape().Equal(want.Shape()) {
					t.Fatalf("%d threads: shape %s, want %s", threads, got.Shape(), want.Shape())
				}
				closeTo(t, tensors.MustCopyFlatData[float32](got), tensors.MustCopyFlatData[float32](want), "%d threads", threads)
			}
		})
	}
}

func TestAPanicInAPartIsAnError(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2}).(*Backend)
	x := noise(rand.New(rand.NewPCG(3, 3)), 8, 240, 180, 4)
	random := rand.New(rand.NewPCG(1, 1))
	weights := noise(random, 3, 3, 4, 8)
	e := compileArrays(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		kernel, err := f.Constant(weights.data, weights.dims...)
		if err != nil {
			return nil, err
		}
		return one(f.ConvGeneral(in[0], kernel, channelsLast, nil, [][2]int{{1, 1}, {1, 1}}, nil, nil, 1, 1))
	}).(*Executable)
	if e.parts() == 1 {
		t.Fatal("the batch was not split")
	}
	for i := range e.program.part.tasks {
		e.program.part.tasks[i].run = func(*frame, int, int, int) { panic("broken") }
	}
	input, err := b.BufferFromFlatData(0, x.data, e.inputShapes[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Execute([]compute.Buffer{input}, nil, 0); err == nil {
		t.Error("Execute with a task that panics gives no error, want one")
	}
}

// withWeights is a convolution of images [n, h, w, 4] and a product, whose weights are parameters.
func withWeights(x, w, shift, dense *graph.Node) *graph.Node {
	y := graph.Convolve(x, w).PadSame().Done()
	y = relu(graph.Add(y, graph.ExpandAndBroadcast(shift, y.Shape().Dimensions, []int{0, 1, 2})))
	return graph.Dot(graph.ReduceMean(y, 1, 2), dense).Product()
}

func TestWeightsThatAreParametersServeAllParts(t *testing.T) {
	const n, h, w = 6, 240, 180
	random := rand.New(rand.NewPCG(4, 4))
	x := noise(random, n, h, w, 4)
	for _, filters := range []int{8, n} { // as many as images, too
		inputs := []array{x, noise(random, 3, 3, 4, filters), noise(random, filters), noise(random, filters, 5)}
		other := append([]array{x, noise(random, 3, 3, 4, filters)}, inputs[2:]...)
		for _, threads := range []int{1, 2, 5} {
			b := newTestBackend(t, Options{Threads: threads}).(*Backend)
			var images []int
			b.inspect = func(g *body) { images = append(images, g.parameters[0].shape.Dim(0)) }
			exec := graph.MustNewExec(b, withWeights)
			for round, given := range [][]array{inputs, inputs, other, inputs} {
				want := graph.MustExecOnceN(unfused(t), withWeights, asTensors(given)...)[0]
				got := exec.MustCall(asTensors(given)...)[0]
				closeTo(t, tensors.MustCopyFlatData[float32](got), tensors.MustCopyFlatData[float32](want), "%d filters, %d threads, round %d", filters, threads, round)
			}
			if images[0] == n {
				t.Errorf("%d filters, %d threads: compiled for all %d images, want parts", filters, threads, n)
			}
			changing := asTensors(inputs)
			exec.MustCall(changing...)
			tensors.MustMutableFlatData(changing[1].(*tensors.Tensor), func(flat []float32) { copy(flat, other[1].data) })
			want := graph.MustExecOnceN(unfused(t), withWeights, asTensors(other)...)[0]
			got := exec.MustCall(changing...)[0]
			closeTo(t, tensors.MustCopyFlatData[float32](got), tensors.MustCopyFlatData[float32](want), "%d filters, %d threads, changed in place", filters, threads)
		}
	}
}

func TestStatisticsOfAsManyChannelsAsImagesAreNotImages(t *testing.T) {
	const n, h, w = 6, 240, 180
	random := rand.New(rand.NewPCG(6, 6))
	positive := noise(random, n)
	for i, v := range positive.data {
		positive.data[i] = 0.5 + v*v
	}
	inputs := []array{noise(random, n, h, w, 4), noise(random, 3, 3, 4, n), noise(random, n), noise(random, n), noise(random, n), positive}
	normalized := func(in []*graph.Node) *graph.Node {
		y := graph.Convolve(in[0], in[1]).PadSame().Done()
		return graph.ReduceMean(relu(graph.InternalBatchNormForInference(y, in[2], in[3], in[4], in[5], 1e-3, -1)), 1, 2)
	}
	want := graph.MustExecOnce(unfused(t), normalized, asTensors(inputs)...)
	for _, threads := range []int{1, 2, 5} {
		got := graph.MustExecOnce(newTestBackend(t, Options{Threads: threads}), normalized, asTensors(inputs)...)
		closeTo(t, tensors.MustCopyFlatData[float32](got), tensors.MustCopyFlatData[float32](want), "%d threads", threads)
	}
}

func closeTo(t *testing.T, got, want []float32, format string, args ...any) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", fmt.Sprintf(format, args...), len(got), len(want))
	}
	for i, v := range want {
		if math.Abs(float64(got[i]-v)) > 2e-5*(1+math.Abs(float64(v))) {
			t.Fatalf("%s: output[%d] = %v, want %v", fmt.Sprintf(format, args...), i, got[i], v)
		}
	}
}

func TestLargeProductsAreNotReadForEveryPart(t *testing.T) {
	const n, h, w = 6, 240, 180
	random := rand.New(rand.NewPCG(5, 5))
	inputs := []array{noise(random, n, h, w, 4), noise(random, 3, 3, 4, 8), noise(random, 8), noise(random, 8, 200000)}
	b := newTestBackend(t, Options{Threads: 2}).(*Backend)
	var images []int
	b.inspect = func(g *body) { images = append(images, g.parameters[0].shape.Dim(0)) }
	graph.MustExecOnceN(b, withWeights, asTensors(inputs)...)
	if images[0] != n {
		t.Errorf("compiled for %d of %d images, want all", images[0], n)
	}
}
