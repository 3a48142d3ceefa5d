// Command gemm generates the micro-kernels of package kernel's matrix products. Run go generate in internal/kernel.
//
// Every kernel is the loop of tilePortable for a fixed number of rows and two vectors of columns, with all sums in
// registers: per step two loads of the packed right operand, one broadcast per row, two multiply-adds per row.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of type tile.
const (
	tileA = 8 * iota
	tileRows
	tileSegments
	tileCount
	tileDepth
	tileAStep
	tileB
	tileBStep
	tileC
	tileOut
	tileFlags
	tileScale
	tileShift
	tileResidual
	tileAhead
	tileAheadStep
	tileSlope
)

// Bits of tile.flags.
const (
	flagAccumulate = 1 << iota
	flagScale
	flagShift
	flagResidual
	flagReLU
	flagLeakyReLU
	flagStream
)

// The general registers: one pointer per row while summing, free afterwards.
var (
	rowPointers = []reg.GPPhysical{reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI, reg.RDI, reg.RBP, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12}
	index       = reg.R13 // bytes from the row pointers to the current number
	b           = reg.R14
	ahead       = reg.R15

	tile     = reg.RAX
	flags    = reg.RBX
	c        = reg.RCX
	out      = reg.RDX
	residual = reg.RSI
	at       = reg.RDI
)

func main() {
	ConstraintExpr("amd64")
	for _, v := range []*vectors{
		{name: "AVX512", bytes: 64, rows: 12, all: zmm},
		{name: "AVX2", bytes: 32, rows: 6, all: ymm},
	} {
		v.tiles()
		v.packRows()
		v.peak()
	}
	pairs := vectors{name: "PairsAVX512", bytes: 64, rows: 12, all: zmm, pairs: true}
	pairs.tiles()
	pairs.packPairs()
	Generate()
}

// vectors is an instruction set's registers and the number of rows they can hold sums for.
type vectors struct {
	name  string
	bytes int
	rows  int
	all   []reg.VecPhysical
	pairs bool // whether a number is a pair of bfloat16
}

var (
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	ymm = []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
	}
)

// sum is the register with half 0 or 1 of a row's sums.
func (v *vectors) sum(row, half int) reg.VecPhysical { return v.all[2*row+half] }

// spare is a register that holds no sum.
func (v *vectors) spare(i int) reg.VecPhysical {
	free := v.all[2*v.rows:]
	return free[i%len(free)]
}

func (v *vectors) zero(r reg.VecPhysical) {
	if v.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// tiles generates one function for all numbers of rows.
func (v *vectors) tiles() {
	TEXT("tile"+v.name, NOSPLIT, "func(rows int, t *int)")
	Doc(fmt.Sprintf("tile%s is the portable loop for up to %d rows of %d columns.", v.name, v.rows, v.bytes/2))
	locals := AllocLocal(64)
	Load(Param("rows"), reg.R13)
	for rows := v.rows; rows > 1; rows-- {
		CMPQ(reg.R13, Imm(uint64(rows)))
		JEQ(LabelRef(v.label("rows", rows)))
	}
	for rows := 1; rows <= v.rows; rows++ {
		Label(v.label("rows", rows))
		v.products(rows, locals)
		v.epilogue(rows)
		v.store(rows)
	}
}

func (v *vectors) label(name string, rows int) string { return fmt.Sprintf("%s%d", name, rows) }

// products sums up all products of a tile.
func (v *vectors) products(rows int, locals Mem) {
	length, count, bStart, segment := locals.Offset(0), locals.Offset(8), locals.Offset(16), locals.Offset(24)
	var end, aStep, bStep, aheadStep Op = locals.Offset(32), locals.Offset(40), locals.Offset(48), locals.Offset(56)
	if free := rowPointers[rows:]; len(free) >= 4 {
		end, aStep, bStep, aheadStep = free[0], free[1], free[2], free[3]
	}
	Load(Param("t"), b)
	for _, field := range []struct {
		offset int
		to     Op
	}{{tileAStep, aStep}, {tileBStep, bStep}, {tileCount, count}, {tileB, bStart}, {tileSegments, segment}, {tileAheadStep, aheadStep}} {
		MOVQ(Mem{Base: b, Disp: field.offset}, index)
		MOVQ(index, field.to)
	}
	MOVQ(Mem{Base: b, Disp: tileDepth}, index)
	IMULQ(aStep, index)
	MOVQ(index, length)
	MOVQ(Mem{Base: b, Disp: tileRows}, ahead)
	for r := range rows {
		MOVQ(Mem{Base: b, Disp: tileA}, rowPointers[r])
		ADDQ(Mem{Base: ahead, Disp: 8 * r}, rowPointers[r])
	}
	MOVQ(Mem{Base: b, Disp: tileAhead}, ahead)
	for r := range rows {
		v.zero(v.sum(r, 0))
		v.zero(v.sum(r, 1))
	}
	CMPQ(count, Imm(0))
	JEQ(LabelRef(v.label("summed", rows)))

	Label(v.label("segment", rows))
	MOVQ(segment, b)
	ADDQ(Imm(16), segment)
	MOVQ(Mem{Base: b}, index)
	MOVQ(Mem{Base: b, Disp: 8}, b)
	ADDQ(bStart, b)
	ADDQ(length, index)
	MOVQ(index, end)
	SUBQ(length, index)
	Label(v.label("product", rows))
	v.step(rows)
	PREFETCHT1(Mem{Base: ahead})
	ADDQ(aheadStep, ahead)
	ADDQ(bStep, b)
	ADDQ(aStep, index)
	CMPQ(index, end)
	JNE(LabelRef(v.label("product", rows)))
	DECQ(count)
	JNE(LabelRef(v.label("segment", rows)))
	Label(v.label("summed", rows))
}

// step adds the products of one number per row with one row of the right operand.
func (v *vectors) step(rows int) {
	left, right := v.spare(0), v.spare(1)
	VMOVUPS(Mem{Base: b}, left)
	VMOVUPS(Mem{Base: b, Disp: v.bytes}, right)
	broadcasts := len(v.all) - 2*v.rows - 2
	for r := range rows {
		x := v.spare(2 + r%broadcasts)
		VBROADCASTSS(Mem{Base: rowPointers[r], Index: index, Scale: 1}, x)
		v.multiplyAdd(left, x, v.sum(r, 0))
		v.multiplyAdd(right, x, v.sum(r, 1))
	}
}

func (v *vectors) multiplyAdd(x, y, sum reg.VecPhysical) {
	if v.pairs {
		dotPairs(x, y, sum)
	} else {
		VFMADD231PS(x, y, sum)
	}
}

// epilogue applies the flags to the sums.
func (v *vectors) epilogue(rows int) {
	Load(Param("t"), tile)
	MOVQ(Mem{Base: tile, Disp: tileFlags}, flags)
	MOVQ(Mem{Base: tile, Disp: tileC}, c)
	MOVQ(Mem{Base: tile, Disp: tileOut}, out)
	v.when(rows, flagAccumulate, "accumulated", func() { v.addRows(rows, c) })
	v.when(rows, flagScale, "scaled", func() { v.withColumns(rows, tileScale, VMULPS) })
	v.when(rows, flagShift, "shifted", func() { v.withColumns(rows, tileShift, VADDPS) })
	v.when(rows, flagResidual, "residual", func() {
		MOVQ(Mem{Base: tile, Disp: tileResidual}, residual)
		v.addRows(rows, residual)
	})
	v.when(rows, flagReLU, "relu", func() {
		v.zero(v.spare(0))
		v.eachSum(rows, func(sum reg.VecPhysical) { VMAXPS(sum, v.spare(0), sum) }) // a NaN or -0 in sum wins
	})
	v.when(rows, flagLeakyReLU, "leaky", func() { v.leaky(rows) })
}

// when generates code that runs if a flag is set.
func (v *vectors) when(rows, flag int, name string, body func()) {
	TESTQ(U32(flag), flags)
	JEQ(LabelRef(v.label(name, rows)))
	body()
	Label(v.label(name, rows))
}

func (v *vectors) eachSum(rows int, body func(sum reg.VecPhysical)) {
	for r := range rows {
		body(v.sum(r, 0))
		body(v.sum(r, 1))
	}
}

// addRows adds memory that is laid out like the output.
func (v *vectors) addRows(rows int, base reg.Register) {
	for r := range rows {
		MOVQ(Mem{Base: out, Disp: 8 * r}, at)
		for half := range 2 {
			VADDPS(Mem{Base: base, Index: at, Scale: 1, Disp: half * v.bytes}, v.sum(r, half), v.sum(r, half))
		}
	}
}

// withColumns applies an instruction with one operand per column.
func (v *vectors) withColumns(rows, field int, instruction func(...Op)) {
	MOVQ(Mem{Base: tile, Disp: field}, at)
	for half := range 2 {
		VMOVUPS(Mem{Base: at, Disp: half * v.bytes}, v.spare(half))
	}
	for r := range rows {
		for half := range 2 {
			instruction(v.spare(half), v.sum(r, half), v.sum(r, half))
		}
	}
}

// leaky multiplies the negative sums by the slope.
func (v *vectors) leaky(rows int) {
	slope, scaled := v.spare(0), v.spare(1)
	VBROADCASTSS(Mem{Base: tile, Disp: tileSlope}, slope)
	if v.bytes == 64 {
		v.zero(scaled)
		v.eachSum(rows, func(sum reg.VecPhysical) {
			VCMPPS(Imm(1), scaled, sum, reg.K1) // sum < 0
			VMULPS(slope, sum, reg.K1, sum)
		})
		return
	}
	v.eachSum(rows, func(sum reg.VecPhysical) {
		VMULPS(slope, sum, scaled)
		VBLENDVPS(sum, scaled, sum, sum) // by the sign of sum
	})
}

// store writes the sums out, past the caches if the flag says so.
func (v *vectors) store(rows int) {
	TESTQ(U32(flagStream), flags)
	JNE(LabelRef(v.label("stream", rows)))
	v.storeWith(rows, func(x, to Op) { VMOVUPS(x, to) })
	Label(v.label("stream", rows))
	v.storeWith(rows, VMOVNTPS)
}

func (v *vectors) storeWith(rows int, instruction func(x, to Op)) {
	for r := range rows {
		MOVQ(Mem{Base: out, Disp: 8 * r}, at)
		for half := range 2 {
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

// peak generates a loop of nothing but multiply-adds.
func (v *vectors) peak() {
	TEXT("peak"+v.name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("peak%s runs n times %d independent multiply-adds of a vector.", v.name, 2*v.rows))
	Load(Param("n"), reg.RAX)
	for _, r := range v.all {
		v.zero(r)
	}
	Label("loop")
	v.eachSum(v.rows, func(sum reg.VecPhysical) { VFMADD231PS(v.spare(0), v.spare(1), sum) })
	DECQ(reg.RAX)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
