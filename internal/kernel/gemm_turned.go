package kernel

import "unsafe"

// turnedGemm computes a product with few rows and a transposed B, such as the gradient of a fully connected layer to its
// input, as its transpose Cᵀ = B·Aᵀ. The rows of B then are the left operand, read once, in order and without packing,
// and only the small A is packed.
type turnedGemm struct {
	*Gemm
	rows, out []int // byte offsets of the rows of one tile, in b and in the transposed sums
	apart     []int // byte offsets of the rows of one tile in a copy
	panels    int   // of Aᵀ
	height    int   // rows of Cᵀ in a unit
}

const (
	turnedRows  = 128  // most rows of A for which turning pays
	turnedDepth = 4096 // products before sums go back to memory: whole rows of B, so that memory is read in long runs
)

func newTurnedGemm(g *Gemm) *turnedGemm {
	k := g.kernels
	panels := divideUp(g.M, k.cols)
	return &turnedGemm{
		Gemm: g, rows: offsets(k.rows, g.LDB), out: offsets(k.rows, panels*k.cols),
		apart: offsets(k.rows, min(g.K, turnedDepth)+32), panels: panels, height: k.rows * max(1, divideUp(g.N, wantedUnits*k.rows)),
	}
}

func (g *turnedGemm) units() int {
	if g.M == 0 {
		return 0
	}
	return divideUp(g.N, g.height)
}

// run computes one unit: some columns of C.
func (g *turnedGemm) run(c, a, b []float32, ep *Epilogue, u int, w *Workspace) {
	col0, col1 := u*g.height, min((u+1)*g.height, g.N)
	sums := floats(&w.turned, (col1-col0)*g.panels*g.kernels.cols)
	for block := (gemmRange{row0: col0, row1: col1, depth: -1}); block.next(g.K, turnedDepth); {
		g.block(sums, g.packLeft(a, block, w), b, block, w)
	}
	g.turnBack(c, sums, ep, col0, col1, w)
}

// packLeft packs a block of Aᵀ as if it were a right operand.
func (g *turnedGemm) packLeft(a []float32, block gemmRange, w *Workspace) []float32 {
	kStep, rowStep := g.aStep/4, g.rowStep()/4
	width := g.kernels.cols
	packed := floats(&w.panel, g.panels*block.depth*width)
	for p := range g.panels {
		start := block.k*kStep + p*width*rowStep
		g.kernels.pack(packed[p*block.depth*width:], a, start, block.depth, min(width, g.M-p*width), kStep, rowStep)
	}
	return packed
}

// block adds a block of products to the transposed sums.
func (g *turnedGemm) block(sums, packed, b []float32, block gemmRange, w *Workspace) {
	width := g.kernels.cols
	t := &w.tile
	t.aStep, t.bStep, t.depth = 4, width*4, block.depth
	t.count, t.segments, t.flags = min(1, block.depth), &g.segment, 0
	if block.k > 0 {
		t.flags = flagAccumulate
	}
	for row := block.row0; row < block.row1; row += g.kernels.rows {
		n := min(g.kernels.rows, block.row1-row)
		rows := g.left(b, row, n, block, w)
		for p := range g.panels {
			if block.depth > 0 {
				t.b = unsafe.Pointer(&packed[p*block.depth*width])
			}
			t.c = unsafe.Pointer(&sums[((row-block.row0)*g.panels+p)*width])
			t.aheadStep = 0
			if next := (row+n)*g.LDB + block.k; p == 0 && next < len(b) {
				t.ahead, t.aheadStep = uintptr(unsafe.Pointer(&b[next])), 64
			}
			w.run(g.kernels, rows, g.out[:n], width)
		}
	}
	t.aheadStep = 0
}

// left points the tile at n rows of B and returns their offsets.
func (g *turnedGemm) left(b []float32, row, n int, block gemmRange, w *Workspace) []int {
	start := row*g.LDB + block.k
	if block.depth > 0 && collide(g.LDB) {
		return w.copyRows(b, start, g.LDB, n, block.depth, g.apart)
	}
	if block.depth > 0 {
		w.tile.a = unsafe.Pointer(&b[start])
	}
	return g.rows[:n]
}

// turnBack writes the columns col0 to col1-1 of C.
func (g *turnedGemm) turnBack(c, sums []float32, ep *Epilogue, col0, col1 int, w *Workspace) {
	stride := g.panels * g.kernels.cols
	row := floats(&w.row, col1-col0)
	for i := range g.M {
		for j := range row {
			row[j] = sums[j*stride+i]
		}
		start := i*g.LDC + col0
		w.tile.c = unsafe.Pointer(&c[start])
		ep.apply(&w.tile, start, col0, g.LDC, true, true)
		w.tile.store(row, 0)
	}
}
