// Command winograd generates the transforms of package kernel's Winograd convolutions. Run go generate in
// internal/kernel.
//
// Every transform is patchMatrix.loop for one matrix L: first L times every column of a patch, into a
// buffer on the stack, then every row of that times Lᵀ, for a vector of channels at a time. It computes full vectors
// only; the portable loop does the rest.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	for _, e := range []*emitter{{name: "AVX512", bytes: 64}, {name: "AVX2", bytes: 32}} {
		e.constants = map[uint32]Mem{}
		e.transform("winogradInput", input)
		for _, taps := range []int{3, 4} {
			weights, output := powers(taps, weightShares), powers(7-taps, outputShares)
			e.transform(fmt.Sprintf("winogradWeights%d", taps), weights)
			e.transform(fmt.Sprintf("winogradOutput%d", taps), transposed(output))
			e.transform(fmt.Sprintf("winogradOutputGrad%d", taps), output)
			e.transform(fmt.Sprintf("winogradWeightsGrad%d", taps), transposed(weights))
		}
	}
	Generate()
}

// The points besides 0 and ∞ at which the polynomials are multiplied: ±near and ±far; see package kernel.
const (
	near, near2 = 0.75, near * near
	far, far2   = 1.5, far * far
	nearShare   = 1 / (2 * near2 * (near2 - far2))
	farShare    = 1 / (2 * far2 * (far2 - near2))
)

// input is the transform of patches of the input. Its rows are the points 0, near, -near, far, -far and ∞.
var input = [][]float64{
	{near2 * far2, 0, -near2 - far2, 0, 1, 0},
	{0, -near * far2, -far2, near, 1, 0},
	{0, near * far2, -far2, -near, 1, 0},
	{0, -far * near2, -near2, far, 1, 0},
	{0, far * near2, -near2, -far, 1, 0},
	{0, near2 * far2, 0, -near2 - far2, 0, 1},
}

// The factors of the points' rows in the transforms of weights and of outputs.
var (
	weightShares = []float64{1 / (near2 * far2), nearShare, nearShare, farShare, farShare, 1}
	outputShares = []float64{1, 1, 1, 1, 1, 1}
)

// powers is the matrix that evaluates polynomials of n coefficients at all points.
func powers(n int, shares []float64) [][]float64 {
	var l [][]float64
	for i, point := range []float64{0, near, -near, far, -far} {
		var row []float64
		for power := shares[i]; len(row) < n; power *= point {
			row = append(row, power)
		}
		l = append(l, row)
	}
	last := make([]float64, n)
	last[n-1] = shares[5]
	return append(l, last)
}

func transposed(l [][]float64) [][]float64 {
	t := make([][]float64, len(l[0]))
	for c := range t {
		for _, row := range l {
			t[c] = append(t[c], row[c])
		}
	}
	return t
}

// emitter writes instructions for vectors of one size.
type emitter struct {
	name      string
	bytes     int
	constants map[uint32]Mem
	registers map[uint32]reg.VecVirtual // the constants that a function keeps
}

func (e *emitter) vec() reg.VecVirtual {
	if e.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

// constant gives a vector of equal numbers: in a register where there are plenty, else in memory.
func (e *emitter) constant(v float64) Op {
	bits := math.Float32bits(float32(v))
	if e.bytes == 64 {
		return e.registers[bits]
	}
	return e.data(bits)
}

func (e *emitter) data(bits uint32) Mem {
	if _, ok := e.constants[bits]; !ok {
		m := GLOBL(fmt.Sprintf("winograd%s%08x", e.name, bits), 8|16) // RODATA, NOPTR
		for i := range e.bytes / 4 {
			DATA(4*i, U32(bits))
		}
		e.constants[bits] = m
	}
	return e.constants[bits]
}

// keep loads the constants of a matrix.
func (e *emitter) keep(l [][]float64) {
	e.registers = map[uint32]reg.VecVirtual{}
	if e.bytes == 32 {
		return
	}
	for _, row := range l {
		for _, v := range row {
			bits := math.Float32bits(float32(math.Abs(v)))
			if v == 0 || math.Abs(v) == 1 || e.registers[bits] != nil {
				continue
			}
			r := e.vec()
			VMOVUPS(e.data(bits), r)
			e.registers[bits] = r
		}
	}
}

// transform generates the function of one matrix.
func (e *emitter) transform(name string, l [][]float64) {
	TEXT(name+e.name, 0, "func(dst, src *int, dstAt, srcAt, n int)")
	Pragma("noescape")
	rows, cols := len(l), len(l[0])
	local := AllocLocal(rows*cols*e.bytes + 64)
	buffer := GP64()
	LEAQ(local.Offset(63), buffer)
	ANDQ(I8(-64), buffer)
	half := func(row, col int) Mem { return Mem{Base: buffer, Disp: (row*cols + col) * e.bytes} }
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	dstAt, srcAt := Load(Param("dstAt"), GP64()), Load(Param("srcAt"), GP64())
	e.keep(l)
	Label("loop")
	pointer := GP64()
	at := func(list, offset reg.Register, i int) Mem {
		MOVQ(Mem{Base: list, Disp: 8 * i}, pointer)
		return Mem{Base: pointer, Index: offset, Scale: 1}
	}
	for col := range cols {
		e.times(l, func(i int) Mem { return at(src, srcAt, i*cols+col) }, func(i int) Mem { return half(i, col) })
	}
	for row := range rows {
		e.times(l, func(i int) Mem { return half(row, i) }, func(i int) Mem { return at(dst, dstAt, row*rows+i) })
	}
	ADDQ(I8(e.bytes), dstAt)
	ADDQ(I8(e.bytes), srcAt)
	SUBQ(I8(e.bytes/4), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// times multiplies a column of vectors by l.
func (e *emitter) times(l [][]float64, from, to func(i int) Mem) {
	x := make([]reg.VecVirtual, len(l[0]))
	for i := range x {
		x[i] = e.vec()
		VMOVUPS(from(i), x[i])
	}
	store := func(i int, v reg.VecVirtual) { VMOVUPS(v, to(i)) }
	if len(l) < 6 {
		e.foldPoints(l, x, store)
		return
	}
	store(0, e.sum(l[0], x, 0, 1))
	for i := 1; i < 5; i += 2 {
		e.store2(e.sum(l[i], x, 0, 2), e.sum(l[i], x, 1, 2), i, store)
	}
	store(5, e.sum(l[5], x, 0, 1))
}

// store2 stores the rows i and i+1 of two opposite points, from the terms they share and those of opposite sign.
func (e *emitter) store2(even, odd reg.VecVirtual, i int, store func(i int, v reg.VecVirtual)) {
	v := e.vec()
	VADDPS(odd, even, v)
	store(i, v)
	VSUBPS(odd, even, even)
	store(i+1, even)
}

// foldPoints multiplies by a transposed matrix, whose columns are points: first opposite points are added and
// subtracted.
func (e *emitter) foldPoints(l [][]float64, x []reg.VecVirtual, store func(i int, v reg.VecVirtual)) {
	for i := 1; i < 5; i += 2 {
		v := e.vec()
		VADDPS(x[i+1], x[i], v)
		VSUBPS(x[i+1], x[i], x[i+1])
		x[i] = v
	}
	for i, row := range l {
		terms := append([]float64(nil), row...)
		for p := 1; p < 5; p += 2 {
			terms[p+i%2] = row[p]
			terms[p+1-i%2] = 0
		}
		store(i, e.sum(terms, x, 0, 1))
	}
}

// sum adds up the multiples of x[first], x[first+step], … Ones are added first.
func (e *emitter) sum(multiples []float64, x []reg.VecVirtual, first, step int) reg.VecVirtual {
	var sum reg.VecVirtual
	for _, ones := range []bool{true, false} {
		for i := first; i < len(x); i += step {
			m := multiples[i]
			if m == 0 || (m == 1) != ones {
				continue
			}
			sum = e.addMultiple(sum, m, x[i])
		}
	}
	return sum
}

func (e *emitter) addMultiple(sum reg.VecVirtual, m float64, x reg.VecVirtual) reg.VecVirtual {
	next := e.vec()
	switch {
	case sum == nil && m == 1:
		VMOVAPS(x, next)
	case sum == nil && m > 0:
		VMULPS(e.constant(m), x, next)
	case sum == nil:
		VXORPS(next, next, next)
		VFNMADD231PS(e.constant(-m), x, next)
	case m == 1:
		VADDPS(x, sum, next)
	case m > 0:
		next = sum
		VFMADD231PS(e.constant(m), x, next)
	default:
		next = sum
		VFNMADD231PS(e.constant(-m), x, next)
	}
	return next
}
