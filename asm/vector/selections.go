package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// eachBytes is each for loops over bytes too: with AVX2, which cannot mask bytes, their callers see to the remainder.
func (e *emitter) eachBytes(n reg.Register, body func(i reg.Register)) {
	if e.avx512 {
		e.each(n, body)
	} else {
		e.eachFull(n, body)
	}
}

// loadBytes reads bytes as words.
func (e *emitter) loadBytes(m Mem) reg.VecVirtual {
	v := e.vec()
	if e.masked {
		VPMOVZXBD_Z(m, e.mask, v)
	} else {
		VPMOVZXBD(m, v)
	}
	return v
}

// storeBytes writes words as bytes.
func (e *emitter) storeBytes(v reg.VecVirtual, m Mem) {
	switch {
	case e.masked:
		VPMOVDB(v, e.mask, m)
	case e.avx512:
		VPMOVDB(v, m)
	default:
		high, low := XMM(), XMM()
		VEXTRACTF128(U8(1), v, high)
		VPACKUSDW(high, v.AsX(), low)
		VPACKUSWB(low, low, low)
		VMOVQ(low, m)
	}
}

// truth gives the condition that the words of v, 0 or 1, are 1.
func (e *emitter) truth(v reg.VecVirtual) reg.Register {
	if e.avx512 {
		k := K()
		VPTESTMD(v, v, k)
		return k
	}
	r, zero := YMM(), e.zero()
	VPSUBD(v, zero, r)
	return r
}

// words gives one where the condition holds and 0 elsewhere, one being a vector of words 1.
func (e *emitter) words(c reg.Register, one reg.VecVirtual) reg.VecVirtual { return e.keep(c, one) }

func (e *emitter) selections() {
	for _, c := range []struct {
		name      string
		predicate int
	}{
		{"equal", equal}, {"notEqual", notEqual}, {"less", less},
		{"lessOrEqual", lessEqual}, {"greater", greater}, {"greaterOrEqual", greaterEqual},
	} {
		e.comparison(c.name, c.predicate)
		e.comparisonScalar(c.name+"Scalar", c.predicate)
	}
	e.selection()
	e.selectionScalar()
	e.reluGrad()
}

func (e *emitter) comparison(name string, predicate int) {
	e.function(name, "(dst []bool, a, b []float32)")
	dst, a, b, n := e.pointer("dst"), e.pointer("a"), e.pointer("b"), e.length("dst")
	one := e.registerBits(1)
	e.eachBytes(n, func(i reg.Register) {
		c := e.compare(predicate, e.load(at(a, i)), e.load(at(b, i)))
		e.storeBytes(e.words(c, one), byteAt(dst, i))
	})
	e.end()
}

func (e *emitter) comparisonScalar(name string, predicate int) {
	e.function(name, "(dst []bool, a []float32, s float32)")
	dst, a, n, s := e.pointer("dst"), e.pointer("a"), e.length("dst"), e.scalar("s")
	one := e.registerBits(1)
	e.eachBytes(n, func(i reg.Register) {
		c := e.compare(predicate, e.load(at(a, i)), s)
		e.storeBytes(e.words(c, one), byteAt(dst, i))
	})
	e.end()
}

func (e *emitter) selection() {
	e.function("choose", "(dst []float32, cond []bool, a, b []float32)")
	dst, cond, n := e.pointer("dst"), e.pointer("cond"), e.length("dst")
	a, b := e.pointer("a"), e.pointer("b")
	e.eachBytes(n, func(i reg.Register) {
		c := e.truth(e.loadBytes(byteAt(cond, i)))
		e.store(e.choose(c, e.load(at(a, i)), e.load(at(b, i))), at(dst, i))
	})
	e.end()
}

func (e *emitter) selectionScalar() {
	e.function("chooseScalar", "(dst []float32, cond []bool, a []float32, s float32, want bool)")
	dst, cond, n := e.pointer("dst"), e.pointer("cond"), e.length("dst")
	a, s := e.pointer("a"), e.scalar("s")
	other := Load(Param("want"), GP32())
	XORL(U8(1), other)
	x := XMM()
	VMOVD(other, x)
	flip := e.vec()
	VPBROADCASTD(x, flip)
	e.eachBytes(n, func(i reg.Register) {
		v := e.loadBytes(byteAt(cond, i))
		e.xor(flip, v)
		e.store(e.choose(e.truth(v), e.load(at(a, i)), s), at(dst, i))
	})
	e.end()
}

// xor computes v ← v ⊻ a.
func (e *emitter) xor(a, v reg.VecVirtual) { VXORPS(a, v, v) }

func (e *emitter) reluGrad() {
	e.function("reluGrad", "(dst, dy, x []float32)")
	dst, dy, x, n, zero := e.pointer("dst"), e.pointer("dy"), e.pointer("x"), e.length("dst"), e.zero()
	e.each(n, func(i reg.Register) {
		c := e.compare(greaterEqual, e.load(at(x, i)), zero)
		e.store(e.keep(c, e.load(at(dy, i))), at(dst, i))
	})
	e.end()
}
