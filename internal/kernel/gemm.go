package kernel

import (
	"fmt"
	"unsafe"
)

// GemmShape describes a matrix product C = A·B of an M×K by a K×N matrix. TransA and TransB say that an operand lies
// transposed in memory. LDA, LDB and LDC are the distances of two rows in memory, in numbers; 0 means no gap.
type GemmShape struct {
	M, N, K        int
	TransA, TransB bool
	LDA, LDB, LDC  int
}

// Gemm is the plan of a matrix product; see [NewGemm].
type Gemm struct {
	GemmShape
	kernels   *productKernels
	rows, out []int       // byte offsets of the rows of one tile, in the left operand and in c
	turned    *turnedGemm // computes the transposed product instead of RunUnpacked, or nil
	apart     []int       // byte offsets of the rows of one tile in a copy
	aStep     int         // bytes from one k to the next in a
	panels    int
	height    int     // rows of a unit
	groups    int     // groups of panels, the second coordinate of a unit
	segment   segment // the only one of a plain product, at offset 0
}

const (
	gemmRows  = 384     // rows of a unit, at most
	gemmDepth = 512     // products before partial sums go back to memory: a tile's left operand stays in the L1 cache
	gemmBlock = 1 << 17 // numbers of the right operand that stay in the L2 cache
)

// NewGemm plans a matrix product. Where B changes between products run all units of [Gemm.RunUnpacked]; where one B
// serves many of them pack it once with [Gemm.Pack] and then run all units of [Gemm.Run]. Units may run in any order
// and from any number of goroutines, and how they are split never changes the result.
func NewGemm(s GemmShape) *Gemm {
	s = s.withDefaults()
	k := &active.product
	g := &Gemm{GemmShape: s, kernels: k, panels: divideUp(s.N, k.cols)}
	rowStride, kStride := s.LDA, 1
	if s.TransA {
		rowStride, kStride = 1, s.LDA
	}
	g.rows, g.out, g.aStep = offsets(k.rows, rowStride), offsets(k.rows, s.LDC), kStride*4
	g.apart = offsets(k.rows, min(s.K, gemmDepth)+32)
	g.height = unitHeight(s.M, k.rows)
	g.groups = max(groupsFor(divideUp(s.M, g.height), g.panels), divideUp(g.panels*k.cols*min(s.K, gemmDepth), gemmBlock))
	if s.TransB && s.M <= turnedRows {
		g.turned = newTurnedGemm(g)
	}
	return g
}

// unitHeight is the number of rows of a unit, a multiple of the rows of a tile.
func unitHeight(m, rows int) int {
	return rows * max(1, min(gemmRows/rows, divideUp(m, rows)))
}

// wantedUnits is how many units a plan has when the work can be split that far: enough for the threads of a big
// machine, and the same on every machine.
const wantedUnits = 32

// groupsFor divides panels into groups such that chunks·groups comes near wantedUnits.
func groupsFor(chunks, panels int) int {
	return max(1, min(panels, divideUp(wantedUnits, max(1, chunks))))
}

func (s GemmShape) withDefaults() GemmShape {
	if s.M < 0 || s.N < 0 || s.K < 0 {
		panic(fmt.Sprintf("kernel: matrix product of %d×%d by %d×%d", s.M, s.K, s.K, s.N))
	}
	s.LDA = rowStride("LDA", s.LDA, s.K, s.M, s.TransA)
	s.LDB = rowStride("LDB", s.LDB, s.N, s.K, s.TransB)
	s.LDC = rowStride("LDC", s.LDC, s.N, s.M, false)
	return s
}

// rowStride is ld, or the number of columns in memory if ld is 0. It panics if rows would overlap.
func rowStride(name string, ld, cols, rows int, transposed bool) int {
	if transposed {
		cols = rows
	}
	if ld != 0 && ld < cols {
		panic(fmt.Sprintf("kernel: %s is %d, less than the %d columns", name, ld, cols))
	}
	return max(ld, cols, 1)
}

// PackSize is the length of a packed B.
func (g *Gemm) PackSize() int { return g.panels * g.K * g.kernels.cols }

// PackUnits is the number of units of [Gemm.Pack].
func (g *Gemm) PackUnits() int { return g.panels }

// Pack rearranges units lo to hi-1 of B for [Gemm.Run]. It panics if a slice is too short.
func (g *Gemm) Pack(dst, b []float32, lo, hi int) {
	checkLength("packed b", dst, g.PackSize())
	g.checkB(b)
	size := g.K * g.kernels.cols
	for p := lo; p < hi; p++ {
		g.packPanel(dst[p*size:], b, p, 0, g.K)
	}
}

// packPanel packs the rows k to k+depth-1 of a panel of B.
func (g *Gemm) packPanel(dst, b []float32, p, k, depth int) {
	kStride, jStride := g.LDB, 1
	if g.TransB {
		kStride, jStride = 1, g.LDB
	}
	col := p * g.kernels.cols
	g.kernels.pack(dst, b, k*kStride+col*jStride, depth, min(g.kernels.cols, g.N-col), kStride, jStride)
}

func (g *Gemm) checkB(b []float32) {
	if g.TransB {
		checkMatrix("b", b, g.N, g.K, g.LDB)
	} else {
		checkMatrix("b", b, g.K, g.N, g.LDB)
	}
}

// checkMatrix panics unless x holds a matrix of the given size.
func checkMatrix(name string, x []float32, rows, cols, stride int) {
	if want := (rows-1)*stride + cols; rows > 0 && cols > 0 && len(x) < want {
		panic(fmt.Sprintf("kernel: %s has %d numbers, want %d for %d×%d", name, len(x), want, rows, cols))
	}
}

// Units is the number of independent pieces of the product.
func (g *Gemm) Units() int {
	if g.M == 0 || g.N == 0 {
		return 0
	}
	return divideUp(g.M, g.height) * g.groups
}

// Run computes units lo to hi-1 of C from A and a packed B. It panics if a slice is too short.
func (g *Gemm) Run(c, a, packed []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	g.check(c, a, ep)
	checkMatrix("packed b", packed, 1, g.PackSize(), 0)
	width := g.kernels.cols
	for lo < hi {
		b := g.units(&lo, hi)
		for b.next(g.K, gemmDepth) {
			start := (b.panel0*g.K + b.k) * width
			g.block(c, a, packed[start:], g.K*width, b, ep, w)
		}
	}
}

// UnpackedUnits is the number of units of [Gemm.RunUnpacked].
func (g *Gemm) UnpackedUnits() int {
	if g.turned != nil {
		return g.turned.units()
	}
	return g.Units()
}

// RunUnpacked computes units lo to hi-1 of C from A and B. It panics if a slice is too short.
func (g *Gemm) RunUnpacked(c, a, b []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	g.check(c, a, ep)
	g.checkB(b)
	if g.turned != nil {
		for u := lo; u < hi; u++ {
			g.turned.run(c, a, b, ep, u, w)
		}
		return
	}
	for lo < hi {
		block := g.units(&lo, hi)
		for block.next(g.K, gemmDepth) {
			size := block.depth * g.kernels.cols
			panels := floats(&w.panel, size*(block.panel1-block.panel0))
			for p := block.panel0; p < block.panel1; p++ {
				g.packPanel(panels[(p-block.panel0)*size:], b, p, block.k, block.depth)
			}
			block.ahead = g.after(b, block)
			g.block(c, a, panels, size, block, ep, w)
		}
	}
}

// gemmRange is a range of rows, of panels and of products.
type gemmRange struct {
	row0, row1     int
	panel0, panel1 int
	k, depth       int
	ahead          ahead
}

// ahead is memory that a block's tiles ask for while they compute, because it comes next.
type ahead struct {
	from  []float32
	step  int // bytes from one row to the next
	lines int // cache lines of a row
}

// after is the memory of B that is packed after a block.
func (g *Gemm) after(b []float32, r gemmRange) ahead {
	k, col := r.k+r.depth, r.panel0*g.kernels.cols
	if g.TransB || k >= g.K {
		return ahead{}
	}
	cols := min(g.N, r.panel1*g.kernels.cols) - col
	return ahead{from: b[k*g.LDB+col:], step: g.LDB * 4, lines: divideUp(cols, 16)}
}

// line lets the tile ask for one cache line of every row.
func (a ahead) line(t *tile, i int) {
	t.ahead, t.aheadStep = uintptr(unsafe.Pointer(&a.from[i*16])), a.step
}

// units is the ranges of the units from lo on, with no products yet, and moves lo behind them: of units side by side as
// many as stay in the L2 cache together, because every range reads its rows of the left operand again.
func (g *Gemm) units(lo *int, hi int) gemmRange {
	row, group := *lo/g.groups*g.height, *lo%g.groups
	p0, p1 := share(g.panels, g.groups, group)
	*lo++
	for ; *lo < hi && *lo%g.groups != 0; *lo++ {
		_, end := share(g.panels, g.groups, *lo%g.groups)
		if (end-p0)*g.kernels.cols*min(g.K, gemmDepth) > gemmBlock {
			break
		}
		p1 = end
	}
	return gemmRange{row0: row, row1: min(row+g.height, g.M), panel0: p0, panel1: p1, depth: -1}
}

// next moves on to the next block of at most most of all products. The first block comes even when there are no products at all.
func (b *gemmRange) next(all, most int) bool {
	first := b.depth < 0
	b.k += max(0, b.depth)
	b.depth = min(most, all-b.k)
	return first || b.depth > 0
}

// block adds a block of products to a unit's outputs. Packed panels lie stride numbers apart.
func (g *Gemm) block(c, a, panels []float32, stride int, b gemmRange, ep *Epilogue, w *Workspace) {
	width := g.kernels.cols
	t := &w.tile
	t.aStep, t.bStep, t.depth = g.aStep, width*4, b.depth
	t.count, t.segments = min(1, b.depth), &g.segment
	tiles := 0
	for row := b.row0; row < b.row1; row += g.kernels.rows {
		n := min(g.kernels.rows, b.row1-row)
		rows := g.left(a, row, n, b, w)
		for p := b.panel0; p < b.panel1; p++ {
			if b.depth > 0 {
				t.b = unsafe.Pointer(&panels[(p-b.panel0)*stride])
			}
			start := row*g.LDC + p*width
			t.c = unsafe.Pointer(&c[start])
			ep.apply(t, start, p*width, g.LDC, b.k == 0, b.k+b.depth == g.K)
			if tiles < b.ahead.lines {
				b.ahead.line(t, tiles)
			} else {
				g.askForLeft(a, row+g.kernels.rows, p-b.panel0, b, t)
			}
			w.run(g.kernels, rows, g.out[:n], min(width, g.N-p*width))
			tiles++
		}
	}
	t.aheadStep = 0
}

// askForLeft lets the tile ask for one row of A of the tile that starts at a row, because no prefetcher foresees where the
// next rows of a wide matrix lie.
func (g *Gemm) askForLeft(a []float32, row, i int, b gemmRange, t *tile) {
	t.aheadStep = 0
	if b.depth == 0 || row+i >= b.row1 || i >= g.kernels.rows || g.TransA && i > 0 {
		return
	}
	t.ahead, t.aheadStep = uintptr(unsafe.Pointer(&a[((row+i)*g.rowStep()+b.k*g.aStep)/4])), g.aStep
}

// left points the tile at n rows of A and returns their offsets.
func (g *Gemm) left(a []float32, row, n int, b gemmRange, w *Workspace) []int {
	start := (row*g.rowStep() + b.k*g.aStep) / 4
	if b.depth > 0 && !g.TransA && collide(g.LDA) {
		return w.copyRows(a, start, g.LDA, n, b.depth, g.apart)
	}
	if b.depth > 0 {
		w.tile.a = unsafe.Pointer(&a[start])
	}
	return g.rows[:n]
}

// collide tells whether rows at this distance, in numbers, share so few places of the L1 cache that the rows of a tile
// drive each other out.
func collide(stride int) bool { return stride%512 == 0 }

// copyRows copies n rows of x to better places, points the tile there and returns their offsets.
func (w *Workspace) copyRows(x []float32, start, stride, n, depth int, apart []int) []int {
	step := apart[1] / 4
	copied := floats(&w.left, len(apart)*step)
	for r := range n {
		copy(copied[r*step:][:depth], x[start+r*stride:])
	}
	w.tile.a = unsafe.Pointer(&copied[0])
	return apart[:n]
}

// check panics unless the output, the left operand and the epilogue are large enough.
func (g *Gemm) check(c, a []float32, ep *Epilogue) {
	if g.TransA {
		checkMatrix("a", a, g.K, g.M, g.LDA)
	} else {
		checkMatrix("a", a, g.M, g.K, g.LDA)
	}
	checkMatrix("c", c, g.M, g.N, g.LDC)
	ep.check((g.M-1)*g.LDC+g.N, g.N)
}

// rowStep is the distance of two rows of A in bytes.
func (g *Gemm) rowStep() int {
	if g.TransA {
		return 4
	}
	return g.LDA * 4
}

// share is the part'th of parts nearly equal ranges of n things.
func share(n, parts, part int) (lo, hi int) { return n * part / parts, n * (part + 1) / parts }
