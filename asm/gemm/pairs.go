package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotPairs is VDPBF16PS: sum += x's pairs of bfloat16 · y's. Neither Go's assembler nor avo knows it.
func dotPairs(x, y, sum reg.VecPhysical) { evex(2, 0x52, x, y, sum) }

// roundPairs is VCVTNE2PS2BF16: the 16 numbers of low and the 16 of high, rounded to bfloat16, one after the other.
func roundPairs(low, high, to reg.VecPhysical) { evex(3, 0x72, low, high, to) }

// evex encodes an instruction on three 512-bit registers of the opcode map 0F38, in Go's order of operands. The prefix
// is 2 for F3 and 3 for F2. (Intel's manual, volume 2, section 2.7.)
func evex(prefix, opcode byte, rm, vvvv, r reg.VecPhysical) {
	low, middle, high := number(rm), number(vvvv), number(r)
	not := func(bits byte, i int) byte { return ^bits >> i & 1 }
	p0 := not(high, 3)<<7 | not(low, 4)<<6 | not(low, 3)<<5 | not(high, 4)<<4 | 2
	p1 := ^middle&15<<3 | 4 | prefix
	p2 := byte(2<<5) | not(middle, 4)<<3
	modrm := 0xC0 | high&7<<3 | low&7
	emit("LONG", U32(uint32(0x62)|uint32(p0)<<8|uint32(p1)<<16|uint32(p2)<<24))
	emit("WORD", U16(uint16(opcode)|uint16(modrm)<<8))
}

// number is a register's number in encodings.
func number(r reg.VecPhysical) byte { return byte(slices.Index(zmm, r)) }

func emit(directive string, value Op) {
	Instruction(&ir.Instruction{Opcode: directive, Operands: []Op{value}})
}

// packPairs generates the interleaving of rows of numbers, rounded to bfloat16.
func (v *vectors) packPairs() {
	order := GLOBL("pairOrder", RODATA|NOPTR)
	for i := range 32 {
		DATA(2*i, U16(i%2*16+i/2))
	}
	TEXT("packPairsAVX512", NOSPLIT, "func(dst, a, b *float32, n, stride int)")
	Doc("packPairsAVX512 is packPairsPortable for 32 columns.")
	dst, a, b, n, stride := reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI
	Load(Param("dst"), dst)
	Load(Param("a"), a)
	Load(Param("b"), b)
	Load(Param("n"), n)
	Load(Param("stride"), stride)
	VMOVDQU64(order, reg.Z31)
	Label("row")
	for half := range 2 {
		x, y, both := v.all[3*half], v.all[3*half+1], v.all[3*half+2]
		VMOVUPS(Mem{Base: a, Disp: half * v.bytes}, x)
		VMOVUPS(Mem{Base: b, Disp: half * v.bytes}, y)
		roundPairs(x, y, both)
		VPERMW(both, reg.Z31, both)
		VMOVDQU64(both, Mem{Base: dst, Disp: half * v.bytes})
	}
	ADDQ(stride, a)
	ADDQ(stride, b)
	ADDQ(Imm(uint64(2*v.bytes)), dst)
	DECQ(n)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
