package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// specials are the numbers that element-wise kernels get wrong first.
var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 2, 1e-40, -1e-40, math.SmallestNonzeroFloat32,
	math.MaxFloat32, -math.MaxFloat32, 0x1p-126, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// numbers gives n numbers of many sizes, one in four of them special.
func numbers(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if rng.IntN(4) == 0 {
			x[i] = specials[rng.IntN(len(specials))]
		} else {
			x[i] = float32(rng.NormFloat64() * math.Exp(rng.NormFloat64()))
		}
	}
	return x
}

// normals gives n finite numbers around mean.
func normals(rng *rand.Rand, n int, mean float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(mean + rng.NormFloat64())
	}
	return x
}

// fenced gives a copy of x with guard words around it, and a check that they still stand.
func fenced[T comparable](t *testing.T, x []T, guard T) ([]T, func(name string)) {
	const margin = 32
	whole := make([]T, len(x)+2*margin)
	for i := range whole {
		whole[i] = guard
	}
	copy(whole[margin:], x)
	return whole[margin:][:len(x):len(x)], func(name string) {
		t.Helper()
		for i, v := range whole {
			if (i < margin || i >= margin+len(x)) && v != guard {
				t.Fatalf("%s(n=%d) wrote at %d, outside its slice", name, len(x), i-margin)
			}
		}
	}
}

func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// ulps counts the float32 numbers from a to b.
func ulps(a, b float32) int64 {
	order := func(x float32) int64 {
		bits := int64(math.Float32bits(x))
		if bits >= 1<<31 {
			return 1<<31 - bits
		}
		return bits
	}
	switch d := order(a) - order(b); {
	case a != a && b != b:
		return 0
	case a != a || b != b:
		return math.MaxInt64
	case d < 0:
		return -d
	default:
		return d
	}
}

// vectorKernel runs a kernel: dst are three results, holding copies of x[0], x[1] and x[2] before.
type vectorKernel struct {
	name string
	run  func(dst, x [][]float32)
}

var binaryNames = [binaryOps]string{"Add", "Sub", "Mul", "Div", "Max", "Min"}
var unaryNames = [unaryOps]string{"Abs", "Neg", "Square", "Sqrt", "Rsqrt", "Reciprocal", "Sign", "Relu", "Exp", "Log", "Log1p", "Logistic", "Tanh", "Erf"}
var compareNames = [compareOps]string{"Equal", "NotEqual", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}

// exactKernels lists the kernels that give the portable loop's very bits.
func exactKernels() []vectorKernel {
	list := []vectorKernel{
		{"Axpy", func(dst, x [][]float32) { Axpy(dst[0], 1.7, x[0], x[1]) }},
		{"ReluGrad", func(dst, x [][]float32) { ReluGrad(dst[0], x[0], x[1]) }},
		{"Select", func(dst, x [][]float32) { Select(dst[0], positive(x[2]), x[0], x[1]) }},
		{"SelectScalar true", func(dst, x [][]float32) { SelectScalar(dst[0], positive(x[2]), true, x[0], 7) }},
		{"SelectScalar false", func(dst, x [][]float32) { SelectScalar(dst[0], positive(x[2]), false, x[0], 7) }},
		{"takeMax", func(dst, x [][]float32) { active.vector.takeMax(dst[0], x[1]) }},
		{"Adam.Step", func(dst, x [][]float32) {
			a := Adam{Rate: 0.1, Beta1: 0.9, Beta2: 0.999, Rest1: 0.1, Rest2: 0.001, Epsilon: 1e-8, MeanScale: 2, VarianceScale: 3, L2: 0.01, Decay: 0.02}
			a.Step(dst[0], dst[1], dst[2], x[3])
		}},
	}
	for op, name := range binaryNames {
		op := BinaryOp(op)
		list = append(list,
			vectorKernel{"Binary " + name, func(dst, x [][]float32) { Binary(op, dst[0], x[0], x[1]) }},
			vectorKernel{"Binary in place " + name, func(dst, x [][]float32) { Binary(op, dst[1], x[0], dst[1]) }},
			vectorKernel{"BinaryScalar " + name, func(dst, x [][]float32) {
				for i, s := range specials[:3] {
					BinaryScalar(op, dst[i], x[0], s)
				}
			}},
			vectorKernel{"ScalarBinary " + name, func(dst, x [][]float32) {
				for i, s := range specials[len(specials)-3:] {
					ScalarBinary(op, dst[i], s, x[0])
				}
			}})
	}
	for op, name := range unaryNames[:OpExp] {
		list = append(list, vectorKernel{name, func(dst, x [][]float32) { Unary(UnaryOp(op), dst[0], x[0]) }})
	}
	return list
}

func positive(x []float32) []bool {
	c := make([]bool, len(x))
	for i, v := range x {
		c[i] = v > 0
	}
	return c
}

func TestVectorKernelsGiveThePortableLoopsBits(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, k := range exactKernels() {
			for n := range 150 {
				x := [][]float32{numbers(rng, n), numbers(rng, n), numbers(rng, n), numbers(rng, n)}
				got, check := runFenced(t, k, x)
				var want [][]float32
				withPortable(func() { want, _ = runFenced(t, k, x) })
				check(k.name)
				for r := range got {
					for i := range got[r] {
						if !sameBits(got[r][i], want[r][i]) {
							t.Fatalf("%s(n=%d) result %d [%d] = %v, want %v (of %v, %v)", k.name, n, r, i, got[r][i], want[r][i], x[0][i], x[1][i])
						}
					}
				}
			}
		}
	})
}

func runFenced(t *testing.T, k vectorKernel, x [][]float32) ([][]float32, func(name string)) {
	var dst [][]float32
	var checks []func(name string)
	for _, v := range x[:3] {
		d, check := fenced(t, v, 12345)
		dst, checks = append(dst, d), append(checks, check)
	}
	k.run(dst, x)
	return dst, func(name string) {
		for _, check := range checks {
			check(name)
		}
	}
}

// withPortable runs f on the portable loops.
func withPortable(f func()) {
	saved := active
	defer func() { active = saved }()
	set := portable()
	active = &set
	f()
}

func TestBinaryOpsMeanWhatTheirNamesSay(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		op         BinaryOp
		a, b, want float32
	}{
		{OpAdd, 1, 2, 3}, {OpSub, 1, 2, -1}, {OpMul, 3, 2, 6}, {OpDiv, 3, 2, 1.5},
		{OpMax, 3, 2, 3}, {OpMax, 2, 3, 3}, {OpMax, nan, 1, nan}, {OpMax, 1, nan, nan},
		{OpMin, 3, 2, 2}, {OpMin, 2, 3, 2}, {OpMin, nan, 1, nan}, {OpMin, 1, nan, nan},
	} {
		var got [1]float32
		Binary(c.op, got[:], []float32{c.a}, []float32{c.b})
		if !sameBits(got[0], c.want) {
			t.Errorf("%s(%v, %v) = %v, want %v", binaryNames[c.op], c.a, c.b, got[0], c.want)
		}
	}
}

func TestTranscendentalsStayWithinMaxUlpOfMath(t *testing.T) {
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	truth := map[UnaryOp]func(float64) float64{
		OpExp: math.Exp, OpLog: math.Log, OpLog1p: math.Log1p, OpLogistic: logistic, OpTanh: math.Tanh, OpErf: math.Erf,
	}
	eachImplementation(t, func(t *testing.T) {
		x := sweep()
		got := make([]float32, len(x))
		for op, f := range truth {
			Unary(op, got, x)
			worst, at := int64(0), 0
			for i, v := range x {
				want := float32(f(float64(v)))
				if d := ulps(got[i], want); d > worst {
					worst, at = d, i
				}
			}
			t.Logf("%s: at most %d ulp, at %v", unaryNames[op], worst, x[at])
			if worst > MaxUlp {
				t.Errorf("%s(%v) = %v, want %v: %d ulp", unaryNames[op], x[at], got[at], float32(f(float64(x[at]))), worst)
			}
		}
	})
}

// sweep gives the special numbers, numbers over all exponents and more between -110 and 110.
func sweep() []float32 {
	x := append([]float32(nil), specials...)
	x = append(x, 88.72, 88.73, -103.9, -104.1, -87.4, 1-0x1p-24, 1+0x1p-23, -1+0x1p-24, 0.625, math.Sqrt2, math.Sqrt2/2)
	for bits := uint64(0); bits < 1<<32; bits += 104729 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	for i := -110000; i < 110000; i++ {
		x = append(x, float32(i)/1000)
	}
	return x
}

func TestTranscendentalsDoNotDependOnPosition(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		x := numbers(rand.New(rand.NewPCG(3, 4)), 70)
		for op := OpExp; op <= OpErf; op++ {
			whole := make([]float32, len(x))
			Unary(op, whole, x)
			for n := range len(x) {
				part, check := fenced(t, make([]float32, n), 12345)
				Unary(op, part, x[len(x)-n:])
				check(unaryNames[op])
				for i, v := range part {
					if w := whole[len(x)-n+i]; !sameBits(v, w) {
						t.Fatalf("%s(n=%d)[%d] = %v, in a longer vector %v", unaryNames[op], n, i, v, w)
					}
				}
			}
		}
	})
}

func TestCompareAgreesWithGo(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for n := range 71 {
			a, b := numbers(rng, n), numbers(rng, n)
			for op, f := range compareFuncs {
				got, check := fencedBools(t, n)
				Compare(CompareOp(op), got, a, b)
				check(compareNames[op])
				scalar, check := fencedBools(t, n)
				CompareScalar(CompareOp(op), scalar, a, -0.5)
				check(compareNames[op] + " scalar")
				for i := range got {
					if want := f(a[i], b[i]); got[i] != want {
						t.Fatalf("%s(%v, %v) = %v, want %v", compareNames[op], a[i], b[i], got[i], want)
					}
					if want := f(a[i], -0.5); scalar[i] != want {
						t.Fatalf("%s(%v, -0.5) = %v, want %v", compareNames[op], a[i], scalar[i], want)
					}
				}
			}
		}
	})
}

// fencedBools is fenced for both values a guard could have.
func fencedBools(t *testing.T, n int) ([]bool, func(name string)) {
	whole := make([]bool, n+32)
	for i := n; i < len(whole); i += 2 {
		whole[i] = true
	}
	return whole[:n], func(name string) {
		t.Helper()
		for i := n; i < len(whole); i++ {
			if whole[i] != (i%2 == n%2) {
				t.Fatalf("%s(n=%d) wrote at %d, outside its slice", name, n, i)
			}
		}
	}
}

func TestWrongLengthsPanicWithBoth(t *testing.T) {
	defer func() {
		if got, want := fmt.Sprint(recover()), "kernel: Binary: lengths 3 and 2 differ"; got != want {
			t.Errorf("Binary of unequal lengths panics with %q, want %q", got, want)
		}
	}()
	Binary(OpAdd, make([]float32, 3), make([]float32, 3), make([]float32, 2))
}
