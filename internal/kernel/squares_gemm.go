package kernel

import "unsafe"

// SquareGemm is the plan of a matrix product on the matrix unit: pack both operands, then run. Each of the three has units
// that may run in any order and from any number of goroutines, and how they are split never changes the result.
type SquareGemm struct {
	GemmShape
	precision          Precision
	steps              int             // of the depth
	rowPanels, columns int             // of 32 rows of A, and of 32 columns of B
	group              int             // columns of a unit
	kernels            *productKernels // that store
}

// NewSquareGemm plans a product of precision BFloat16 or BFloat16x3.
func NewSquareGemm(s GemmShape, p Precision) *SquareGemm {
	s = s.withDefaults()
	g := &SquareGemm{GemmShape: s, precision: p, kernels: active.product.of(byChannelTile), steps: max(1, divideUp(s.K, squareDepth))}
	g.rowPanels, g.columns = divideUp(s.M, squareSide), divideUp(s.N, squareSide)
	g.group = divideUp(g.columns, groupsFor(divideUp(g.rowPanels, squareRun), g.columns))
	return g
}

// panelSize is the numbers of a panel of either operand, in places of float32.
func (g *SquareGemm) panelSize() int { return g.precision.parts() * g.steps * squareStep / 4 }

// apart is the bytes from one part of a panel to the next.
func (g *SquareGemm) apart() int { return g.steps * squareStep }

// LeftSize and PackSize are the lengths of the packed operands.
func (g *SquareGemm) LeftSize() int { return g.rowPanels * g.panelSize() }

// PackSize is the length of the packed right operand.
func (g *SquareGemm) PackSize() int { return g.columns * g.panelSize() }

// LeftUnits is the number of units of [SquareGemm.PackLeft].
func (g *SquareGemm) LeftUnits() int { return g.rowPanels }

// PackUnits is the number of units of [SquareGemm.Pack].
func (g *SquareGemm) PackUnits() int { return g.columns }

// PackLeft packs units lo to hi-1 of A.
func (g *SquareGemm) PackLeft(dst, a []float32, lo, hi int, w *Workspace) {
	for p := lo; p < hi; p++ {
		panel := halvesIn(dst[p*g.panelSize():][:g.panelSize()])
		row, rows := p*squareSide, min(squareSide, g.M-p*squareSide)
		x, start, stride := a, row*g.LDA, g.LDA
		if g.TransA {
			x, start, stride = floats(&w.turned, squareSide*g.K), 0, g.K
			Transpose(x, g.K, a[row:], g.LDA, g.K, rows)
		}
		for i := range squareSide {
			if i >= rows || g.K == 0 {
				g.packRow(panel, i, nil, w)
				continue
			}
			g.packRow(panel, i, x[start+i*stride:][:g.K], w)
		}
	}
}

// packRow packs row i of a panel, zeros if there is none.
func (g *SquareGemm) packRow(panel []uint16, i int, x []float32, w *Workspace) {
	all := grown(w.halves, 2*g.steps*squareDepth)
	w.halves = all
	clear(all)
	high, low := all[:g.steps*squareDepth], all[g.steps*squareDepth:]
	if g.precision.parts() == 1 {
		low = nil
	}
	if low != nil {
		split(high[:len(x)], low[:len(x)], x, w)
		packSteps(panel[g.apart()/2+i*squareDepth:], low)
	} else {
		split(high[:len(x)], nil, x, w)
	}
	packSteps(panel[i*squareDepth:], high)
}

// Pack packs units lo to hi-1 of B.
func (g *SquareGemm) Pack(dst, b []float32, lo, hi int, w *Workspace) {
	for p := lo; p < hi; p++ {
		g.packSteps(dst[p*g.panelSize():][:g.panelSize()], g.apart()/4, b, p, 0, g.steps, w)
	}
}

// packSteps packs some steps of a panel of B, whose parts lie apart numbers apart.
func (g *SquareGemm) packSteps(dst []float32, apart int, b []float32, panel, step, steps int, w *Workspace) {
	kStride, jStride := g.LDB, 1
	if g.TransB {
		kStride, jStride = 1, g.LDB
	}
	k, col := step*squareDepth, panel*squareSide
	depth, cols := min(steps*squareDepth, g.K-k), min(squareSide, g.N-col)
	if p := &active.product; jStride == 1 && g.precision.parts() == 1 && p.cols == squareSide && p.packPairs != nil && cols == squareSide && depth == steps*squareDepth {
		p.packPairs(&dst[0], &b[k*kStride+col], &b[(k+1)*kStride+col], depth/2, 2*kStride*4)
		return
	}
	rows := floats(&w.panel, steps*squareDepth*squareSide)
	rowsOf32(rows, b, k*kStride+col*jStride, depth, cols, kStride, jStride)
	packPairsOf(dst, apart, rows, g.precision, w)
}

// Units is the number of independent pieces of the product.
func (g *SquareGemm) Units() int {
	return divideUp(g.rowPanels, squareRun) * divideUp(g.columns, g.group)
}

// Run computes units lo to hi-1 of C from the packed operands.
func (g *SquareGemm) Run(c, left, right []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	g.run(c, left, ep, lo, hi, w, func(col, step, _ int) (*float32, int) {
		return &right[col*g.panelSize()+step*squareStep/4], g.apart()
	})
}

// SuitsOnce tells whether units are as high as C, so that each number of B serves one unit, and [SquareGemm.RunOnce] is as
// good as packing B beforehand, without the memory.
func (g *SquareGemm) SuitsOnce() bool { return g.rowPanels <= squareRun }

// RunOnce computes units lo to hi-1 of C from the packed left operand and B as it is, which it packs block by block.
func (g *SquareGemm) RunOnce(c, left, b []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	const part = squareDeep * squareStep
	g.run(c, left, ep, lo, hi, w, func(col, step, steps int) (*float32, int) {
		packed := floats(&w.once, g.precision.parts()*part/4)
		g.packSteps(packed, part/4, b, col, step, steps, w)
		return &packed[0], part
	})
}

// run computes units. Given a column and some steps, right says where they are packed and how many bytes apart their parts lie.
func (g *SquareGemm) run(c, left []float32, ep *Epilogue, lo, hi int, w *Workspace, right func(col, step, steps int) (*float32, int)) {
	groups := divideUp(g.columns, g.group)
	for u := lo; u < hi; u++ {
		first := u / groups * squareRun
		panels := min(squareRun, g.rowPanels-first)
		col0 := u % groups * g.group
		col1 := min(col0+g.group, g.columns)
		sums := floats(&w.squares, (col1-col0)*squareRun*squareSums)
		for step := 0; step < g.steps; step += squareDeep {
			steps := min(squareDeep, g.steps-step)
			for col := col0; col < col1; col++ {
				b, apart := right(col, step, steps)
				w.segments = g.precision.appendSegments(w.segments[:0], segment{step * squareStep, 0}, segment{g.apart(), apart})
				w.square = squareWork{
					a: unsafe.Pointer(&left[first*g.panelSize()]), aRow: squareDepth * 2, aStep: squareStep, aNext: g.panelSize() * 4,
					b: unsafe.Pointer(b), segments: &w.segments[0], count: len(w.segments), depth: steps,
					c: &sums[(col-col0)*squareRun*squareSums], squares: panels, accumulate: min(step, 1),
				}
				active.product.squares(&w.square)
			}
		}
		for col := col0; col < col1; col++ {
			g.finish(c, sums[(col-col0)*squareRun*squareSums:], first, panels, col, ep, w)
		}
	}
}

// finish stores the squares below each other of a column.
func (g *SquareGemm) finish(c, sums []float32, first, panels, col int, ep *Epilogue, w *Workspace) {
	var out [squareSide]int
	for i := range out {
		out[i] = i * g.LDC * 4
	}
	for p := range panels {
		row := (first + p) * squareSide
		o := squareOutput{kernels: g.kernels, c: c, start: row*g.LDC + col*squareSide, col: col * squareSide, cols: min(squareSide, g.N-col*squareSide), rowStride: g.LDC}
		o.finish(sums[p*squareSums:], out[:min(squareSide, g.M-row)], ep, w)
	}
}
