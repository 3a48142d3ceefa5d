package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (e *emitter) pooling() {
	e.takeMax()
	e.takeMaxArg()
	e.maxPool2("maxPool2", false)
	e.maxPool2("maxPool2Arg", true)
	e.scatterArg()
	e.maxPool2Grad()
	e.reluArg()
}

// beats gives the condition that v is larger than best, or NaN.
func (e *emitter) beats(v, best reg.Register) reg.Register {
	return e.or(e.compare(greater, v, best), e.compare(unordered, v, v))
}

// replace puts v into r where the condition holds.
func (e *emitter) replace(c, v, r reg.Register) {
	if e.avx512 {
		VMOVAPS(v, c, r)
	} else {
		VBLENDVPS(c, v, r, r)
	}
}

func (e *emitter) takeMax() {
	e.function("takeMax", "(best, x []float32)")
	best, x, n := e.pointer("best"), e.pointer("x"), e.length("best")
	e.each(n, func(i reg.Register) {
		b, v := e.load(at(best, i)), e.load(at(x, i))
		e.replace(e.beats(v, b), v, b)
		e.store(b, at(best, i))
	})
	e.end()
}

// position broadcasts a byte parameter to words.
func (e *emitter) position(name string) reg.VecVirtual {
	p, x, v := GP32(), XMM(), e.vec()
	Load(Param(name), p)
	VMOVD(p, x)
	VPBROADCASTD(x, v)
	return v
}

func (e *emitter) takeMaxArg() {
	e.function("takeMaxArg", "(best []float32, arg []uint8, x []float32, at uint8)")
	best, arg, x, n := e.pointer("best"), e.pointer("arg"), e.pointer("x"), e.length("best")
	here := e.position("at")
	e.eachBytes(n, func(i reg.Register) {
		b, v, a := e.load(at(best, i)), e.load(at(x, i)), e.loadBytes(byteAt(arg, i))
		c := e.beats(v, b)
		e.replace(c, v, b)
		e.replace(c, here, a)
		e.store(b, at(best, i))
		e.storeBytes(a, byteAt(arg, i))
	})
	e.end()
}

// eachWindow writes body for each 2×2 window of a row of them, left to right, and each vector of its channels; it gets
// the addresses of the four pixels.
func (e *emitter) eachWindow(c, end reg.Register, x, row reg.GPVirtual, pooled reg.GPVirtual,
	channels func(n reg.Register, body func(i reg.Register)), step func(), body func(i reg.Register, pixel [4]Mem)) {
	loop, done := e.label("window"), e.label("done")
	below := GP64()
	LEAQ(at(x, row), below)
	Label(loop)
	CMPQ(pooled, end)
	JGE(LabelRef(done))
	right, belowRight := GP64(), GP64()
	LEAQ(at(x, c), right)
	LEAQ(at(below, c), belowRight)
	channels(c, func(i reg.Register) {
		body(i, [4]Mem{at(x, i), at(right, i), at(below, i), at(belowRight, i)})
	})
	LEAQ(at(right, c), x)
	LEAQ(at(belowRight, c), below)
	step()
	JMP(LabelRef(loop))
	Label(done)
}

func (e *emitter) maxPool2(name string, withArg bool) {
	signature := "(dst, x []float32, row, c int)"
	if withArg {
		signature = "(dst []float32, arg []uint8, x []float32, row, c int)"
	}
	e.function(name, signature)
	dst, end, x := e.pointer("dst"), e.length("dst"), e.pointer("x")
	row, c := e.integer("row"), e.integer("c")
	LEAQ(at(dst, end), end)
	arg := reg.GPVirtual(nil)
	channels := e.each
	var positions [4]reg.VecVirtual
	if withArg {
		arg, channels = e.pointer("arg"), e.eachBytes
		for k := 1; k < 4; k++ {
			positions[k] = e.registerBits(uint32(k))
		}
	}
	step := func() {
		LEAQ(at(dst, c), dst)
		if withArg {
			ADDQ(c, arg)
		}
	}
	e.eachWindow(c, end, x, row, dst, channels, step, func(i reg.Register, pixel [4]Mem) {
		best := e.load(pixel[0])
		position := e.zero()
		for k := 1; k < 4; k++ {
			v := e.load(pixel[k])
			beaten := e.beats(v, best)
			e.replace(beaten, v, best)
			if withArg {
				e.replace(beaten, positions[k], position)
			}
		}
		e.store(best, at(dst, i))
		if withArg {
			e.storeBytes(position, byteAt(arg, i))
		}
	})
	e.end()
}

// equalWords gives the condition that words are equal.
func (e *emitter) equalWords(a, b reg.Register) reg.Register {
	if e.avx512 {
		k := K()
		VPCMPEQD(a, b, k)
		return k
	}
	r := YMM()
	VPCMPEQD(a, b, r)
	return r
}

func (e *emitter) scatterArg() {
	e.function("scatterArg", "(dx, dy []float32, arg []uint8, at uint8)")
	dx, dy, arg, n := e.pointer("dx"), e.pointer("dy"), e.pointer("arg"), e.length("dx")
	here := e.position("at")
	e.eachBytes(n, func(i reg.Register) {
		d := e.load(at(dx, i))
		c := e.equalWords(e.loadBytes(byteAt(arg, i)), here)
		e.replace(c, e.add(d, e.load(at(dy, i))), d)
		e.store(d, at(dx, i))
	})
	e.end()
}

func (e *emitter) maxPool2Grad() {
	e.function("maxPool2Grad", "(dx, dy []float32, arg []uint8, row, c int)")
	dx, dy, end, arg := e.pointer("dx"), e.pointer("dy"), e.length("dy"), e.pointer("arg")
	row, c := e.integer("row"), e.integer("c")
	LEAQ(at(dy, end), end)
	var positions [4]reg.VecVirtual
	for k := range positions {
		positions[k] = e.registerBits(uint32(k))
	}
	step := func() {
		LEAQ(at(dy, c), dy)
		ADDQ(c, arg)
	}
	e.eachWindow(c, end, dx, row, dy, e.eachBytes, step, func(i reg.Register, pixel [4]Mem) {
		g, a := e.load(at(dy, i)), e.loadBytes(byteAt(arg, i))
		for k := range pixel {
			e.store(e.keep(e.equalWords(a, positions[k]), g), pixel[k])
		}
	})
	e.end()
}

// reluArg makes of a position other than the first the least number that y must not be below: the smallest positive
// one, whose bits are 1, or 0.
func (e *emitter) reluArg() {
	e.function("reluArg", "(y []float32, arg []uint8, first uint8)")
	y, arg, n, first := e.pointer("y"), e.pointer("arg"), e.length("y"), e.position("first")
	zero, one, dead := e.zero(), e.registerBits(1), e.registerBits(255)
	e.eachBytes(n, func(i reg.Register) {
		v, a, least := e.load(at(y, i)), e.loadBytes(byteAt(arg, i)), e.vec()
		VXORPS(first, a, least)
		VPMINUD(one, least, least)
		e.replace(e.compare(less, v, least), dead, a)
		e.store(e.relu(v, zero), at(y, i))
		e.storeBytes(a, byteAt(arg, i))
	})
	e.end()
}
