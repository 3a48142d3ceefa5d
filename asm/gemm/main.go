// Command gemm generates the micro-kernels of package kernel's matrix products. Run go generate in internal/kernel.
//
// Every kernel is the loop of tilePortable for a fixed number of rows and two vectors of columns, with all sums in
// registers: per step two loads of the packed right operand, one broadcast per row, two multiply-adds per row. Narrow
// kernels have one vector of columns and a mask for it; kernels by channel load the left operand instead of broadcasting.
package main

import (
	"fmt"
	"sync"

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
	tileKind
	tileCols
	tileSlopes
	tileSlope
	tileLow  = tileSlope + 4
	tileHigh = tileSlope + 8
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
	flagSlopes
	flagClip
	flagResidualLast
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
	for _, v := range []vectors{
		{name: "AVX512", bytes: 64, rows: 12, all: zmm, halves: 2, kinds: []kind{plain, pairs, byChannel, sliding, slidingBy2}},
		{name: "AVX2", bytes: 32, rows: 6, all: ymm, halves: 2, kinds: []kind{plain, byChannel}},
	} {
		v.tiles()
		v.packRows()
		v.peak()
		if v.bytes == 64 {
			v.packPairs()
		}
		v.narrowTiles()
	}
	Generate()
}

// kind is how a step multiplies.
type kind int

// The kinds of type tile.
const (
	plain kind = iota
	pairs
	byChannel
	sliding
	slidingBy2
)

func (k kind) String() string {
	return [...]string{"plain", "pairs", "byChannel", "sliding", "slidingBy2"}[k]
}

// vectors is an instruction set's registers and the number of rows they can hold sums for.
type vectors struct {
	name  string
	bytes int
	rows  int
	all   []reg.VecPhysical

	kinds []kind

	halves int             // vectors of columns: 2, or 1 with a mask
	mask   reg.VecPhysical // of AVX2; AVX-512 has K1
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

func (v *vectors) narrow() bool { return v.halves == 1 }

// sum is the register with half 0 or 1 of a row's sums.
func (v *vectors) sum(row, half int) reg.VecPhysical { return v.all[v.halves*row+half] }

// spare is a register that holds no sum.
func (v *vectors) spare(i int) reg.VecPhysical {
	free := v.all[v.halves*v.rows:]
	return free[i%len(free)]
}

func (v *vectors) zero(r reg.VecPhysical) {
	if v.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// narrowTiles generates the kernels of one vector of columns.
func (v vectors) narrowTiles() {
	v.name, v.halves = "Narrow"+v.name, 1
	if v.bytes == 32 {
		v.mask, v.all = v.all[15], v.all[:15]
	}
	v.tiles()
}

// tiles generates one function for all numbers of rows and all kinds.
func (v *vectors) tiles() {
	TEXT("tile"+v.name, NOSPLIT, "func(rows int, t *int)")
	Doc(fmt.Sprintf("tile%s is the portable loop for up to %d rows of %d columns.", v.name, v.rows, v.halves*v.bytes/4))
	locals := AllocLocal(64)
	if v.narrow() {
		v.loadMask()
	}
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
		v.slidingProducts(rows)
	}
}

func (v *vectors) label(name string, rows int) string { return fmt.Sprintf("%s%d", name, rows) }

// loop is where a tile keeps what its loops need: on the stack, or in registers that its rows leave free.
type loop struct {
	length, count, bStart, segment, end, aStep, bStep, aheadStep Op
}

func (v *vectors) loop(rows int, locals Mem) loop {
	at := func(i int) Op { return locals.Offset(8 * i) }
	l := loop{length: at(0), count: at(1), bStart: at(2), segment: at(3), end: at(4), aStep: at(5), bStep: at(6), aheadStep: at(7)}
	for i, free := range rowPointers[rows:] {
		if wanted := []*Op{&l.end, &l.aStep, &l.bStep, &l.aheadStep}; i < len(wanted) {
			*wanted[i] = free
		}
	}
	return l
}

// products sums up all products of a tile.
func (v *vectors) products(rows int, locals Mem) {
	l := v.loop(rows, locals)
	Load(Param("t"), b)
	v.slides(rows)
	for _, field := range []struct {
		offset int
		to     Op
	}{{tileAStep, l.aStep}, {tileBStep, l.bStep}, {tileCount, l.count}, {tileB, l.bStart}, {tileSegments, l.segment}, {tileAheadStep, l.aheadStep}} {
		MOVQ(Mem{Base: b, Disp: field.offset}, index)
		MOVQ(index, field.to)
	}
	MOVQ(Mem{Base: b, Disp: tileDepth}, index)
	IMULQ(l.aStep, index)
	MOVQ(index, l.length)
	MOVQ(Mem{Base: b, Disp: tileRows}, ahead)
	for r := range rows {
		MOVQ(Mem{Base: b, Disp: tileA}, rowPointers[r])
		ADDQ(Mem{Base: ahead, Disp: 8 * r}, rowPointers[r])
	}
	if v.narrow() {
		MOVQ(Mem{Base: b, Disp: tileBStep}, ahead)
	} else {
		MOVQ(Mem{Base: b, Disp: tileAhead}, ahead)
	}
	MOVQ(Mem{Base: b, Disp: tileKind}, index)
	v.eachSum(rows, func(sum reg.VecPhysical) { v.zero(sum) })
	CMPQ(l.count, Imm(0))
	JEQ(LabelRef(v.label("summed", rows)))
	for _, k := range v.kinds[1:] {
		if k.stride() > 0 {
			continue
		}
		CMPQ(index, Imm(uint64(k)))
		JEQ(LabelRef(v.label(k.String()+"Segment", rows)))
	}
	for i, k := range v.kinds {
		if k.stride() > 0 {
			continue
		}
		if i > 0 {
			JMP(LabelRef(v.label("summed", rows)))
		}
		if k == byChannel {
			v.taps(rows, l)
		} else {
			v.segments(rows, k, l)
		}
	}
	Label(v.label("summed", rows))
}

// taps sums up the products by channel of all segments, which have one each. Loads are the bottleneck here, so the
// pointer to the segments stays in a register.
func (v *vectors) taps(rows int, l loop) {
	Label(v.label(byChannel.String()+"Segment", rows))
	MOVQ(l.segment, ahead)
	MOVQ(l.count, index)
	SHLQ(Imm(4), index)
	ADDQ(ahead, index)
	MOVQ(index, l.end)
	Label(v.label("tap", rows))
	MOVQ(Mem{Base: ahead}, index)
	MOVQ(Mem{Base: ahead, Disp: 8}, b)
	ADDQ(Imm(16), ahead)
	ADDQ(l.bStart, b)
	v.step(rows, byChannel)
	CMPQ(ahead, l.end)
	JNE(LabelRef(v.label("tap", rows)))
}

// segments sums up the products of all segments.
func (v *vectors) segments(rows int, k kind, l loop) {
	Label(v.label(k.String()+"Segment", rows))
	MOVQ(l.segment, b)
	ADDQ(Imm(16), l.segment)
	MOVQ(Mem{Base: b}, index)
	MOVQ(Mem{Base: b, Disp: 8}, b)
	ADDQ(l.bStart, b)
	ADDQ(l.length, index)
	MOVQ(index, l.end)
	SUBQ(l.length, index)
	Label(v.label(k.String()+"Product", rows))
	v.step(rows, k)
	if v.narrow() { // bound by its loads: it asks for nothing ahead and keeps bStep there
		ADDQ(ahead, b)
	} else {
		PREFETCHT1(Mem{Base: ahead})
		ADDQ(l.aheadStep, ahead)
		ADDQ(l.bStep, b)
	}
	ADDQ(l.aStep, index)
	CMPQ(index, l.end)
	JNE(LabelRef(v.label(k.String()+"Product", rows)))
	DECQ(l.count)
	JNE(LabelRef(v.label(k.String()+"Segment", rows)))
}

// step adds the products of one number per row, or one vector by channel, with one row of the right operand.
func (v *vectors) step(rows int, k kind) {
	for half := range v.halves {
		v.load(Mem{Base: b, Disp: half * v.bytes}, v.spare(half))
	}
	others := len(v.all) - v.halves*(v.rows+1)
	for r := range rows {
		x := v.spare(v.halves + r%others)
		left := Mem{Base: rowPointers[r], Index: index, Scale: 1}
		if k == byChannel {
			v.stepByChannel(r, left, x)
			continue
		}
		if v.narrow() && v.bytes == 64 && k == plain { // one instruction where only one sum needs the number
			VFMADD231PS_BCST(left, v.spare(0), v.sum(r, 0))
			continue
		}
		VBROADCASTSS(left, x)
		for half := range v.halves {
			if k == pairs {
				dotPairs(v.spare(half), x, v.sum(r, half))
			} else {
				VFMADD231PS(v.spare(half), x, v.sum(r, half))
			}
		}
	}
}

// stepByChannel adds the products of one row's vectors.
func (v *vectors) stepByChannel(r int, left Mem, x reg.VecPhysical) {
	for half := range v.halves {
		from := left.Offset(half * v.bytes)
		switch {
		case !v.narrow():
			VFMADD231PS(from, v.spare(half), v.sum(r, half))
		case v.bytes == 64:
			VFMADD231PS(from, v.spare(half), reg.K1, v.sum(r, half))
		default:
			v.load(from, x)
			VFMADD231PS(x, v.spare(half), v.sum(r, half))
		}
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
	v.when(rows, flagResidual, "residual", func() { v.addResidual(rows) })
	v.when(rows, flagReLU, "relu", func() {
		v.zero(v.spare(0))
		v.eachSum(rows, func(sum reg.VecPhysical) { VMAXPS(sum, v.spare(0), sum) }) // a NaN or -0 in sum wins
	})
	v.when(rows, flagLeakyReLU, "leaky", func() {
		VBROADCASTSS(Mem{Base: tile, Disp: tileSlope}, v.spare(0))
		v.leaky(rows, func(int) reg.VecPhysical { return v.spare(0) })
	})
	v.when(rows, flagSlopes, "slopes", func() {
		v.loadColumns(tileSlopes)
		v.leaky(rows, v.spare)
	})
	v.when(rows, flagClip, "clip", func() {
		VBROADCASTSS(Mem{Base: tile, Disp: tileLow}, v.spare(0))
		VBROADCASTSS(Mem{Base: tile, Disp: tileHigh}, v.spare(1))
		v.eachSum(rows, func(sum reg.VecPhysical) {
			VMAXPS(sum, v.spare(0), sum) // NaN wins
			VMINPS(sum, v.spare(1), sum)
		})
	})
	v.when(rows, flagResidualLast, "last", func() { v.addResidual(rows) })
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
		for half := range v.halves {
			body(v.sum(r, half))
		}
	}
}

func (v *vectors) addResidual(rows int) {
	MOVQ(Mem{Base: tile, Disp: tileResidual}, residual)
	v.addRows(rows, residual)
}

// addRows adds memory that is laid out like the output.
func (v *vectors) addRows(rows int, base reg.Register) {
	for r := range rows {
		MOVQ(Mem{Base: out, Disp: 8 * r}, at)
		for half := range v.halves {
			from := Mem{Base: base, Index: at, Scale: 1, Disp: half * v.bytes}
			if v.narrow() {
				v.load(from, v.spare(0))
				VADDPS(v.spare(0), v.sum(r, half), v.sum(r, half))
			} else {
				VADDPS(from, v.sum(r, half), v.sum(r, half))
			}
		}
	}
}

// withColumns applies an instruction with one operand per column.
func (v *vectors) withColumns(rows, field int, instruction func(...Op)) {
	v.loadColumns(field)
	for r := range rows {
		for half := range v.halves {
			instruction(v.spare(half), v.sum(r, half), v.sum(r, half))
		}
	}
}

// loadColumns loads one number per column.
func (v *vectors) loadColumns(field int) {
	MOVQ(Mem{Base: tile, Disp: field}, at)
	for half := range v.halves {
		v.load(Mem{Base: at, Disp: half * v.bytes}, v.spare(half))
	}
}

// leaky multiplies the negative sums by the slopes of their half.
func (v *vectors) leaky(rows int, slope func(half int) reg.VecPhysical) {
	scaled := v.spare(2)
	v.zero(scaled)
	for r := range rows {
		for half := range v.halves {
			sum := v.sum(r, half)
			if v.bytes == 64 {
				VCMPPS(Imm(1), scaled, sum, reg.K2) // sum < 0
				VMULPS(slope(half), sum, reg.K2, sum)
				continue
			}
			VMULPS(slope(half), sum, scaled)
			VBLENDVPS(sum, scaled, sum, sum) // by the sign of sum
		}
	}
}

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
