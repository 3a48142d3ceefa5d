package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// array is a float32 tensor of the tests.
type array struct {
	dims []int
	data []float32
}

// noise is an array of normally distributed numbers.
func noise(random *rand.Rand, dims ...int) array {
	a := array{dims, make([]float32, product(dims))}
	for i := range a.data {
		a.data[i] = float32(random.NormFloat64())
	}
	return a
}

// at is the element at an index, or 0 outside.
func (a array) at(index ...int) float64 {
	offset := 0
	for axis, i := range index {
		if i < 0 || i >= a.dims[axis] {
			return 0
		}
		offset = offset*a.dims[axis] + i
	}
	return float64(a.data[offset])
}

// buildFunc issues operations on parameters.
type buildFunc func(f compute.Function, in []compute.Value) ([]compute.Value, error)

// inType is a function of float32 arrays that computes in another type.
func inType(dtype dtypes.DType, build buildFunc) buildFunc {
	return func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
		converted, err := convertAll(f, in, dtype)
		if err != nil {
			return nil, err
		}
		out, err := build(f, converted)
		if err != nil {
			return nil, err
		}
		return convertAll(f, out, dtypes.Float32)
	}
}

func convertAll(f compute.Function, values []compute.Value, dtype dtypes.DType) ([]compute.Value, error) {
	converted := make([]compute.Value, len(values))
	for i, v := range values {
		var err error
		if converted[i], err = f.ConvertDType(v, dtype); err != nil {
			return nil, err
		}
	}
	return converted, nil
}

// compileArrays compiles a function of float32 parameters.
func compileArrays(t testing.TB, b compute.Backend, inputs []array, build buildFunc) compute.Executable {
	t.Helper()
	builder := b.Builder("test")
	f := builder.Main()
	var in []compute.Value
	for i, a := range inputs {
		v, err := f.Parameter(string(rune('a'+i)), shapes.Make(dtypes.Float32, a.dims...), nil)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, v)
	}
	out, err := build(f, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Return(out, nil); err != nil {
		t.Fatal(err)
	}
	executable, err := builder.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return executable
}

// run executes a function of float32 parameters and results.
func run(t testing.TB, b compute.Backend, inputs []array, build buildFunc) []array {
	t.Helper()
	return runCompiled(t, b, compileArrays(t, b, inputs, build), inputs)
}

func runCompiled(t testing.TB, b compute.Backend, executable compute.Executable, inputs []array) []array {
	t.Helper()
	var buffers []compute.Buffer
	for _, a := range inputs {
		buffer, err := b.BufferFromFlatData(0, a.data, shapes.Make(dtypes.Float32, a.dims...))
		if err != nil {
			t.Fatal(err)
		}
		buffers = append(buffers, buffer)
	}
	results, err := executable.Execute(buffers, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []array
	for i, r := range results {
		flat, err := r.Data()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, array{executable.Outputs()[i].Dimensions, flat.([]float32)})
	}
	return out
}

// expect compares an array with the numbers a definition in float64 gives.
func expect(t *testing.T, name string, got array, want []float64, tolerance float64) {
	t.Helper()
	if len(got.data) != len(want) {
		t.Fatalf("%s has %d elements, want %d", name, len(got.data), len(want))
	}
	for i, w := range want {
		if g := float64(got.data[i]); !(math.Abs(g-w) <= tolerance*(1+math.Abs(w))) {
			t.Fatalf("%s[%d of %v] = %v, want %v", name, i, got.dims, g, w)
		}
	}
}
