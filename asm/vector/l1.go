package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	signBit   = 0x80000000
	restOfBit = 0x7fffffff
)

func (e *emitter) weightedDistances() {
	e.weightedL1()
	e.overRows("signSums", func() func(d, v, acc reg.VecVirtual) {
		zero, sign := e.zero(), e.bits(signBit)
		return func(d, v, acc reg.VecVirtual) {
			minus := e.vec()
			VXORPS(sign, v, minus)
			VADDPS(e.choose(e.compare(less, d, zero), minus, v), acc, acc)
		}
	})
	e.overRows("l1Sums", func() func(d, v, acc reg.VecVirtual) {
		rest := e.bits(restOfBit)
		return func(d, v, acc reg.VecVirtual) {
			VANDPS(rest, d, d)
			VADDPS(e.mul(d, v), acc, acc)
		}
	})
}

func (e *emitter) weightedL1() {
	sum := func(a, b reg.Register) reg.VecVirtual { return e.add(a, b) }
	e.function("weightedL1", "(a, b, w []float32) float32")
	a, b, w, n := e.pointer("a"), e.pointer("b"), e.pointer("w"), e.length("a")
	rest := e.bits(restOfBit)
	e.reduceLanes(n, e.zero(), sum, func(acc, i reg.Register, offset int) reg.VecVirtual {
		r := e.copy(acc)
		d := e.sub(e.load(at(a, i).Offset(offset)), e.load(at(b, i).Offset(offset)))
		VANDPS(rest, d, d)
		VFMADD231PS(e.load(at(w, i).Offset(offset)), d, r)
		return r
	})
}

// overRows writes a sum over the rows of y: prepare sets up constants and gives what adds the difference d of x and a row,
// of weight v, to the sums.
func (e *emitter) overRows(name string, prepare func() func(d, v, acc reg.VecVirtual)) {
	e.function(name, "(dst, x, y, v []float32)")
	dst, x, y, v := e.pointer("dst"), e.pointer("x"), e.pointer("y"), e.pointer("v")
	c, rows := e.length("dst"), e.length("v")
	step := prepare()
	e.columnStrips(c, 4, func(j reg.Register, vectors int) {
		from := e.loadStrip(x, j, vectors)
		acc := make([]reg.VecVirtual, vectors)
		for k := range acc {
			acc[k] = e.zero()
		}
		weight := GP64()
		MOVQ(v, weight)
		e.eachRow(rows, c, j, []reg.GPVirtual{y}, func(p []reg.GPVirtual) {
			g := e.broadcast(Mem{Base: weight})
			for k := range acc {
				step(e.sub(from[k], e.load(e.part(p[0], k))), g, acc[k])
			}
			ADDQ(U8(4), weight)
		})
		e.storeStrip(acc, dst, j)
	})
	e.end()
}
