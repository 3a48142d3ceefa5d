package cpu

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Memory that was full of NaN serves again: every operation must write all of its results.
func TestResultsDoNotDependOnWhatMemoryHeldBefore(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2})
	x := noise(rand.New(rand.NewPCG(1, 2)), 2, 40, 40, 8)
	e := compileArrays(t, b, []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.Exp(in[0]))
	})
	for round := range 3 {
		input, err := b.BufferFromFlatData(0, x.data, shapes.Make(dtypes.Float32, x.dims...))
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Execute([]compute.Buffer{input}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		flat, err := out[0].Data()
		if err != nil {
			t.Fatal(err)
		}
		values := flat.([]float32)
		for i, v := range x.data {
			if want := math.Exp(float64(v)); math.Abs(float64(values[i])-want) > 1e-6*want {
				t.Fatalf("round %d: exp(%v) = %v, want %v", round, v, values[i], want)
			}
			values[i] = float32(math.NaN())
		}
		for _, buffer := range []compute.Buffer{input, out[0]} {
			if err := buffer.Finalize(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestMemoryOfLiveBuffersIsNotTaken(t *testing.T) {
	b := newTestBackend(t, Options{}).(*Backend)
	const n = 2 * pooledBytes / 4
	seen := map[*float32]bool{}
	var live []compute.Buffer
	for range 20 {
		buffer, flat, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, n))
		if err != nil {
			t.Fatal(err)
		}
		if first := &flat.([]float32)[0]; seen[first] {
			t.Fatal("two live buffers have the same memory")
		} else {
			seen[first] = true
		}
		live = append(live, buffer)
	}
	for _, buffer := range live {
		if err := buffer.Finalize(); err != nil {
			t.Fatal(err)
		}
		if err := buffer.Finalize(); err == nil {
			t.Fatal("finalizing a buffer twice gives no error, want one")
		}
	}
}

// convolved compiles the convolution of n images with weights that are a parameter.
func convolved(t *testing.T, b compute.Backend, n int) *Executable {
	return compileArrays(t, b, []array{{dims: []int{n, 9, 9, 32}}, {dims: []int{3, 3, 32, 32}}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		axes := compute.ConvolveAxesConfig{
			InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3, KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
			OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
		}
		return one(f.ConvGeneral(in[0], in[1], axes, nil, nil, nil, nil, 1, 1))
	}).(*Executable)
}

func TestProgramsForBatchesOfAllSizesShareWeightsAndRooms(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2}).(*Backend)
	random := rand.New(rand.NewPCG(1, 2))
	w := noise(random, 3, 3, 32, 32)
	weights, err := b.BufferFromFlatData(0, w.data, shapes.Make(dtypes.Float32, w.dims...))
	if err != nil {
		t.Fatal(err)
	}
	run := func(e *Executable, x array) []float32 {
		t.Helper()
		input, err := b.BufferFromFlatData(0, x.data, shapes.Make(dtypes.Float32, x.dims...))
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Execute([]compute.Buffer{input, weights}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[0].(*Buffer).flat().([]float32))
	}
	small, large := convolved(t, b, 1), convolved(t, b, 5)
	x := noise(random, 5, 9, 9, 32)
	first := array{dims: []int{1, 9, 9, 32}, data: x.data[:9*9*32]}
	alone, together := run(small, first), run(large, x)
	if !slices.Equal(alone, together[:len(alone)]) || !slices.Equal(alone, run(small, first)) {
		t.Error("an image comes out otherwise in another batch, or the second time")
	}
	packings := 0
	weights.(*Buffer).packed.Range(func(any, any) bool { packings++; return true })
	mem := func(e *Executable) *byte { return &e.free[0].mem[e.program.kept[0].block][0] }
	if packings != 1 || mem(small) != mem(large) {
		t.Errorf("the weights are packed %d times, in memory of its own for each batch: %v; want once, together", packings, mem(small) != mem(large))
	}
	for _, fr := range []*frame{small.free[0], large.free[0]} {
		if fr.workspaces != nil || slices.ContainsFunc(fr.inArena, func(r ref) bool { return fr.mem[r] != nil }) {
			t.Error("a program at rest holds a room")
		}
	}
}

// Weights whose memory others may write to are packed every time.
func TestExposedWeightsArePackedEveryTime(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2}).(*Backend)
	w, flat, err := b.NewSharedBuffer(0, shapes.Make(dtypes.Float32, 3, 3, 32, 32))
	if err != nil {
		t.Fatal(err)
	}
	weights := flat.([]float32)
	clear(weights)
	e := convolved(t, b, 2)
	x := noise(rand.New(rand.NewPCG(1, 2)), 2, 9, 9, 32)
	input, err := b.BufferFromFlatData(0, x.data, shapes.Make(dtypes.Float32, x.dims...))
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		weights[0] = float32(round) // of the first pixel's first channel to the first output
		out, err := e.Execute([]compute.Buffer{input, w}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := out[0].(*Buffer).flat().([]float32)[0], float32(round)*x.data[0]; math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("round %d: y[0] = %v, want %v", round, got, want)
		}
	}
}
