package cpu

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// operandOf is random data of a type with special values among it.
func operandOf(random *rand.Rand, dtype dtypes.DType, n int) any {
	switch dtype {
	case dtypes.Bool:
		x := make([]bool, n)
		for i := range x {
			x[i] = random.IntN(2) == 1
		}
		return x
	case dtypes.Int32:
		x := make([]int32, n)
		for i := range x {
			x[i] = random.Int32N(5) - 2
		}
		return x
	case dtypes.Int64:
		x := make([]int64, n)
		for i := range x {
			x[i] = random.Int64N(5) - 2
		}
		return x
	}
	special := []float32{0, -0.5, 1.5, 2.5, float32(math.Inf(1)), float32(math.NaN())}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
		if i < len(special) {
			x[i] = special[i]
		}
	}
	return x
}

// issueMapping issues an element-wise operation by name of its type.
func issueMapping(f compute.Function, op compute.OpType, in []compute.Value) (compute.Value, error) {
	unary := map[compute.OpType]unaryOp{
		compute.OpTypeSin: compute.Function.Sin, compute.OpTypeCos: compute.Function.Cos, compute.OpTypeErf: compute.Function.Erf,
		compute.OpTypeExpm1: compute.Function.Expm1, compute.OpTypeFloor: compute.Function.Floor, compute.OpTypeCeil: compute.Function.Ceil,
		compute.OpTypeRound: compute.Function.Round, compute.OpTypeIsFinite: compute.Function.IsFinite, compute.OpTypeIsNaN: compute.Function.IsNaN,
		compute.OpTypeLogicalNot: compute.Function.LogicalNot,
	}
	binary := map[compute.OpType]binaryOp{
		compute.OpTypePow: compute.Function.Pow, compute.OpTypeLogicalAnd: compute.Function.LogicalAnd, compute.OpTypeLogicalOr: compute.Function.LogicalOr,
		compute.OpTypeLogicalXor: compute.Function.LogicalXor, compute.OpTypeAdd: compute.Function.Add, compute.OpTypeSub: compute.Function.Sub,
		compute.OpTypeMul: compute.Function.Mul, compute.OpTypeEqual: compute.Function.Equal, compute.OpTypeNotEqual: compute.Function.NotEqual,
		compute.OpTypeLessThan: compute.Function.LessThan, compute.OpTypeLessOrEqual: compute.Function.LessOrEqual,
		compute.OpTypeGreaterThan: compute.Function.GreaterThan, compute.OpTypeGreaterOrEqual: compute.Function.GreaterOrEqual,
	}
	if issue := unary[op]; issue != nil {
		return issue(f, in[0])
	}
	return binary[op](f, in[0], in[1])
}

// executeOn runs a function of constants on a backend and gives the bytes of its results.
func executeOn(t *testing.T, b compute.Backend, build func(f compute.Function) ([]compute.Value, error)) [][]byte {
	t.Helper()
	builder := b.Builder("test")
	out, err := build(builder.Main())
	if err != nil {
		t.Fatal(err)
	}
	if err := builder.Main().Return(out, nil); err != nil {
		t.Fatal(err)
	}
	e, err := builder.Compile()
	if err != nil {
		t.Fatal(err)
	}
	results, err := e.Execute(nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, r := range results {
		flat, err := r.Data()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, bytes.Clone(flatBytes(flat)))
	}
	return list
}

func TestPlainLoopsEqualTheGoBackend(t *testing.T) {
	ours := newTestBackend(t, Options{}).(*Backend)
	for key := range mappings {
		for _, dims := range [][2][]int{{{3, 7}, {3, 7}}, {{3, 7}, {}}, {{}, {3, 7}}, {{3, 1}, {3, 7}}, {{}, {}}} {
			t.Run(fmt.Sprint(key.op, key.dtype, dims), func(t *testing.T) {
				build := func(f compute.Function) ([]compute.Value, error) {
					random := rand.New(rand.NewPCG(1, 2))
					a, err := f.Constant(operandOf(random, key.dtype, product(dims[0])), dims[0]...)
					if err != nil {
						return nil, err
					}
					b, err := f.Constant(operandOf(random, key.dtype, product(dims[1])), dims[1]...)
					if err != nil {
						return nil, err
					}
					return one(issueMapping(f, key.op, []compute.Value{a, b}))
				}
				got, want := executeOn(t, ours, build), executeOn(t, ours.fallback, build)
				if !sameNumbers(got[0], want[0], key) {
					t.Errorf("%s = %v, want %v", key.op, got[0], want[0])
				}
			})
		}
	}
}

// sameNumbers compares results; float32 ones up to rounding, and NaN with NaN.
func sameNumbers(got, want []byte, key mappingKey) bool {
	if key.dtype != dtypes.Float32 || len(got)%4 != 0 || key.op == compute.OpTypeIsNaN || key.op == compute.OpTypeIsFinite {
		return bytes.Equal(got, want)
	}
	g, w := as[float32](got), as[float32](want)
	for i := range w {
		a, b := float64(g[i]), float64(w[i])
		if a != b && !(math.IsNaN(a) && math.IsNaN(b)) && !(math.Abs(a-b) <= 1e-6*math.Abs(b)) {
			return false
		}
	}
	return len(g) == len(w)
}

func TestRandomBitsEqualTheGoBackend(t *testing.T) {
	ours := newTestBackend(t, Options{}).(*Backend)
	for _, n := range []int{1, 8, 13, 64} {
		build := func(f compute.Function) ([]compute.Value, error) {
			state, err := f.Constant([]uint64{7, 9, 11}, 3)
			if err != nil {
				return nil, err
			}
			next, values, err := f.RNGBitGenerator(state, shapes.Make(dtypes.Uint8, n))
			return []compute.Value{values, next}, err
		}
		got, want := executeOn(t, ours, build), executeOn(t, ours.fallback, build)
		if !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[1][:16], want[1][:16]) {
			t.Errorf("RNGBitGenerator(n=%d) = %v, %v, want %v, %v", n, got[0], got[1][:16], want[0], want[1][:16])
		}
	}
}

func TestArgMinMaxFindsTheFirstExtreme(t *testing.T) {
	x := array{[]int{2, 4, 2}, []float32{3, 1, 5, 0, 5, 0, 2, 7, -1, 2, 0, 2, 0, 1, -1, 1}}
	for name, want := range map[string][]int32{"max": {1, 3, 1, 0}, "min": {3, 1, 0, 2}} {
		e := compileArrays(t, newTestBackend(t, Options{}), []array{x}, func(f compute.Function, in []compute.Value) ([]compute.Value, error) {
			return one(f.ArgMinMax(in[0], 1, dtypes.Int32, name == "min"))
		})
		b := e.(*Executable).backend
		buffer, err := b.BufferFromFlatData(0, x.data, shapes.Make(dtypes.Float32, x.dims...))
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Execute([]compute.Buffer{buffer}, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		flat, _ := out[0].Data()
		if got := flat.([]int32); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("arg%s = %v, want %v", name, got, want)
		}
	}
}
