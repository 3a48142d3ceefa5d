package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	together   = 4  // rows that are compared together
	rowNumbers = 16 // of which a row has a multiple
)

// searches writes what compares one vector with some rows of a matrix.
func (e *emitter) searches() {
	e.squaredAt()
	e.dotsAt()
	e.leastSums()
}

// squaredAt compares together rows at a time, in 16 lanes each, while the next ones come.
func (e *emitter) squaredAt() {
	e.function("squaredAt", "(dst, x, rows []float32, at []int32)")
	dst, x, rows, at, n := e.pointer("dst"), e.pointer("x"), e.pointer("rows"), e.pointer("at"), e.length("x")
	e.eachRows(dst, at, n, 4, rows, func(row, next []reg.GPVirtual) []reg.VecVirtual {
		acc := make([][]reg.VecVirtual, together)
		for r := range acc {
			for range rowNumbers / e.width {
				acc[r] = append(acc[r], e.zero())
			}
		}
		e.steps(n, func(i reg.Register) {
			var from []reg.VecVirtual
			for v := range rowNumbers / e.width {
				from = append(from, e.load(Mem{Base: x, Index: i, Scale: 4, Disp: v * e.width * 4}))
			}
			for r := range acc {
				PREFETCHT0(Mem{Base: next[r], Index: i, Scale: 4})
				for v := range acc[r] {
					d := e.sub(from[v], Mem{Base: row[r], Index: i, Scale: 4, Disp: v * e.width * 4})
					VFMADD231PS(d, d, acc[r][v])
				}
			}
		})
		var half []reg.VecVirtual
		for r := range acc {
			half = append(half, e.halved(acc[r]))
		}
		return half
	}, func(sums []reg.VecVirtual) {
		VHADDPS(sums[1], sums[0], sums[0])
		VHADDPS(sums[3], sums[2], sums[2])
		VHADDPS(sums[2], sums[0], sums[0])
	}, func(a, b reg.VecVirtual) { VADDPS(b, a, a) })
}

// halved adds lanes i and i+8 of 16.
func (e *emitter) halved(acc []reg.VecVirtual) reg.VecVirtual {
	r := YMM()
	if e.avx512 {
		VEXTRACTF64X4(U8(1), acc[0], r)
		VADDPS(r, acc[0].AsY(), r)
	} else {
		VADDPS(acc[1], acc[0], r)
	}
	return r
}

// dotsAt multiplies 16 codes of a byte at a time with those of half a word.
func (e *emitter) dotsAt() {
	e.function("dotsAt", "(dst []int32, x []int16, rows []int8, at []int32)")
	dst, x, rows, at, n := e.pointer("dst"), e.pointer("x"), e.pointer("rows"), e.pointer("at"), e.length("x")
	e.eachRows(dst, at, n, 1, rows, func(row, next []reg.GPVirtual) []reg.VecVirtual {
		var acc []reg.VecVirtual
		for range together {
			v := YMM()
			VPXOR(v, v, v)
			acc = append(acc, v)
		}
		e.steps(n, func(i reg.Register) {
			from := YMM()
			VMOVDQU(Mem{Base: x, Index: i, Scale: 2}, from)
			for r := range acc {
				PREFETCHT0(Mem{Base: next[r], Index: i, Scale: 1})
				wide := YMM()
				VPMOVSXBW(Mem{Base: row[r], Index: i, Scale: 1}, wide)
				VPMADDWD(from, wide, wide)
				VPADDD(wide, acc[r], acc[r])
			}
		})
		return acc
	}, func(sums []reg.VecVirtual) {
		VPHADDD(sums[1], sums[0], sums[0])
		VPHADDD(sums[3], sums[2], sums[2])
		VPHADDD(sums[2], sums[0], sums[0])
	}, func(a, b reg.VecVirtual) { VPADDD(b, a, a) })
}

// steps writes a loop over the numbers of a row.
func (e *emitter) steps(n reg.Register, body func(i reg.Register)) {
	i := GP64()
	XORQ(i, i)
	loop := e.label("step")
	Label(loop)
	body(i)
	ADDQ(U8(rowNumbers), i)
	CMPQ(i, n)
	JLT(LabelRef(loop))
}

// eachRows writes the loop over groups of rows of n numbers of size bytes: sums gives the lanes of each row of a group, hadd folds
// them so that each half of sums[0] has one number of every row, and add adds the halves.
func (e *emitter) eachRows(dst, at, n reg.GPVirtual, size int, rows reg.GPVirtual,
	sums func(row, next []reg.GPVirtual) []reg.VecVirtual, hadd func(sums []reg.VecVirtual), add func(a, b reg.VecVirtual)) {
	groups := e.length("at")
	done := e.label("done")
	SHRQ(U8(2), groups)
	JZ(LabelRef(done))
	next := e.rowsAt(at, rows, n, size)
	loop, last := e.label("rows"), e.label("last")
	Label(loop)
	row := make([]reg.GPVirtual, together)
	for r := range row {
		row[r] = GP64()
		MOVQ(next[r], row[r])
	}
	CMPQ(groups, U8(1))
	JE(LabelRef(last))
	ADDQ(U8(4*together), at)
	for r, p := range e.rowsAt(at, rows, n, size) {
		MOVQ(p, next[r])
	}
	Label(last)
	lanes := sums(row, next)
	hadd(lanes)
	high := XMM()
	VEXTRACTF128(U8(1), lanes[0].AsY(), high)
	low := lanes[0].AsX().(reg.VecVirtual)
	add(low, high.(reg.VecVirtual))
	VMOVUPS(low, Mem{Base: dst})
	ADDQ(U8(4*together), dst)
	DECQ(groups)
	JNZ(LabelRef(loop))
	Label(done)
	e.end()
}

// rowsAt loads the addresses of the rows of a group.
func (e *emitter) rowsAt(at, rows, n reg.GPVirtual, size int) []reg.GPVirtual {
	p := make([]reg.GPVirtual, together)
	for r := range p {
		p[r] = GP64()
		MOVLQSX(Mem{Base: at, Disp: 4 * r}, p[r])
		IMULQ(n, p[r])
		LEAQ(Mem{Base: rows, Index: p[r], Scale: uint8(size)}, p[r])
	}
	return p
}

// leastSums is the least of each column after a number of each row was added to it.
func (e *emitter) leastSums() {
	e.function("leastSums", "(dst, y, v []float32)")
	dst, y, v := e.pointer("dst"), e.pointer("y"), e.pointer("v")
	c, rows := e.length("dst"), e.length("v")
	e.columnStrips(c, 4, func(j reg.Register, vectors int) {
		acc := make([]reg.VecVirtual, vectors)
		for k := range acc {
			acc[k] = e.register(math.Inf(1))
		}
		add := GP64()
		MOVQ(v, add)
		e.eachRow(rows, c, j, []reg.GPVirtual{y}, func(p []reg.GPVirtual) {
			g := e.broadcast(Mem{Base: add})
			for k := range acc {
				VMINPS(acc[k], e.add(g, e.load(e.part(p[0], k))), acc[k])
			}
			ADDQ(U8(4), add)
		})
		e.storeStrip(acc, dst, j)
	})
	e.end()
}
