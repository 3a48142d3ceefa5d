package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// convCase is a convolution with its operands' logical sizes; axes says where each logical axis lies.
type convCase struct {
	name               string
	n, c, f            int
	image, window      []int
	axes               compute.ConvolveAxesConfig
	strides, dilations []int
	inputDilations     []int
	paddings           [][2]int
	groups             int
}

var (
	channelsLast = compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
	channelsFirst = compute.ConvolveAxesConfig{
		InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3},
		KernelInputChannels: 0, KernelSpatial: []int{1, 2}, KernelOutputChannels: 3,
		OutputBatch: 0, OutputChannels: 1, OutputSpatial: []int{2, 3},
	}
	weightGradient = compute.ConvolveAxesConfig{
		InputBatch: 3, InputSpatial: []int{1, 2}, InputChannels: 0,
		KernelInputChannels: 0, KernelSpatial: []int{1, 2}, KernelOutputChannels: 3,
		OutputBatch: 2, OutputSpatial: []int{0, 1}, OutputChannels: 3,
	}
	oneSpatial = compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1}, InputChannels: 2,
		KernelSpatial: []int{0}, KernelInputChannels: 1, KernelOutputChannels: 2,
		OutputBatch: 0, OutputSpatial: []int{1}, OutputChannels: 2,
	}
	odd = compute.ConvolveAxesConfig{
		InputBatch: 2, InputSpatial: []int{3, 0}, InputChannels: 1,
		KernelSpatial: []int{2, 0}, KernelInputChannels: 3, KernelOutputChannels: 1,
		OutputBatch: 1, OutputSpatial: []int{0, 3}, OutputChannels: 2,
	}
)

func convCases() []convCase {
	image, window := []int{7, 6}, []int{3, 2}
	same := [][2]int{{1, 1}, {1, 0}}
	return []convCase{
		{name: "plain", n: 2, c: 3, f: 5, image: image, window: window, axes: channelsLast},
		{name: "one channel", n: 3, c: 1, f: 17, image: image, window: window, axes: channelsLast, paddings: same},
		{name: "stride and padding", n: 2, c: 4, f: 6, image: image, window: window, axes: channelsLast, strides: []int{2, 3}, paddings: [][2]int{{2, 1}, {0, 3}}},
		{name: "negative padding", n: 2, c: 4, f: 6, image: image, window: window, axes: channelsLast, paddings: [][2]int{{-1, 1}, {2, -2}}},
		{name: "kernel dilation", n: 2, c: 4, f: 6, image: image, window: window, axes: channelsLast, dilations: []int{2, 3}, paddings: same},
		{name: "input dilation", n: 2, c: 4, f: 6, image: image, window: window, axes: channelsLast, inputDilations: []int{2, 3}, paddings: same},
		{name: "everything", n: 2, c: 4, f: 6, image: image, window: window, axes: channelsLast, strides: []int{2, 1}, dilations: []int{1, 2}, inputDilations: []int{3, 2}, paddings: [][2]int{{3, -1}, {1, 4}}},
		{name: "groups", n: 2, c: 6, f: 9, image: image, window: window, axes: channelsLast, groups: 3, paddings: same},
		{name: "depthwise", n: 2, c: 4, f: 8, image: image, window: window, axes: channelsLast, groups: 4},
		{name: "channels first", n: 2, c: 3, f: 5, image: image, window: window, axes: channelsFirst, strides: []int{1, 2}},
		{name: "axes in no order", n: 2, c: 3, f: 5, image: image, window: window, axes: odd, paddings: same},
		{name: "weight gradient", n: 4, c: 3, f: 5, image: image, window: []int{5, 5}, axes: weightGradient, paddings: [][2]int{{1, 1}, {0, 1}}},
		{name: "weight gradient of stride and dilation", n: 4, c: 3, f: 5, image: []int{9, 8}, window: []int{3, 3}, axes: weightGradient, strides: []int{2, 1}, dilations: []int{3, 2}, paddings: [][2]int{{1, 2}, {0, 1}}},
		{name: "one spatial axis", n: 2, c: 3, f: 5, image: []int{9}, window: []int{4}, axes: oneSpatial, strides: []int{2}, paddings: [][2]int{{1, 2}}},
	}
}

// place puts the logical sizes of a tensor where its axes lie.
func place(first, last int, middle []int, firstSize, lastSize int, middleSizes []int) []int {
	dims := make([]int, 2+len(middle))
	dims[first], dims[last] = firstSize, lastSize
	for i, axis := range middle {
		dims[axis] = middleSizes[i]
	}
	return dims
}

// want is the convolution by its definition, in float64 and in the order of the output.
func (k convCase) want(x, w array, out []int) []float64 {
	a := k.axes
	groups := max(k.groups, 1)
	perGroup := k.f / groups
	result := make([]float64, product(out))
	index := make([]int, len(out))
	i := 0
	eachIndex(out, index, func() {
		n, f := index[a.OutputBatch], index[a.OutputChannels]
		taps := make([]int, len(k.window))
		var sum float64
		eachIndex(k.window, taps, func() {
			from := make([]int, len(taps))
			for axis, tap := range taps {
				p := index[a.OutputSpatial[axis]]*orOnes(k.strides, len(taps))[axis] + tap*orOnes(k.dilations, len(taps))[axis] - orZeros(k.paddings, len(taps))[axis][0]
				spread := orOnes(k.inputDilations, len(taps))[axis]
				if p < 0 || p%spread != 0 {
					return
				}
				from[axis] = p / spread
			}
			for c := range k.c / groups {
				xi := place(a.InputBatch, a.InputChannels, a.InputSpatial, n, f/perGroup*(k.c/groups)+c, from)
				wi := place(a.KernelInputChannels, a.KernelOutputChannels, a.KernelSpatial, c, f, taps)
				sum += x.at(xi...) * w.at(wi...)
			}
		})
		result[i] = sum
		i++
	})
	return result
}

func TestConvolutionEqualsItsDefinition(t *testing.T) {
	b := newTestBackend(t, Options{})
	for i, k := range convCases() {
		t.Run(k.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 9))
			a := k.axes
			x := noise(random, place(a.InputBatch, a.InputChannels, a.InputSpatial, k.n, k.c, k.image)...)
			w := noise(random, place(a.KernelInputChannels, a.KernelOutputChannels, a.KernelSpatial, k.c/max(k.groups, 1), k.f, k.window)...)
			got := run(t, b, []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
				return one(f.ConvGeneral(in[0], in[1], a, k.strides, k.paddings, k.inputDilations, k.dilations, k.groups, 1))
			})[0]
			expect(t, "ConvGeneral", got, k.want(x, w, got.dims), 1e-5)
		})
	}
}

func TestEveryWayOfAConvolutionEqualsItsDefinition(t *testing.T) {
	k := convCase{n: 2, c: 32, f: 32, image: []int{12, 12}, window: []int{3, 3}, axes: channelsLast, paddings: [][2]int{{1, 1}, {1, 1}}}
	random := rand.New(rand.NewPCG(3, 9))
	x, w := noise(random, 2, 12, 12, 32), noise(random, 3, 3, 32, 32)
	results := map[Way]array{}
	for _, way := range []Way{Chosen, Direct, Minimal, Squares} {
		results[way] = run(t, newTestBackend(t, Options{Convolutions: way}), []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			return one(f.ConvGeneral(in[0], in[1], k.axes, nil, k.paddings, nil, nil, 1, 1))
		})[0]
		expect(t, way.String(), results[way], k.want(x, w, results[way].dims), 1e-4)
	}
	if slices.Equal(results[Direct].data, results[Minimal].data) {
		t.Error("minimal filtering rounds as the direct product does: it is the direct product")
	}
}

func TestConvolutionOverThreeAxesFallsBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	x, w := noise(random, 1, 3, 3, 3, 2), noise(random, 2, 2, 2, 2, 3)
	axes := compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2, 3}, InputChannels: 4,
		KernelSpatial: []int{0, 1, 2}, KernelInputChannels: 3, KernelOutputChannels: 4,
		OutputBatch: 0, OutputSpatial: []int{1, 2, 3}, OutputChannels: 4,
	}
	got := run(t, newTestBackend(t, Options{}), []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.ConvGeneral(in[0], in[1], axes, nil, nil, nil, nil, 1, 1))
	})[0]
	k := convCase{c: 2, f: 3, window: []int{2, 2, 2}, axes: axes}
	expect(t, fmt.Sprint("ConvGeneral", got.dims), got, k.want(x, w, got.dims), 1e-5)
}

// TestConvolutionsSeeWeightsThatChange runs one compiled convolution on weights that are the same, others, or written
// over where the backend cannot know.
func TestConvolutionsSeeWeightsThatChange(t *testing.T) {
	b := newTestBackend(t, Options{})
	random := rand.New(rand.NewPCG(8, 8))
	x, w := noise(random, 1, 5, 5, 2), noise(random, 3, 3, 2, 4)
	e := compileArrays(t, b, []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.ConvGeneral(in[0], in[1], channelsLast, nil, nil, nil, nil, 1, 1))
	})
	newBuffer := func(a array) compute.Buffer {
		buffer, err := b.BufferFromFlatData(0, a.data, shapes.Make(dtypes.Float32, a.dims...))
		if err != nil {
			t.Fatal(err)
		}
		return buffer
	}
	images := newBuffer(x)
	check := func(name string, weights compute.Buffer, factor float64) {
		t.Helper()
		out, err := e.Execute([]compute.Buffer{images, weights}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := out[0].Data()
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		for i := range 3 * 3 * 4 {
			row, col, f := i/12, i/4%3, i%4
			sum := 0.0
			for tap := range 9 {
				for c := range 2 {
					sum += x.at(0, row+tap/3, col+tap%3, c) * w.at(tap/3, tap%3, c, f)
				}
			}
			want = append(want, factor*sum)
		}
		expect(t, name, array{[]int{1, 3, 3, 4}, flat.([]float32)}, want, 1e-5)
	}
	scale := func(weights []float32, factor float32) {
		for i := range weights {
			weights[i] *= factor
		}
	}
	plain := newBuffer(w)
	check("first run", plain, 1)
	check("second run", plain, 1)
	flat, err := plain.Data()
	if err != nil {
		t.Fatal(err)
	}
	scale(flat.([]float32), 3)
	check("run after a change", plain, 3)
	scale(flat.([]float32), 2)
	check("run after another change", plain, 6)
	check("run on other weights", newBuffer(w), 1)
	shared, memory, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, w.dims...))
	if err != nil {
		t.Fatal(err)
	}
	copy(memory.([]float32), w.data)
	check("run on shared weights", shared, 1)
	scale(memory.([]float32), 5)
	check("run after a change of shared weights", shared, 5)
}

func TestWeightsThatStayAreNotPackedAgain(t *testing.T) {
	b := newTestBackend(t, Options{})
	x, w := array{[]int{1, 1, 1, 1}, []float32{3}}, array{[]int{1, 1, 1, 1}, []float32{2}}
	e := compileArrays(t, b, []array{x, w}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.ConvGeneral(in[0], in[1], channelsLast, nil, nil, nil, nil, 1, 1))
	})
	p := e.(*Executable).program
	packs := 0
	for i := range p.tasks {
		if k := &p.tasks[i]; k.kept > 0 {
			run := k.run
			k.run = func(fr *frame, thread, lo, hi int) { packs++; run(fr, thread, lo, hi) }
		}
	}
	var buffers []compute.Buffer
	for _, a := range []array{x, w} {
		buffer, err := b.BufferFromFlatData(0, a.data, shapes.Make(dtypes.Float32, a.dims...))
		if err != nil {
			t.Fatal(err)
		}
		buffers = append(buffers, buffer)
	}
	for range 3 {
		if _, err := e.Execute(buffers, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	if packs != 1 {
		t.Errorf("weights were packed %d times in 3 runs, want once", packs)
	}
}
