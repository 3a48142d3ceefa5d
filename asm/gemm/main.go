// Command gemm generates the micro-kernels of package kernel's matrix products. Run go generate in internal/kernel.
//
// Every kernel is the loop of tilePortable for a fixed number of rows and two vectors of columns, with all sums in
// registers: per step two loads of the packed right operand, one broadcast per row, two multiply-adds per row. Narrow
// kernels have one vector of columns and a mask for it; kernels by channel load the left operand instead of broadcasting.
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
