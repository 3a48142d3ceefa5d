package main

import (
	"fmt"
	"sync"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// loadMask makes the mask of a narrow tile's columns.
func (v *vectors) loadMask() {
	Load(Param("t"), reg.RAX)
	MOVQ(Mem{Base: reg.RAX, Disp: tileCols}, reg.RBX)
	if v.bytes == 64 {
		MOVQ(I32(-1), reg.RCX)
		BZHIQ(reg.RBX, reg.RCX, reg.RCX)
		KMOVQ(reg.RCX, reg.K1)
		return
	}
	NEGQ(reg.RBX)
	LEAQ(columnMasks(), reg.RCX)
	VMOVUPS(Mem{Base: reg.RCX, Index: reg.RBX, Scale: 4, Disp: 8 * 4}, v.mask)
}

// columnMasks is 8 set and 8 clear words.
var columnMasks = sync.OnceValue(func() Mem {
	masks := GLOBL("columnMasks", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, I32(-(8-min(i, 8)+7)/8))
	}
	return masks
})

// load reads one vector, only the columns of the mask if the tile is narrow.
func (v *vectors) load(from Mem, to reg.VecPhysical) {
	switch {
	case !v.narrow():
		VMOVUPS(from, to)
	case v.bytes == 64:
		VMOVUPS_Z(from, reg.K1, to)
	default:
		VMASKMOVPS(from, v.mask, to)
	}
}

// store writes the sums out, past the caches if the flag says so.
func (v *vectors) store(rows int) {
	if v.narrow() {
		v.storeWith(rows, func(x, to Op) {
			if v.bytes == 64 {
				VMOVUPS(x, reg.K1, to)
			} else {
				VMASKMOVPS(x, v.mask, to)
			}
		})
		return
	}
	TESTQ(U32(flagStream), flags)
	JNE(LabelRef(v.label("stream", rows)))
	v.storeWith(rows, func(x, to Op) { VMOVUPS(x, to) })
	Label(v.label("stream", rows))
	v.storeWith(rows, VMOVNTPS)
}

func (v *vectors) storeWith(rows int, instruction func(x, to Op)) {
	for r := range rows {
		MOVQ(Mem{Base: out, Disp: 8 * r}, at)
		for half := range v.halves {
			instruction(v.sum(r, half), Mem{Base: c, Index: at, Scale: 1, Disp: half * v.bytes})
		}
	}
	VZEROUPPER()
	RET()
}

// packRows generates the copy of a panel's rows. They lie far apart, where no prefetching by the processor helps.
func (v *vectors) packRows() {
	TEXT("packRows"+v.name, NOSPLIT, "func(dst, src *float32, n, stride int)")
	Doc(fmt.Sprintf("packRows%s copies n rows of %d numbers that lie stride bytes apart to one place.", v.name, v.bytes/2))
	dst, src, n, stride, ahead := reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("n"), n)
	Load(Param("stride"), stride)
	MOVQ(stride, ahead)
	SHLQ(Imm(4), ahead)
	Label("row")
	for half := range 2 {
		PREFETCHT0(Mem{Base: src, Index: ahead, Scale: 1, Disp: half * v.bytes})
		VMOVUPS(Mem{Base: src, Disp: half * v.bytes}, v.all[half])
		VMOVUPS(v.all[half], Mem{Base: dst, Disp: half * v.bytes})
	}
	ADDQ(stride, src)
	ADDQ(Imm(uint64(2*v.bytes)), dst)
	DECQ(n)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
