package cpu

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// double is x + x.
func double(f compute.Function, in []compute.Value) ([]compute.Value, error) {
	return one(f.Add(in[0], in[0]))
}

func buffer(t *testing.T, b compute.Backend, data ...float32) compute.Buffer {
	t.Helper()
	buffer, err := b.BufferFromFlatData(0, data, shapes.Make(dtypes.Float32, len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return buffer
}

func TestBorrowedMemoryStaysItsOwners(t *testing.T) {
	b := newTestBackend(t, Options{}).(*Backend)
	e := compileArrays(t, b, []array{{dims: []int{2048}}}, double)
	flat := make([]float32, 2048)
	flat[7] = 21
	borrowed, err := b.Borrow(flat, shapes.Make(dtypes.Float32, 2048))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Execute([]compute.Buffer{borrowed}, []bool{true}, 0); err == nil || !strings.Contains(err.Error(), "cannot be donated") {
		t.Errorf("Execute with borrowed memory donated: %v, want an error", err)
	}
	out, err := e.Execute([]compute.Buffer{borrowed}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].(*Buffer).flat().([]float32)[7]; got != 42 {
		t.Errorf("double of borrowed 21 = %v, want 42", got)
	}
	if err := borrowed.Finalize(); err != nil {
		t.Fatal(err)
	}
	for range 100 { // none of them has the memory that was borrowed
		other, err := b.BufferFromFlatData(0, make([]float32, 2048), shapes.Make(dtypes.Float32, 2048))
		if err != nil {
			t.Fatal(err)
		}
		if &other.(*Buffer).flat().([]float32)[0] == &flat[0] {
			t.Fatal("a buffer has memory that was borrowed")
		}
	}
	if _, err := b.Borrow(flat[:5], shapes.Make(dtypes.Float32, 2048)); err == nil {
		t.Error("Borrow of 5 numbers for 2048 gives no error, want one")
	}
}

func TestExecuteRefusesBadInputs(t *testing.T) {
	b, other := newTestBackend(t, Options{}), newTestBackend(t, Options{})
	e := compileArrays(t, b, []array{{dims: []int{2}}}, double)
	finalized, donated := buffer(t, b, 1, 2), buffer(t, b, 1, 2)
	if err := finalized.Finalize(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Execute([]compute.Buffer{donated}, []bool{true}, 0); err != nil {
		t.Fatal(err)
	}
	integers, err := b.BufferFromFlatData(0, []int32{1, 2}, shapes.Make(dtypes.Int32, 2))
	if err != nil {
		t.Fatal(err)
	}
	for name, inputs := range map[string][]compute.Buffer{
		"none":               {},
		"nil":                {nil},
		"too many":           {buffer(t, b, 1, 2), buffer(t, b, 1, 2)},
		"another shape":      {buffer(t, b, 1, 2, 3)},
		"another type":       {integers},
		"of another backend": {buffer(t, other, 1, 2)},
		"finalized":          {finalized},
		"donated before":     {donated},
	} {
		if _, err := e.Execute(inputs, nil, 0); err == nil || !strings.Contains(err.Error(), "cpu backend") {
			t.Errorf("input %s: error = %v, want one of this backend", name, err)
		}
	}
	e.Finalize()
	if _, err := e.Execute([]compute.Buffer{buffer(t, b, 1, 2)}, nil, 0); err == nil {
		t.Error("Execute after Finalize gives no error, want one")
	}
}

func TestDonatingABufferThatIsAnotherInputIsRefused(t *testing.T) {
	b := newTestBackend(t, Options{})
	e := compileArrays(t, b, []array{{dims: []int{2}}, {dims: []int{2}}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(f.Add(in[0], in[1]))
	})
	for _, donate := range [][]bool{{true, true}, {true, false}, {false, true}} {
		x := buffer(t, b, 1, 2)
		if _, err := e.Execute([]compute.Buffer{x, x}, donate, 0); err == nil {
			t.Errorf("Execute(x, x) with donate=%v gives no error, want one", donate)
		}
	}
}

func TestDonatedInputsAreUpdatedInPlace(t *testing.T) {
	b := newTestBackend(t, Options{})
	e := compileArrays(t, b, []array{{dims: []int{2}}}, double)
	x := buffer(t, b, 1, 2)
	before, _ := x.Data()
	out, err := e.Execute([]compute.Buffer{x}, []bool{true}, 0)
	if err != nil {
		t.Fatal(err)
	}
	after, _ := out[0].Data()
	if &before.([]float32)[0] != &after.([]float32)[0] {
		t.Error("the output has memory of its own, want that of the donated input")
	}
	if got := after.([]float32); got[0] != 2 || got[1] != 4 {
		t.Errorf("2·(1, 2) = %v, want [2 4]", got)
	}
	if err := x.Finalize(); err != nil {
		t.Errorf("finalizing the donated buffer: %v", err)
	}
}

func TestOutputsShareNoMemory(t *testing.T) {
	b := newTestBackend(t, Options{})
	// The parameter itself, a view of it, a constant, and one result under two shapes.
	e := compileArrays(t, b, []array{{dims: []int{2}}}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		view, err := f.Reshape(in[0], 1, 2)
		if err != nil {
			return nil, err
		}
		constant, err := f.Constant([]float32{5, 6}, 2)
		if err != nil {
			return nil, err
		}
		sum, err := f.Add(in[0], constant)
		if err != nil {
			return nil, err
		}
		sumView, err := f.Reshape(sum, 2, 1)
		return []compute.Value{in[0], view, constant, constant, sum, sum, sumView}, err
	})
	want := [][2]float32{{1, 2}, {1, 2}, {5, 6}, {5, 6}, {6, 8}, {6, 8}, {6, 8}}
	for range 2 {
		out, err := e.Execute([]compute.Buffer{buffer(t, b, 1, 2)}, []bool{true}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range out {
			flat, _ := out[i].Data()
			if got := [2]float32(flat.([]float32)); got != want[i] {
				t.Errorf("output %d = %v, want %v", i, got, want[i])
			}
			flat.([]float32)[0] = -1 // must reach no other output, nor the next execution
		}
	}
}

func TestPanicsOfOperationsAreErrors(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2})
	e := compileArrays(t, b, []array{{dims: []int{1 << 16}}}, double).(*Executable)
	e.program.tasks[0].run = func(_ *frame, _, lo, _ int) { panic("oh") }
	_, err := e.Execute([]compute.Buffer{buffer(t, b, make([]float32, 1<<16)...)}, nil, 0)
	if err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("error = %v, want the panic's message", err)
	}
}

func TestExecutionsMayOverlap(t *testing.T) {
	b := newTestBackend(t, Options{Threads: 2})
	random := rand.New(rand.NewPCG(1, 2))
	inputs := []array{noise(random, 8, 16, 16, 3), noise(random, 3, 3, 3, 20)}
	e := compileArrays(t, b, inputs, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		y, err := f.ConvGeneral(in[0], in[1], channelsLast, nil, nil, nil, nil, 1, 1)
		if err != nil {
			return nil, err
		}
		return one(f.Tanh(y))
	})
	want := runCompiled(t, b, e, inputs)[0]
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				got := runCompiled(t, b, e, inputs)[0]
				for i := range want.data {
					if got.data[i] != want.data[i] {
						t.Errorf("overlapping execution: output[%d] = %v, want %v", i, got.data[i], want.data[i])
						return
					}
				}
			}
		})
	}
	group.Wait()
}

func TestOptionsComeFromTheConfiguration(t *testing.T) {
	got, err := parseOptions("threads=3,precision=bf16")
	if want := (Options{Threads: 3, Precision: BFloat16}); err != nil || got != want {
		t.Errorf("parseOptions = %+v, %v, want %+v", got, err, want)
	}
	for _, way := range []Way{Chosen, Direct, Minimal, Squares} {
		if got, err := parseOptions("convolutions=" + way.String()); err != nil || got.Convolutions != way {
			t.Errorf("parseOptions(convolutions=%s) = %+v, %v", way, got, err)
		}
	}
	for _, config := range []string{"threads=many", "threads=-1", "precision=int8", "speed=9", "convolutions=fast"} {
		if _, err := parseOptions(config); err == nil {
			t.Errorf("parseOptions(%q) gives no error, want one", config)
		}
	}
	if b, err := compute.NewWithConfig("cpu:threads=2"); err != nil || b.Name() != "cpu" {
		t.Errorf("NewWithConfig(cpu:threads=2) = %v, %v, want this backend", b, err)
	}
}

func TestSteadyStateAllocatesOnlyItsOutputs(t *testing.T) {
	for _, threads := range []int{1, 2} {
		b := newTestBackend(t, Options{Threads: threads})
		random := rand.New(rand.NewPCG(1, 2))
		inputs := []array{noise(random, 16, 16, 16, 3), noise(random, 3, 3, 3, 20), noise(random, 20), noise(random, 20)}
		e := compileArrays(t, b, inputs, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			y, err := f.ConvGeneral(in[0], in[1], channelsLast, nil, nil, nil, nil, 1, 1)
			if err != nil {
				return nil, err
			}
			y, _, _, err = f.BatchNormForTraining(y, in[2], in[3], testEpsilon, 3)
			if err != nil {
				return nil, err
			}
			y, err = f.ReduceWindow(y, compute.ReduceOpMax, []int{1, 2, 2, 1}, nil, nil, nil, nil)
			if err != nil {
				return nil, err
			}
			y, err = f.Tanh(y)
			if err != nil {
				return nil, err
			}
			return one(f.ReduceSum(y, 0, 1, 2))
		})
		var buffers []compute.Buffer
		for _, a := range inputs {
			buffers = append(buffers, buffer(t, b, a.data...))
			buffers[len(buffers)-1].(*Buffer).shape = shapes.Make(dtypes.Float32, a.dims...)
		}
		execute := func() {
			if _, err := e.Execute(buffers, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		execute()
		// The list of outputs, a buffer, its memory, and starting the helpers.
		if got := testing.AllocsPerRun(20, execute); got > 8 {
			t.Errorf("threads=%d: allocations of an execution = %v, want 8 or fewer", threads, got)
		}
	}
}
