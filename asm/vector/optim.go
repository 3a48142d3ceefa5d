package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	. "github.com/mmcloughlin/avo/build"
)

// field broadcasts number i of the settings at p.
func (e *emitter) field(p reg.Register, i int) reg.VecVirtual {
	return e.broadcast(Mem{Base: p, Disp: 4 * i})
}

func (e *emitter) optimizers() {
	e.adam()
}

// adam takes a pointer to the numbers of kernel.Adam in their order.
func (e *emitter) adam() {
	e.function("adam", "(p, m, v, g []float32, settings *float32)")
	p, m, v, g, n := e.pointer("p"), e.pointer("m"), e.pointer("v"), e.pointer("g"), e.length("p")
	settings := Load(Param("settings"), GP64())
	rate, beta1, beta2, epsilon := e.field(settings, 0), e.field(settings, 1), e.field(settings, 2), e.field(settings, 3)
	meanScale, varianceScale := e.field(settings, 4), e.field(settings, 5)
	l2, decay := e.field(settings, 6), e.field(settings, 7)
	rest1, rest2 := e.field(settings, 8), e.field(settings, 9)
	e.each(n, func(i reg.Register) {
		w := e.load(at(p, i))
		x := e.add(e.mul(w, l2), e.load(at(g, i)))
		mean := e.add(e.mul(e.load(at(m, i)), beta1), e.mul(x, rest1))
		e.store(mean, at(m, i))
		variance := e.add(e.mul(e.load(at(v, i)), beta2), e.mul(e.mul(x, x), rest2))
		e.store(variance, at(v, i))
		root := e.add(e.sqrt(e.mul(variance, varianceScale)), epsilon)
		step := e.div(e.mul(e.mul(mean, meanScale), rate), root)
		e.store(e.sub(w, e.add(step, e.mul(w, decay))), at(p, i))
	})
	e.end()
}
