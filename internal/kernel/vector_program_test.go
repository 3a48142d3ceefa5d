package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomProgram records a program of random operations and gives its inputs for n elements, with what every value is
// when each operation runs on whole vectors by itself.
func randomProgram(rng *rand.Rand, n, operations int) (b *ProgramBuilder, inputs, values [][]float32) {
	b = &ProgramBuilder{}
	input := func(x, whole []float32) { inputs, values = append(inputs, x), append(values, whole) }
	for range 3 {
		b.Vector()
		x := normals(rng, n, 0)
		input(x, x)
	}
	b.Scalar()
	whole := make([]float32, n)
	Fill(whole, 0.75)
	input([]float32{0.75}, whole)
	for _, c := range []int{1, 7, 64, 600} {
		rows := Blocks(n, c)
		wide := make([]float32, rows*c)
		b.Row(c)
		row := normals(rng, c, 0)
		for i := range wide {
			wide[i] = row[i%c]
		}
		input(row, wide[:n])
		wide = make([]float32, rows*c)
		b.Column(c)
		column := normals(rng, rows, 0)
		for i := range wide {
			wide[i] = column[i/c]
		}
		input(column, wide[:n])
	}
	b.Constant(-1.5)
	whole = make([]float32, n)
	Fill(whole, -1.5)
	values = append(values, whole)
	for range operations {
		values = append(values, randomOperations(rng, b, values)...)
	}
	return b, inputs, values
}

// randomOperations records an operation, or a comparison with its Select, and gives what they compute.
func randomOperations(rng *rand.Rand, b *ProgramBuilder, values [][]float32) [][]float32 {
	pick := func() Value {
		for {
			if v := Value(rng.IntN(len(values))); values[v] != nil {
				return v
			}
		}
	}
	x, y, z := pick(), pick(), pick()
	d := make([]float32, len(values[0]))
	switch rng.IntN(5) {
	case 0:
		op := UnaryOp(rng.IntN(unaryOps))
		b.Unary(op, x)
		Unary(op, d, values[x])
	case 1:
		op := BinaryOp(rng.IntN(binaryOps))
		b.Binary(op, x, y)
		Binary(op, d, values[x], values[y])
	case 2:
		b.ReluGrad(x, y)
		ReluGrad(d, values[x], values[y])
	case 3:
		b.Constant(0.3)
		Fill(d, 0.3)
	default:
		op := CompareOp(rng.IntN(compareOps))
		b.Select(b.Compare(op, x, y), y, z)
		condition := make([]bool, len(d))
		Compare(op, condition, values[x], values[y])
		Select(d, condition, values[y], values[z])
		return [][]float32{nil, d}
	}
	return [][]float32{d}
}

func TestProgramsEqualTheirOperationsOneByOne(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 9))
		for trial := range 60 {
			n := rng.IntN(4000)
			b, inputs, values := randomProgram(rng, n, 1+rng.IntN(20))
			var want, outputs [][]float32
			var checks []func(string)
			for range 1 + rng.IntN(4) {
				v := Value(rng.IntN(len(values)))
				if values[v] == nil {
					v = Value(len(values) - 1)
				}
				b.Output(v)
				out, check := fenced(t, make([]float32, n), 12345)
				want, outputs, checks = append(want, values[v]), append(outputs, out), append(checks, check)
			}
			p := b.Program()
			scratch, checkScratch := fenced(t, make([]float32, p.ScratchLen()), 12345)
			cut := 0
			if n > 0 {
				cut = rng.IntN(n)
			}
			p.Run(outputs, inputs, cut, n, scratch)
			p.Run(outputs, inputs, 0, cut, scratch)
			checkScratch("scratch")
			for k := range outputs {
				checks[k](fmt.Sprintf("trial %d output %d", trial, k))
				for i := range want[k] {
					if !sameBits(outputs[k][i], want[k][i]) {
						t.Fatalf("trial %d (n=%d, cut at %d) output %d [%d] = %v, want %v", trial, n, cut, k, i, outputs[k][i], want[k][i])
					}
				}
			}
		}
	})
}

func TestProgramsMayWriteOverTheirVectorInputs(t *testing.T) {
	const n = 1300
	var b ProgramBuilder
	x, y := b.Vector(), b.Vector()
	b.Output(b.Binary(OpAdd, x, y)) // written over x, which the next operation still reads
	b.Output(b.Binary(OpSub, x, y)) // written over y
	p := b.Program()
	rng := rand.New(rand.NewPCG(2, 9))
	xs, ys := normals(rng, n, 0), normals(rng, n, 0)
	sum, difference := make([]float32, n), make([]float32, n)
	Binary(OpAdd, sum, xs, ys)
	Binary(OpSub, difference, xs, ys)
	p.Run([][]float32{xs, ys}, [][]float32{xs, ys}, 0, n, make([]float32, p.ScratchLen()))
	for i := range n {
		if xs[i] != sum[i] || ys[i] != difference[i] {
			t.Fatalf("in place [%d] = %v, %v, want %v, %v", i, xs[i], ys[i], sum[i], difference[i])
		}
	}
}

const adamBeta1, adamBeta2 float32 = 0.9, 0.999

// adamProgram is Adam's step as GoMLX spells it out, operation by operation.
func adamProgram() *Program {
	var b ProgramBuilder
	p, m, v, g := b.Vector(), b.Vector(), b.Vector(), b.Vector()
	rate, meanScale, varianceScale := b.Scalar(), b.Scalar(), b.Scalar()
	average := func(beta float32, old, now Value) Value {
		return b.Binary(OpAdd, b.Binary(OpMul, b.Constant(beta), old), b.Binary(OpMul, b.Constant(1-beta), now))
	}
	mean := average(adamBeta1, m, g)
	variance := average(adamBeta2, v, b.Unary(OpSquare, g))
	root := b.Unary(OpSqrt, b.Binary(OpMul, variance, varianceScale))
	step := b.Binary(OpMul, rate, b.Binary(OpMul, mean, meanScale))
	step = b.Binary(OpDiv, step, b.Binary(OpAdd, root, b.Constant(1e-8)))
	b.Output(b.Binary(OpSub, p, step))
	b.Output(mean)
	b.Output(variance)
	return b.Program()
}

func TestAdamsProgramGivesTheBitsOfItsOwnKernel(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		const n = 2345
		rng := rand.New(rand.NewPCG(3, 9))
		p, m, v, g := normals(rng, n, 0), normals(rng, n, 0), normals(rng, n, 9), normals(rng, n, 0)
		wantP, wantM, wantV := append([]float32(nil), p...), append([]float32(nil), m...), append([]float32(nil), v...)
		a := Adam{Rate: 0.01, Beta1: adamBeta1, Beta2: adamBeta2, Rest1: 1 - adamBeta1, Rest2: 1 - adamBeta2, Epsilon: 1e-8, MeanScale: 2, VarianceScale: 3}
		a.Step(wantP, wantM, wantV, g)
		program := adamProgram()
		program.Run([][]float32{p, m, v}, [][]float32{p, m, v, g, {a.Rate}, {a.MeanScale}, {a.VarianceScale}}, 0, n,
			make([]float32, program.ScratchLen()))
		for i := range n {
			if p[i] != wantP[i] || m[i] != wantM[i] || v[i] != wantV[i] {
				t.Fatalf("[%d] = %v, %v, %v, want %v, %v, %v", i, p[i], m[i], v[i], wantP[i], wantM[i], wantV[i])
			}
		}
	})
}

func TestRunningAProgramAllocatesNothing(t *testing.T) {
	p := adamProgram()
	x := make([]float32, 3000)
	one, scratch := []float32{1}, make([]float32, p.ScratchLen())
	outputs, inputs := [][]float32{x, x, x}, [][]float32{x, x, x, x, one, one, one}
	if n := testing.AllocsPerRun(10, func() { p.Run(outputs, inputs, 0, len(x), scratch) }); n != 0 {
		t.Errorf("Program.Run makes %v allocations, want 0", n)
	}
}

func TestAComparisonIsOnlyACondition(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Unary of a comparison does not panic")
		}
	}()
	var b ProgramBuilder
	x := b.Vector()
	b.Unary(OpNeg, b.Compare(OpLess, x, x))
}

func BenchmarkProgram(b *testing.B) {
	p := adamProgram()
	m, one, scratch := make([]float32, benchLen), []float32{1}, make([]float32, p.ScratchLen())
	eachBenchmark(b, "Adam", 28, func(x, g, v []float32) {
		m := m[:len(x)]
		p.Run([][]float32{x, m, v}, [][]float32{x, m, v, g, one, one, one}, 0, len(x), scratch)
	})
}
