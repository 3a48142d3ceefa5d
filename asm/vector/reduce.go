package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const lanes = 64 // of a vector reduction, see package kernel

func (e *emitter) reductions() {
	for _, r := range []struct {
		name  string
		start float64
		op    func(a, b reg.Register) reg.VecVirtual
	}{
		{"sum", 0, func(a, b reg.Register) reg.VecVirtual { return e.add(a, b) }},
		{"maximum", math.Inf(-1), e.max},
		{"minimum", math.Inf(1), e.min},
	} {
		e.function(r.name, "(x []float32) float32")
		x, n, start := e.pointer("x"), e.length("x"), e.register(r.start)
		e.reduceLanes(n, start, r.op, func(acc, i reg.Register, offset int) reg.VecVirtual {
			return r.op(acc, e.loadOr(at(x, i).Offset(offset), start))
		})
		e.reduceColumns(r.name+"Columns", r.start, r.op)
	}
	e.dots()
}

// reduceLanes writes a reduction in 64 lanes: step gives the accumulators their next numbers, at the index i plus an
// offset in bytes; join folds them into the function's result.
func (e *emitter) reduceLanes(n reg.Register, start reg.Register, join func(a, b reg.Register) reg.VecVirtual,
	step func(acc, i reg.Register, offset int) reg.VecVirtual) {
	acc := make([]reg.VecVirtual, lanes/e.width)
	for j := range acc {
		acc[j] = e.copy(start)
	}
	steps := func(i reg.Register) {
		for j := range acc {
			VMOVAPS(step(acc[j], i, j*e.width*4), acc[j])
			if e.masked && j+1 < len(acc) {
				e.nextMask()
			}
		}
	}
	i := GP64()
	loop, tail, done := e.label("loop"), e.label("tail"), e.label("done")
	XORQ(i, i)
	SUBQ(U8(lanes), n)
	JLT(LabelRef(tail))
	Label(loop)
	steps(i)
	ADDQ(U8(lanes), i)
	CMPQ(i, n)
	JLE(LabelRef(loop))
	Label(tail)
	ADDQ(U8(lanes), n)
	SUBQ(i, n)
	JLE(LabelRef(done))
	e.setMask(n)
	e.masked = true
	steps(i)
	e.masked = false
	Label(done)
	result, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(e.fold(acc, join), result.Addr)
	e.end()
}

// fold combines the lanes in halves down to one number.
func (e *emitter) fold(acc []reg.VecVirtual, join func(a, b reg.Register) reg.VecVirtual) reg.Register {
	for half := len(acc) / 2; half > 0; half /= 2 {
		for j := range half {
			acc[j] = join(acc[j], acc[j+half])
		}
	}
	v := acc[0]
	if e.avx512 {
		upper := ZMM()
		VSHUFF32X4(U8(0x0e), v, v, upper)
		v = join(v, upper)
	}
	// From here on the upper parts of the vectors hold nothing of use.
	upper := e.vec()
	if e.avx512 {
		VSHUFF32X4(U8(0x01), v, v, upper)
	} else {
		VPERM2F128(U8(0x01), v, v, upper)
	}
	v = join(v, upper)
	for _, order := range []uint8{0x0e, 0x01} {
		upper := e.vec()
		VSHUFPS(U8(order), v, v, upper)
		v = join(v, upper)
	}
	return v.AsX()
}

// columnStrips writes body for strips of columns of a matrix with c columns: strip vectors wide while there are so many,
// then one vector wide, then narrower. Body addresses its strip by the index j of its first column.
func (e *emitter) columnStrips(c reg.Register, strip int, body func(j reg.Register, vectors int)) {
	j, limit := GP64(), GP64()
	wide, narrow := e.label("wide"), e.label("narrow")
	loop, tail, done := e.label("strip"), e.label("tail"), e.label("done")
	XORQ(j, j)
	Label(wide)
	LEAQ(Mem{Base: j, Disp: strip * e.width}, limit)
	CMPQ(limit, c)
	JGT(LabelRef(narrow))
	body(j, strip)
	ADDQ(U8(strip*e.width), j)
	JMP(LabelRef(wide))
	Label(narrow)
	Label(loop)
	LEAQ(Mem{Base: j, Disp: e.width}, limit)
	CMPQ(limit, c)
	JGT(LabelRef(tail))
	body(j, 1)
	ADDQ(U8(e.width), j)
	JMP(LabelRef(loop))
	Label(tail)
	MOVQ(c, limit)
	SUBQ(j, limit)
	JLE(LabelRef(done))
	e.setMask(limit)
	e.masked = true
	body(j, 1)
	e.masked = false
	Label(done)
}

// eachRow runs body for rows of a strip; its pointers start at the given ones plus the index j, and step by step numbers.
func (e *emitter) eachRow(rows, step reg.Register, j reg.Register, from []reg.GPVirtual, body func(p []reg.GPVirtual)) {
	p := make([]reg.GPVirtual, len(from))
	for i := range from {
		p[i] = GP64()
		LEAQ(at(from[i], j), p[i])
	}
	n := GP64()
	MOVQ(rows, n)
	e.times(n, func() {
		body(p)
		for i := range p {
			LEAQ(at(p[i], step), p[i])
		}
	})
}

// part addresses vector k of a strip.
func (e *emitter) part(p reg.Register, k int) Mem { return Mem{Base: p, Disp: k * e.width * 4} }

func (e *emitter) loadStrip(p, j reg.Register, vectors int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, vectors)
	for k := range v {
		v[k] = e.load(at(p, j).Offset(k * e.width * 4))
	}
	return v
}

func (e *emitter) storeStrip(v []reg.VecVirtual, p, j reg.Register) {
	for k := range v {
		e.store(v[k], at(p, j).Offset(k*e.width*4))
	}
}

func (e *emitter) reduceColumns(name string, start float64, op func(a, b reg.Register) reg.VecVirtual) {
	e.function(name, "(dst, x []float32, rows int)")
	dst, x, c, rows := e.pointer("dst"), e.pointer("x"), e.length("dst"), e.integer("rows")
	first := e.register(start)
	e.columnStrips(c, 4, func(j reg.Register, vectors int) {
		acc := make([]reg.VecVirtual, vectors)
		for k := range acc {
			acc[k] = e.copy(first)
		}
		e.eachRow(rows, c, j, []reg.GPVirtual{x}, func(p []reg.GPVirtual) {
			for k := range acc {
				VMOVAPS(op(acc[k], e.load(e.part(p[0], k))), acc[k])
			}
		})
		e.storeStrip(acc, dst, j)
	})
	e.end()
}

func (e *emitter) dots() {
	sum := func(a, b reg.Register) reg.VecVirtual { return e.add(a, b) }
	e.function("dot", "(a, b []float32) float32")
	a, b, n := e.pointer("a"), e.pointer("b"), e.length("a")
	e.reduceLanes(n, e.zero(), sum, func(acc, i reg.Register, offset int) reg.VecVirtual {
		r := e.copy(acc)
		VFMADD231PS(e.load(at(a, i).Offset(offset)), e.load(at(b, i).Offset(offset)), r)
		return r
	})
}
