package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type binary struct {
	name string
	op   func(a, b reg.Register) reg.VecVirtual
}

func (e *emitter) elementwise() {
	for _, b := range []binary{
		{"add", func(a, b reg.Register) reg.VecVirtual { return e.add(a, b) }},
		{"sub", func(a, b reg.Register) reg.VecVirtual { return e.sub(a, b) }},
		{"mul", func(a, b reg.Register) reg.VecVirtual { return e.mul(a, b) }},
		{"div", func(a, b reg.Register) reg.VecVirtual { return e.div(a, b) }},
		{"max", e.max},
		{"min", e.min},
	} {
		e.binaryRows(b)
		e.binaryScalar(b, b.name+"Scalar", false)
		e.binaryScalar(b, "scalar"+title(b.name), true)
	}
	e.axpy()
	e.unaries()
}

func title(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func (e *emitter) binaryRows(f binary) {
	e.function(f.name, "(dst, a, b []float32, rows, cols, aStep, bStep int)")
	dst, a, b := e.pointer("dst"), e.pointer("a"), e.pointer("b")
	rows, cols := e.integer("rows"), e.integer("cols")
	aStep, bStep := e.integer("aStep"), e.integer("bStep")
	done := e.label("done")
	TESTQ(rows, rows)
	JLE(LabelRef(done))
	e.times(rows, func() {
		e.each(cols, func(i reg.Register) { e.store(f.op(e.load(at(a, i)), e.load(at(b, i))), at(dst, i)) })
		LEAQ(at(dst, cols), dst)
		LEAQ(at(a, aStep), a)
		LEAQ(at(b, bStep), b)
	})
	Label(done)
	e.end()
}

func (e *emitter) binaryScalar(f binary, name string, left bool) {
	e.function(name, "(dst, x []float32, s float32)")
	dst, x, n, s := e.pointer("dst"), e.pointer("x"), e.length("dst"), e.scalar("s")
	e.each(n, func(i reg.Register) {
		v := e.load(at(x, i))
		if left {
			v = f.op(s, v)
		} else {
			v = f.op(v, s)
		}
		e.store(v, at(dst, i))
	})
	e.end()
}

func (e *emitter) axpy() {
	e.function("axpy", "(dst, x, y []float32, s float32)")
	dst, x, y, n, s := e.pointer("dst"), e.pointer("x"), e.pointer("y"), e.length("dst"), e.scalar("s")
	e.each(n, func(i reg.Register) {
		e.store(e.add(e.mul(e.load(at(x, i)), s), e.load(at(y, i))), at(dst, i))
	})
	e.end()
}

// unary writes a loop over one operand; prepare sets up constants and gives the operation.
func (e *emitter) unary(name string, prepare func() func(x reg.VecVirtual) reg.VecVirtual) {
	e.function(name, "(dst, x []float32)")
	dst, x, n := e.pointer("dst"), e.pointer("x"), e.length("dst")
	op := prepare()
	e.each(n, func(i reg.Register) { e.store(op(e.load(at(x, i))), at(dst, i)) })
	e.end()
}

func (e *emitter) unaries() {
	type vec = reg.VecVirtual
	e.unary("abs", func() func(x vec) vec {
		rest := e.registerBits(0x7fffffff)
		return func(x vec) vec { r := e.vec(); VANDPS(rest, x, r); return r }
	})
	e.unary("neg", func() func(x vec) vec {
		sign := e.registerBits(0x80000000)
		return func(x vec) vec { r := e.vec(); VXORPS(sign, x, r); return r }
	})
	e.unary("square", func() func(x vec) vec { return func(x vec) vec { return e.mul(x, x) } })
	e.unary("sqrt", func() func(x vec) vec { return e.sqrt })
	e.unary("rsqrt", func() func(x vec) vec {
		one := e.register(1)
		return func(x vec) vec { return e.div(one, e.sqrt(x)) }
	})
	e.unary("reciprocal", func() func(x vec) vec {
		one := e.register(1)
		return func(x vec) vec { return e.div(one, x) }
	})
	e.unary("sign", func() func(x vec) vec {
		zero, one, minus := e.zero(), e.register(1), e.register(-1)
		return func(x vec) vec {
			up, down := e.compare(greater, x, zero), e.compare(less, x, zero)
			return e.choose(down, minus, e.choose(up, one, x))
		}
	})
	e.unary("relu", func() func(x vec) vec {
		zero := e.zero()
		return func(x vec) vec { return e.relu(x, zero) }
	})
	e.unary("exp", e.exp)
	e.unary("log", e.log)
	e.unary("log1p", e.log1p)
	e.unary("logistic", e.logistic)
	e.unary("tanh", e.tanh)
	e.unary("erf", e.erf)
}

func (e *emitter) sqrt(x reg.VecVirtual) reg.VecVirtual {
	r := e.vec()
	VSQRTPS(x, r)
	return r
}
