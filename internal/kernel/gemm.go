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
	rows, out []int // byte offsets of the rows of one unit, in a and c
	aStep     int   // bytes from one k to the next in a
	panels    int
	groups    int     // groups of panels, the second coordinate of a unit
	segment   segment // the only one of a plain product, at offset 0
}

const (
	gemmRows  = 192 // rows of a unit
	gemmDepth = 512 // products before partial sums go back to memory: a block of a and b stays in the L2 cache
)

// NewGemm plans a matrix product. Run it in three steps: pack B once with [Gemm.Pack], then [Gemm.Run] over all units,
// in any order and from any number of goroutines. How the units are split never changes the result.
func NewGemm(s GemmShape) *Gemm {
	s = s.withDefaults()
	k := &active.product
	g := &Gemm{GemmShape: s, kernels: k, panels: divideUp(s.N, k.cols)}
	rowStride, kStride := s.LDA, 1
	if s.TransA {
		rowStride, kStride = 1, s.LDA
	}
	n := min(s.M, gemmRows)
	g.rows, g.out, g.aStep = offsets(n, rowStride), offsets(n, s.LDC), kStride*4
	g.groups = groupsFor(divideUp(s.M, gemmRows), g.panels)
	return g
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
	kStride, jStride := g.LDB, 1
	if g.TransB {
		kStride, jStride = 1, g.LDB
	}
	width := g.kernels.cols
	for p := lo; p < hi; p++ {
		pack(dst[p*g.K*width:], width, b, p*width*jStride, g.K, min(width, g.N-p*width), kStride, jStride)
	}
}

func (g *Gemm) checkB(b []float32) {
	if g.TransB {
		checkMatrix("b", b, g.N, g.K, g.LDB)
	} else {
		checkMatrix("b", b, g.K, g.N, g.LDB)
	}
}

func (g *Gemm) checkA(a []float32) {
	if g.TransA {
		checkMatrix("a", a, g.K, g.M, g.LDA)
	} else {
		checkMatrix("a", a, g.M, g.K, g.LDA)
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
	return divideUp(g.M, gemmRows) * g.groups
}

// Run computes units lo to hi-1 of C from A and a packed B. It panics if a slice is too short.
func (g *Gemm) Run(c, a, packed []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	g.checkA(a)
	checkMatrix("c", c, g.M, g.N, g.LDC)
	checkMatrix("packed b", packed, 1, g.PackSize(), 0)
	ep.check((g.M-1)*g.LDC+g.N, g.N)
	for u := lo; u < hi; u++ {
		row, group := u/g.groups*gemmRows, u%g.groups
		p0, p1 := share(g.panels, g.groups, group)
		for k := 0; k < max(1, g.K); k += gemmDepth {
			for p := p0; p < p1; p++ {
				g.block(c, a, packed[p*g.K*g.kernels.cols:], ep, row, p, k, w)
			}
		}
	}
}

// block adds the products k to k+gemmDepth of one panel to the rows of a unit.
func (g *Gemm) block(c, a, panel []float32, ep *Epilogue, row, p, k int, w *Workspace) {
	width := g.kernels.cols
	col := p * width
	n := min(gemmRows, g.M-row)
	start := row*g.LDC + col
	t := &w.tile
	t.depth = min(gemmDepth, g.K-k)
	t.count, t.segments = 1, &g.segment
	if t.depth == 0 {
		t.count = 0
	} else {
		t.a = unsafe.Pointer(&a[(row*g.rowStep()+k*g.aStep)/4])
		t.b = unsafe.Pointer(&panel[k*width])
	}
	t.aStep, t.bStep = g.aStep, width*4
	t.c = unsafe.Pointer(&c[start])
	ep.apply(t, start, col, k == 0, k+t.depth == g.K)
	w.run(g.kernels, g.rows[:n], g.out[:n], min(width, g.N-col))
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
