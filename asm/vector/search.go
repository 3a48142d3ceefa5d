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

// dotRows is the number of rows whose numbers lie together, four of each, and dotNumbers that of four of each.
const (
	dotRows    = 64
	dotNumbers = 4 * dotRows
)

// codes writes the loop of dots over blocks of dotRows rows.
func (e *emitter) codes() {
	e.function("dots", "(dst []int32, large []uint64, x []int8, rows []uint8, least []int32)")
	blocks := e.length("large")
	done, loop := e.label("done"), e.label("rows")
	SHRQ(U8(2), blocks)
	JZ(LabelRef(done))
	rows, dst, large := e.pointer("rows"), e.pointer("dst"), e.pointer("large")
	numbers := e.length("x")
	SHRQ(U8(2), numbers)
	thrice := GP64()
	LEAQ(Mem{Base: numbers, Index: numbers, Scale: 2}, thrice)
	Label(loop)
	if e.avx512 {
		e.dotBlock(rows, numbers, thrice, dst, large)
	} else {
		for part := range 4 {
			for first := 0; first < together; first += 2 {
				e.dotPart(part, first, rows, numbers, thrice, dst, large)
			}
		}
		next := GP64()
		MOVQ(numbers, next)
		SHLQ(U8(6), next)
		ADDQ(next, rows)
	}
	ADDQ(I32(4*dotRows), dst)
	ADDQ(U8(8), large)
	DECQ(blocks)
	JNZ(LabelRef(loop))
	Label(done)
	e.end()
}

// eachFour writes the loop over fours of numbers: body gets those of each of the together vectors. It ends with rows behind the block.
func (e *emitter) eachFour(rows, numbers, thrice reg.GPVirtual, body func(x []Mem)) {
	x, left := e.pointer("x"), GP64()
	MOVQ(numbers, left)
	four := e.label("four")
	Label(four)
	body([]Mem{{Base: x}, {Base: x, Index: numbers, Scale: 1}, {Base: x, Index: numbers, Scale: 2}, {Base: x, Index: thrice, Scale: 1}})
	ADDQ(U8(4), x)
	ADDQ(I32(dotNumbers), rows)
	SUBQ(U8(4), left)
	JNZ(LabelRef(four))
}

// dotBlock multiplies four bytes of 16 rows at a time with VPDPBUSD, of AVX512-VNNI.
func (e *emitter) dotBlock(rows, numbers, thrice, dst, large reg.GPVirtual) {
	var acc [together][4]reg.VecVirtual
	for p := range acc {
		for g := range acc[p] {
			acc[p][g] = ZMM()
			VPXORD(acc[p][g], acc[p][g], acc[p][g])
		}
	}
	e.eachFour(rows, numbers, thrice, func(x []Mem) {
		var row [4]reg.VecVirtual
		for g := range row {
			row[g] = ZMM()
			VMOVDQU32(Mem{Base: rows, Disp: 64 * g}, row[g])
		}
		for p := range x {
			four := ZMM()
			VPBROADCASTD(x[p], four)
			for g := range row {
				VPDPBUSD(four, row[g], acc[p][g])
			}
		}
	})
	to, least, bits, more := GP64(), e.pointer("least"), GP64(), GP64()
	MOVQ(dst, to)
	for p := range acc {
		enough := ZMM()
		VPBROADCASTD(Mem{Base: least, Disp: 4 * p}, enough)
		for g := range acc[p] {
			VMOVDQU32(acc[p][g], Mem{Base: to, Disp: 64 * g})
			k := K()
			VPCMPD(U8(5), enough, acc[p][g], k) // not less
			if g == 0 {
				KMOVW(k, bits.As32())
				continue
			}
			KMOVW(k, more.As32())
			SHLQ(U8(16*g), more)
			ORQ(more, bits)
		}
		e.storeBits(p, func(m Mem) { MOVQ(bits, m) }, large, 0)
		ADDQ(e.length("dst"), to) // a quarter of it, of four bytes each
	}
}

// storeBits stores what is large of vector p, of a block.
func (e *emitter) storeBits(p int, store func(m Mem), large reg.GPVirtual, disp int) {
	at := e.length("large") // a quarter of it, of eight bytes each
	IMUL3Q(U8(2*p), at, at)
	store(Mem{Base: large, Index: at, Scale: 1, Disp: disp})
}

// dotPart multiplies four numbers of four rows at a time, of 16 rows and two vectors.
func (e *emitter) dotPart(part, first int, block, numbers, thrice, dst, large reg.GPVirtual) {
	var acc [2][4]reg.VecVirtual
	for p := range acc {
		for g := range acc[p] {
			acc[p][g] = YMM()
			VPXOR(acc[p][g], acc[p][g], acc[p][g])
		}
	}
	rows := GP64()
	MOVQ(block, rows)
	e.eachFour(rows, numbers, thrice, func(x []Mem) {
		var row [4]reg.VecVirtual
		for g := range row {
			row[g] = YMM()
			VPMOVZXBW(Mem{Base: rows, Disp: 64*part + 16*g}, row[g])
		}
		for p := range acc {
			four, wide := XMM(), YMM()
			VPBROADCASTD(x[first+p], four)
			VPMOVSXBW(four, wide)
			for g := range row {
				product := YMM()
				VPMADDWD(wide, row[g], product)
				VPADDD(product, acc[p][g], acc[p][g])
			}
		}
	})
	least := e.pointer("least")
	for p := range acc {
		to := e.length("dst")
		IMUL3Q(U8(first+p), to, to)
		ADDQ(dst, to)
		enough, bits := YMM(), GP64()
		VPBROADCASTD(Mem{Base: least, Disp: 4 * (first + p)}, enough)
		for half := range 2 {
			sums, small := acc[p][2*half], YMM()
			VPHADDD(acc[p][2*half+1], sums, sums)
			VPERMQ(U8(0xd8), sums, sums) // in the order of the rows
			VMOVDQU(sums, Mem{Base: to, Disp: 64*part + 32*half})
			VPCMPGTD(sums, enough, small)
			VMOVMSKPS(small, bits.As32())
			NOTL(bits.As32())
			e.storeBits(first+p, func(m Mem) { MOVB(bits.As8(), m) }, large, 2*part+half)
		}
	}
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
