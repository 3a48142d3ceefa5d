package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Predicates of VCMPPS: ordered and quiet, but for the two that say so.
const (
	equal        = 0x00
	notEqual     = 0x04 // or unordered
	less         = 0x11
	lessEqual    = 0x12
	unordered    = 0x03
	greaterEqual = 0x1d
	greater      = 0x1e
)

// emitter writes instructions for one instruction set.
type emitter struct {
	avx512    bool
	width     int    // numbers in a vector
	suffix    string // of function names
	constants map[uint32]Mem
	masks     Mem // 64 set and 64 clear words

	masked   bool // the code being written handles fewer than width numbers
	mask     reg.Register
	maskBase reg.Register // AVX2: where the next vectors' masks are
	labels   int
}

func newEmitter(avx512 bool) *emitter {
	e := &emitter{avx512: avx512, width: 8, suffix: "AVX2", constants: map[uint32]Mem{}}
	if avx512 {
		e.width, e.suffix = 16, "AVX512"
		return e
	}
	e.masks = GLOBL("tailMasks", attr.RODATA|attr.NOPTR)
	for i := range 128 {
		var word uint32
		if i < 64 {
			word = math.MaxUint32
		}
		DATA(4*i, U32(word))
	}
	return e
}

// function begins a function of the given parameters, and optionally results.
func (e *emitter) function(name, signature string) {
	TEXT(name+e.suffix, attr.NOSPLIT, "func"+signature)
	Pragma("noescape")
}

func (e *emitter) end() {
	VZEROUPPER()
	RET()
}

func (e *emitter) label(name string) string {
	e.labels++
	return fmt.Sprintf("%s%d", name, e.labels)
}

// pointer loads the address of a slice parameter.
func (e *emitter) pointer(name string) reg.GPVirtual {
	return Load(Param(name).Base(), GP64()).(reg.GPVirtual)
}

func (e *emitter) length(name string) reg.GPVirtual {
	return Load(Param(name).Len(), GP64()).(reg.GPVirtual)
}

func (e *emitter) integer(name string) reg.GPVirtual {
	return Load(Param(name), GP64()).(reg.GPVirtual)
}

func (e *emitter) vec() reg.VecVirtual {
	if e.avx512 {
		return ZMM()
	}
	return YMM()
}

// scalar broadcasts a float32 parameter.
func (e *emitter) scalar(name string) reg.VecVirtual {
	address, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return e.broadcast(address.Addr)
}

func (e *emitter) broadcast(m Op) reg.VecVirtual {
	v := e.vec()
	VBROADCASTSS(m, v)
	return v
}

// constant gives a vector of equal numbers as an operand: a register where there are plenty of them, so it is to be
// called before the loop, or memory, which an instruction takes as its first operand only.
func (e *emitter) constant(v float64) Op { return e.bits(math.Float32bits(float32(v))) }

func (e *emitter) bits(b uint32) Op {
	m := e.data(b)
	if e.avx512 {
		return e.broadcast(m)
	}
	return m
}

// memory gives a vector of equal numbers in memory, for those that are too many for the registers.
func (e *emitter) memory(v float64) Op { return e.data(math.Float32bits(float32(v))) }

// register gives a vector of equal numbers in a register.
func (e *emitter) register(v float64) reg.VecVirtual {
	return e.broadcast(e.data(math.Float32bits(float32(v))))
}

func (e *emitter) registerBits(b uint32) reg.VecVirtual { return e.broadcast(e.data(b)) }

func (e *emitter) data(b uint32) Mem {
	if m, ok := e.constants[b]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("all%08x", b), attr.RODATA|attr.NOPTR)
	for i := range e.width {
		DATA(4*i, U32(b))
	}
	e.constants[b] = m
	return m
}

func (e *emitter) zero() reg.VecVirtual {
	v := e.vec()
	VXORPS(v, v, v)
	return v
}

// each writes the code for every width numbers of n, and again for a remainder; body addresses them by the index i.
func (e *emitter) each(n reg.Register, body func(i reg.Register)) {
	i, limit := GP64(), GP64()
	loop, tail, done := e.label("loop"), e.label("tail"), e.label("done")
	XORQ(i, i)
	MOVQ(n, limit)
	SUBQ(U8(e.width), limit)
	JLT(LabelRef(tail))
	Label(loop)
	body(i)
	ADDQ(U8(e.width), i)
	CMPQ(i, limit)
	JLE(LabelRef(loop))
	Label(tail)
	ADDQ(U8(e.width), limit)
	SUBQ(i, limit)
	JLE(LabelRef(done))
	e.setMask(limit)
	e.masked = true
	body(i)
	e.masked = false
	Label(done)
}

// eachFull is each for a multiple of width.
func (e *emitter) eachFull(n reg.Register, body func(i reg.Register)) {
	i := GP64()
	loop, done := e.label("loop"), e.label("done")
	XORQ(i, i)
	CMPQ(i, n)
	JGE(LabelRef(done))
	Label(loop)
	body(i)
	ADDQ(U8(e.width), i)
	CMPQ(i, n)
	JLT(LabelRef(loop))
	Label(done)
}

// times writes a loop that runs body n times, n ≥ 1, and counts n down to 0.
func (e *emitter) times(n reg.Register, body func()) {
	loop := e.label("loop")
	Label(loop)
	body()
	DECQ(n)
	JNZ(LabelRef(loop))
}

// setMask makes a mask of the first n numbers, 0 ≤ n < 64; nextMask moves on to the following vector's.
func (e *emitter) setMask(n reg.Register) {
	if e.avx512 {
		ones, k := GP64(), K()
		MOVQ(I32(-1), ones)
		BZHIQ(n, ones, ones)
		KMOVQ(ones, k)
		e.mask = k
		return
	}
	at, base := GP64(), GP64()
	LEAQ(e.masks, base)
	MOVQ(U32(64), at)
	SUBQ(n, at)
	LEAQ(Mem{Base: base, Index: at, Scale: 4}, base)
	e.maskBase = base
	m := YMM()
	VMOVUPS(Mem{Base: base}, m)
	e.mask = m
}

func (e *emitter) nextMask() {
	if e.avx512 {
		KSHIFTRQ(U8(16), e.mask, e.mask)
		return
	}
	ADDQ(U8(32), e.maskBase)
	m := YMM()
	VMOVUPS(Mem{Base: e.maskBase}, m)
	e.mask = m
}

func at(base, i reg.Register) Mem { return Mem{Base: base, Index: i, Scale: 4} }

func byteAt(base, i reg.Register) Mem { return Mem{Base: base, Index: i, Scale: 1} }

// load reads a vector, with zeros beyond the mask.
func (e *emitter) load(m Mem) reg.VecVirtual {
	v := e.vec()
	switch {
	case !e.masked:
		VMOVUPS(m, v)
	case e.avx512:
		VMOVUPS_Z(m, e.mask, v)
	default:
		VMASKMOVPS(m, e.mask, v)
	}
	return v
}

// loadOr reads a vector, with fill's numbers beyond the mask.
func (e *emitter) loadOr(m Mem, fill reg.Register) reg.VecVirtual {
	if !e.masked {
		return e.load(m)
	}
	v := e.load(m)
	r := e.vec()
	if e.avx512 {
		VBLENDMPS(v, fill, e.mask, r)
	} else {
		VBLENDVPS(e.mask, v, fill, r)
	}
	return r
}

func (e *emitter) store(v reg.Register, m Mem) {
	switch {
	case !e.masked:
		VMOVUPS(v, m)
	case e.avx512:
		VMOVUPS(v, e.mask, m)
	default:
		VMASKMOVPS(v, e.mask, m)
	}
}

// compare gives the condition a ⋈ b: an opmask, or a vector of set and clear words.
func (e *emitter) compare(predicate int, a reg.Register, b Op) reg.Register {
	var c reg.Register = K()
	if !e.avx512 {
		c = YMM()
	}
	VCMPPS(U8(predicate), b, a, c)
	return c
}

// or gives the condition a ∨ b in a.
func (e *emitter) or(a, b reg.Register) reg.Register {
	if e.avx512 {
		KORW(b, a, a)
	} else {
		VORPS(b, a, a)
	}
	return a
}

// choose gives yes where the condition holds, no elsewhere; yes may be a constant.
func (e *emitter) choose(c reg.Register, yes Op, no reg.Register) reg.VecVirtual {
	r := e.vec()
	if e.avx512 {
		VBLENDMPS(yes, no, c, r)
	} else {
		VBLENDVPS(c, yes, no, r)
	}
	return r
}

// keep gives v where the condition holds, +0 elsewhere.
func (e *emitter) keep(c reg.Register, v reg.Register) reg.VecVirtual {
	r := e.vec()
	if e.avx512 {
		VMOVAPS_Z(v, c, r)
	} else {
		VANDPS(v, c, r)
	}
	return r
}

func (e *emitter) add(a reg.Register, b Op) reg.VecVirtual {
	r := e.vec()
	VADDPS(b, a, r)
	return r
}

// sub computes a - b.
func (e *emitter) sub(a reg.Register, b Op) reg.VecVirtual {
	r := e.vec()
	VSUBPS(b, a, r)
	return r
}

func (e *emitter) mul(a reg.Register, b Op) reg.VecVirtual {
	r := e.vec()
	VMULPS(b, a, r)
	return r
}

// div computes a / b.
func (e *emitter) div(a reg.Register, b Op) reg.VecVirtual {
	r := e.vec()
	VDIVPS(b, a, r)
	return r
}

// max computes the portable loops' maxOf(a, b): VMAXPS gives b if either is NaN.
func (e *emitter) max(a reg.Register, b reg.Register) reg.VecVirtual {
	r := e.vec()
	VMAXPS(b, a, r)
	return e.choose(e.compare(unordered, a, a), a, r)
}

func (e *emitter) min(a reg.Register, b reg.Register) reg.VecVirtual {
	r := e.vec()
	VMINPS(b, a, r)
	return e.choose(e.compare(unordered, a, a), a, r)
}

// relu computes 0 where v < 0, v elsewhere.
func (e *emitter) relu(v, zero reg.Register) reg.VecVirtual {
	r := e.vec()
	VMAXPS(v, zero, r)
	return r
}

func (e *emitter) copy(v reg.Register) reg.VecVirtual {
	r := e.vec()
	VMOVAPS(v, r)
	return r
}
