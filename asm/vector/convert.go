package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (e *emitter) conversions() {
	e.toBFloat16()
	e.fromBFloat16()
	if !e.avx512 {
		e.transpose8()
	}
}

func halfAt(base, i reg.Register) Mem { return Mem{Base: base, Index: i, Scale: 2} }

func (e *emitter) toBFloat16() {
	e.function("toBFloat16", "(dst []uint16, x []float32)")
	dst, x, n := e.pointer("dst"), e.pointer("x"), e.length("dst")
	one, half, quiet := e.registerBits(1), e.registerBits(0x7fff), e.registerBits(0x400000)
	e.eachBytes(n, func(i reg.Register) {
		v := e.load(at(x, i))
		r, nan := e.vec(), e.vec()
		VPSRLD(U8(16), v, r)
		VANDPS(one, r, r)
		VPADDD(half, r, r)
		VPADDD(v, r, r)
		VORPS(quiet, v, nan)
		r = e.choose(e.compare(unordered, v, v), nan, r)
		VPSRLD(U8(16), r, r)
		e.storeHalves(r, halfAt(dst, i))
	})
	e.end()
}

// storeHalves writes words as half words.
func (e *emitter) storeHalves(v reg.VecVirtual, m Mem) {
	switch {
	case e.masked:
		VPMOVDW(v, e.mask, m)
	case e.avx512:
		VPMOVDW(v, m)
	default:
		high, low := XMM(), XMM()
		VEXTRACTF128(U8(1), v, high)
		VPACKUSDW(high, v.AsX(), low)
		VMOVUPS(low, m)
	}
}

func (e *emitter) fromBFloat16() {
	e.function("fromBFloat16", "(dst []float32, x []uint16)")
	dst, x, n := e.pointer("dst"), e.pointer("x"), e.length("dst")
	e.eachBytes(n, func(i reg.Register) {
		v := e.vec()
		if e.masked {
			VPMOVZXWD_Z(halfAt(x, i), e.mask, v)
		} else {
			VPMOVZXWD(halfAt(x, i), v)
		}
		VPSLLD(U8(16), v, v)
		e.store(v, at(dst, i))
	})
	e.end()
}

// transpose8 transposes 8×8 numbers; the steps between rows are in numbers.
func (e *emitter) transpose8() {
	e.function("transpose8", "(dst []float32, dstStep int, src []float32, srcStep int)")
	dst, src, dstStep, srcStep := e.pointer("dst"), e.pointer("src"), e.integer("dstStep"), e.integer("srcStep")
	var rows, pairs, quads [8]reg.VecVirtual
	for r := range rows {
		rows[r] = e.load(Mem{Base: src})
		LEAQ(at(src, srcStep), src)
		pairs[r], quads[r] = YMM(), YMM()
	}
	for r := 0; r < 8; r += 2 { // columns 0 1 4 5 and 2 3 6 7 of two rows, interleaved
		VUNPCKLPS(rows[r+1], rows[r], pairs[r])
		VUNPCKHPS(rows[r+1], rows[r], pairs[r+1])
	}
	for half := 0; half < 8; half += 4 { // quads[half+k]: columns k and k+4 of four rows
		for k := range 2 {
			VSHUFPS(U8(0x44), pairs[half+2+k], pairs[half+k], quads[half+2*k])
			VSHUFPS(U8(0xee), pairs[half+2+k], pairs[half+k], quads[half+2*k+1])
		}
	}
	for c := range 8 {
		v := YMM()
		VPERM2F128(U8(0x20+0x11*(c/4)), quads[4+c%4], quads[c%4], v)
		e.store(v, Mem{Base: dst})
		LEAQ(at(dst, dstStep), dst)
	}
	e.end()
}
