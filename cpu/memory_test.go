package cpu

import (
	"math"
	"math/rand/v2"
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
