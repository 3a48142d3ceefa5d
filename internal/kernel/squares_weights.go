package kernel

import "unsafe"

// SquareWeightGrad is the plan of a convolution's gradient to its weights on the matrix unit, summed over images and the
// pixels of their grid:
//
//	dw[tap, c, f] = Σ x[pixel + tap, c] · dy[pixel, f]
//
// Rows of a square are channels f, whose pixels follow each other; its columns are channels c, whose pixels lie in pairs. A
// tap moves by rows of pairs, of which there are two lists: pixels paired from the first on, and from the second on. Pack the
// images and the gradient dy of the feature maps, then run. Each of the three has units that may run in any order and from
// any number of goroutines, and how they are split never changes the result.
type SquareWeightGrad struct {
	squareGrid
	rowPanels, columns int // of 32 channels of the feature maps, and of the images
	steps              int // of the pixels of an image
	depth, images      int // steps and images of a call
	pairs              int // of pixels in a list
	groups             int // of images, whose sums are added up at last
}

// squareBlock is the steps of a call, of one image or several, about: what all taps meet of both operands stays in the caches.
const squareBlock = 16

// NewSquareWeightGrad plans the gradient to the weights of a convolution of precision BFloat16 or BFloat16x3 that suits the
// matrix unit.
func NewSquareWeightGrad(s ConvShape) *SquareWeightGrad {
	g := &SquareWeightGrad{squareGrid: newSquareGrid(s)}
	g.rowPanels, g.columns = divideUp(s.F, squareSide), divideUp(s.C, squareSide)
	g.steps = divideUp(g.outputs, squareDepth)
	g.depth, g.images = min(g.steps, squareBlock), max(1, squareBlock/g.steps)
	g.pairs = (g.steps*squareDepth + g.tap(g.KH*g.KW-1)) / 2
	g.groups = max(1, min(g.N, divideUp(wantedUnits/4, g.rowPanels*g.columns)))
	return g
}

// imageSize is the numbers of one part of 32 channels of an image, both lists, in places of float32.
func (g *SquareWeightGrad) imageSize() int { return 2 * g.pairs * squareSide }

// gradientSize is the numbers of one part of 32 channels of the gradient of an image's feature maps, in places of float32.
func (g *SquareWeightGrad) gradientSize() int { return g.steps * squareStep / 4 }

// ImagesSize is the length of the packed images.
func (g *SquareWeightGrad) ImagesSize() int {
	return g.N * g.columns * g.precision.parts() * g.imageSize()
}

// ImageUnits is the number of units of [SquareWeightGrad.PackImages].
func (g *SquareWeightGrad) ImageUnits() int { return g.N }

// PackImages packs units lo to hi-1 of the images. A panel of channels of all images lies together.
func (g *SquareWeightGrad) PackImages(dst, src []float32, lo, hi int, w *Workspace) {
	size := g.precision.parts() * g.imageSize()
	for image := lo; image < hi; image++ {
		for p := range g.columns {
			c0 := p * squareSide
			x := gridPanel{g.precision, src[c0:], g.C, min(squareSide, g.C-c0), func(visit func(pixel, first, count int)) { g.rows(image, visit) }}
			x.pair(dst[(p*g.N+image)*size:][:size], 2, g.pairs, w)
		}
	}
}

// PackSize is the length of the packed gradient.
func (g *SquareWeightGrad) PackSize() int {
	return g.N * g.rowPanels * g.precision.parts() * g.gradientSize()
}

// PackUnits is the number of units of [SquareWeightGrad.Pack].
func (g *SquareWeightGrad) PackUnits() int { return g.N }

// Pack packs units lo to hi-1 of the feature maps' gradient. A panel of channels of all images lies together.
func (g *SquareWeightGrad) Pack(dst, dy []float32, lo, hi int, w *Workspace) {
	size := g.precision.parts() * g.gradientSize()
	for image := lo; image < hi; image++ {
		for p := range g.rowPanels {
			f := p * squareSide
			x := gridPanel{g.precision, dy[f:], g.F, min(squareSide, g.F-f), func(visit func(pixel, first, count int)) {
				for y := range g.OH {
					visit(y*g.width, (image*g.OH+y)*g.OW*g.F, g.OW)
				}
			}}
			pairs, to := floats(&w.turned, size), dst[(p*g.N+image)*size:][:size]
			x.pair(pairs, 1, g.steps*squareDepth/2, w)
			for step := 0; step < size; step += squareStep / 4 {
				Transpose(to[step:], squareDepth/2, pairs[step:], squareSide, squareDepth/2, squareSide)
			}
		}
	}
}

// gridPanel is up to 32 channels of the pixels of a grid. Pixels of a row of it lie stride numbers apart; visit is called for
// every row with its first pixel, where that is in x, and how many there are. All others are zeros.
type gridPanel struct {
	precision        Precision
	x                []float32
	stride, channels int
	rows             func(visit func(pixel, first, count int))
}

// pair packs the pixels in pairs, in lists that begin with the first pixel and, if there are two, with the second. Parts of
// all lists lie together.
func (g gridPanel) pair(dst []float32, lists, pairs int, w *Workspace) {
	size := lists * pairs * squareSide
	if p := &active.product; g.precision.parts() == 1 && g.channels == squareSide && p.cols == squareSide && p.packPairs != nil {
		clear(dst)
		for list := range lists {
			to := dst[list*pairs*squareSide:][:pairs*squareSide]
			g.rows(func(pixel, first, count int) { g.pairRow(to, pixel-list, g.x[first:], count) })
		}
		return
	}
	pixels := floats(&w.panel, (2*pairs+1)*squareSide)
	clear(pixels)
	g.rows(func(pixel, first, count int) {
		for i := range count {
			copy(pixels[(pixel+i)*squareSide:][:g.channels], g.x[first+i*g.stride:])
		}
	})
	for list := range lists {
		packPairsOf(dst[list*pairs*squareSide:], size, pixels[list*squareSide:][:2*pairs*squareSide], g.precision, w)
	}
}

// pairRow packs pixels that follow each other, from one of a list on, which may begin one pixel later and end one earlier.
func (g gridPanel) pairRow(list []float32, pixel int, x []float32, count int) {
	pack := func(pixel int, a, b *float32, n int) {
		if at := pixel / 2 * squareSide; pixel >= 0 && at < len(list) {
			active.product.packPairs(&list[at], a, b, n, 2*g.stride*4)
		}
	}
	if pixel%2 != 0 {
		pack(pixel-1, &squareZeros[0], &x[0], 1)
		pixel, x, count = pixel+1, x[min(g.stride, len(x)):], count-1
	}
	if count > 1 {
		pack(pixel, &x[0], &x[g.stride], count/2)
	}
	if count%2 == 1 {
		pack(pixel+count-1, &x[(count-1)*g.stride], &squareZeros[0], 1)
	}
}

// Units is the number of independent pieces of the gradient.
func (g *SquareWeightGrad) Units() int { return g.groups * g.rowPanels * g.columns }

// ScratchSize is the length of the sums.
func (g *SquareWeightGrad) ScratchSize() int { return g.Units() * g.KH * g.KW * squareSums }

// Run computes units lo to hi-1 of the sums from the packed images and gradients.
func (g *SquareWeightGrad) Run(sums, images, gradients []float32, lo, hi int, w *Workspace) {
	parts, taps := g.precision.parts(), g.KH*g.KW
	for u := lo; u < hi; u++ {
		first, end := share(g.N, g.groups, u%g.groups)
		row, col := u/g.groups/g.columns, u/g.groups%g.columns
		mine := sums[u*taps*squareSums:][:taps*squareSums]
		clear(mine)
		for image := first; image < end; image += g.images {
			for step := 0; step < g.steps; step += g.depth {
				for tap := range taps {
					w.segments = w.segments[:0]
					for i := range min(g.images, end-image) {
						w.segments = g.precision.appendSegments(w.segments, g.segment(i, step, g.tap(tap)), segment{g.gradientSize() * 4, g.imageSize() * 4})
					}
					w.square = squareWork{
						a: unsafe.Pointer(&gradients[(row*g.N+image)*parts*g.gradientSize()]), aRow: squareDepth * 2, aStep: squareStep,
						b: unsafe.Pointer(&images[(col*g.N+image)*parts*g.imageSize()]), segments: &w.segments[0], count: len(w.segments), depth: min(g.depth, g.steps-step),
						c: &mine[tap*squareSums], squares: 1, accumulate: 1,
					}
					active.product.squares(&w.square)
				}
			}
		}
	}
}

// segment is where some steps of the i-th image of a call begin, for a tap that is some pixels behind the first.
func (g *SquareWeightGrad) segment(i, step, pixels int) segment {
	rows := i*g.precision.parts()*2*g.pairs + pixels%2*g.pairs + pixels/2 + step*squareDepth/2
	return segment{i*g.precision.parts()*g.gradientSize()*4 + step*squareStep, rows * squareSide * 4}
}

// ReduceUnits is the number of units of [SquareWeightGrad.Reduce].
func (g *SquareWeightGrad) ReduceUnits() int { return g.rowPanels * g.columns }

// Reduce adds the sums of the groups up and writes units lo to hi-1 of dw. It overwrites the sums.
func (g *SquareWeightGrad) Reduce(dw, sums []float32, at WeightStrides, lo, hi int) {
	size := g.KH * g.KW * squareSums
	for u := lo; u < hi; u++ {
		all := sums[u*g.groups*size:][:g.groups*size]
		for i := 1; i < g.groups; i++ {
			Binary(OpAdd, all[:size], all[:size], all[i*size:][:size])
		}
		g.store(dw, all[:size], at, u/g.columns*squareSide, u%g.columns*squareSide)
	}
}

// store writes the sums of all taps out.
func (g *SquareWeightGrad) store(dw, sums []float32, at WeightStrides, f0, c0 int) {
	rows, cols := min(squareSide, g.F-f0), min(squareSide, g.C-c0)
	for tap := range g.KH * g.KW {
		start, square := at.Offset+tap/g.KW*at.KH+tap%g.KW*at.KW+c0*at.C+f0*at.F, sums[tap*squareSums:]
		if at.F == 1 && at.C >= rows {
			Transpose(dw[start:], at.C, square, squareSide, rows, cols)
			continue
		}
		unpack(dw, start, rows, cols, at.F, at.C, square, squareSide)
	}
}
