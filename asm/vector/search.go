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
	e.codes()
	e.leastSums()
}

// squaredAt compares together rows at a time, in 16 lanes each, while the next ones come.
func (e *emitter) squaredAt() {
	e.function("squaredAt", "(dst, x, rows []float32, at []int32)")
	dst, x, rows, at, n := e.pointer("dst"), e.pointer("x"), e.pointer("rows"), e.pointer("at"), e.length("x")
	e.eachRows(dst, at, n, rows, func(row, next []reg.GPVirtual) []reg.VecVirtual {
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
	})
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

// codes multiplies 16 codes of a byte at a time, of two rows, with those of half a word of together vectors.
func (e *emitter) codes() {
	e.function("dots", "(dst []int32, x []int16, rows []int8)")
	dst, first, row, numbers, length := e.pointer("dst"), e.pointer("x"), e.pointer("rows"), e.length("x"), e.length("dst")
	SHRQ(U8(2), numbers)
	x := []reg.GPVirtual{first}
	for p := 1; p < together; p++ {
		x = append(x, GP64())
		LEAQ(Mem{Base: x[p-1], Index: numbers, Scale: 2}, x[p])
	}
	pairs, done, loop := length, e.label("done"), e.label("rows")
	SHRQ(U8(3), pairs)
	JZ(LabelRef(done))
	below := GP64()
	Label(loop)
	LEAQ(Mem{Base: row, Index: numbers, Scale: 1}, below)
	acc := [2][together]reg.VecVirtual{}
	for r := range acc {
		for p := range acc[r] {
			acc[r][p] = YMM()
			VPXOR(acc[r][p], acc[r][p], acc[r][p])
		}
	}
	e.steps(numbers, func(i reg.Register) {
		wide := [2]reg.VecVirtual{YMM(), YMM()}
		VPMOVSXBW(Mem{Base: row, Index: i, Scale: 1}, wide[0])
		VPMOVSXBW(Mem{Base: below, Index: i, Scale: 1}, wide[1])
		for p := range x {
			from := YMM()
			VMOVDQU(Mem{Base: x[p], Index: i, Scale: 2}, from)
			for r := range acc {
				product := YMM()
				VPMADDWD(from, wide[r], product)
				VPADDD(product, acc[r][p], acc[r][p])
			}
		}
	})
	for r := range acc {
		e.storeSums(acc[r][:], Mem{Base: dst, Disp: 4 * together * r})
	}
	ADDQ(U8(8*together), dst)
	LEAQ(Mem{Base: below, Index: numbers, Scale: 1}, row)
	DECQ(pairs)
	JNZ(LabelRef(loop))
	Label(done)
	e.end()
}

// storeSums stores the sums of together registers' lanes.
func (e *emitter) storeSums(sums []reg.VecVirtual, to Mem) {
	VPHADDD(sums[1], sums[0], sums[0])
	VPHADDD(sums[3], sums[2], sums[2])
	VPHADDD(sums[2], sums[0], sums[0])
	high := XMM()
	VEXTRACTI128(U8(1), sums[0].AsY(), high)
	low := sums[0].AsX()
	VPADDD(high, low, low)
	VMOVDQU(low, to)
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

// eachRows writes the loop over groups of rows of n numbers: lanes gives those of each row of a group, which are added up.
func (e *emitter) eachRows(dst, at, n, rows reg.GPVirtual, lanes func(row, next []reg.GPVirtual) []reg.VecVirtual) {
	groups := e.length("at")
	done := e.label("done")
	SHRQ(U8(2), groups)
	JZ(LabelRef(done))
	next := e.rowsAt(at, rows, n)
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
	for r, p := range e.rowsAt(at, rows, n) {
		MOVQ(p, next[r])
	}
	Label(last)
	sums := lanes(row, next)
	VHADDPS(sums[1], sums[0], sums[0])
	VHADDPS(sums[3], sums[2], sums[2])
	VHADDPS(sums[2], sums[0], sums[0])
	low, high := sums[0].AsX(), XMM()
	VEXTRACTF128(U8(1), sums[0].AsY(), high)
	VADDPS(high, low, low)
	VMOVUPS(low, Mem{Base: dst})
	ADDQ(U8(4*together), dst)
	DECQ(groups)
	JNZ(LabelRef(loop))
	Label(done)
	e.end()
}

// rowsAt loads the addresses of the rows of a group.
func (e *emitter) rowsAt(at, rows, n reg.GPVirtual) []reg.GPVirtual {
	p := make([]reg.GPVirtual, together)
	for r := range p {
		p[r] = GP64()
		MOVLQSX(Mem{Base: at, Disp: 4 * r}, p[r])
		IMULQ(n, p[r])
		LEAQ(Mem{Base: rows, Index: p[r], Scale: 4}, p[r])
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
