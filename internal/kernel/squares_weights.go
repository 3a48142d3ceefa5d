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
	size, parts := g.imageSize(), g.precision.parts()
	for image := lo; image < hi; image++ {
		for p := range g.columns {
			pixels := floats(&w.panel, (2*g.pairs+1)*squareSide)
			clear(pixels)
			c0, channels := p*squareSide, min(squareSide, g.C-p*squareSide)
			g.rows(image, func(pixel, first, count int) {
				for i := range count {
					copy(pixels[(pixel+i)*squareSide:][:channels], src[first+i*g.C+c0:])
				}
			})
			to := dst[(p*g.N+image)*parts*size:][:parts*size]
			for list := range 2 {
				packPairsOf(to[list*size/2:], size, pixels[list*squareSide:][:2*g.pairs*squareSide], g.precision, w)
			}
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
	size, parts := g.gradientSize(), g.precision.parts()
	for image := lo; image < hi; image++ {
		for p := range g.rowPanels {
			pixels := floats(&w.panel, g.steps*squareDepth*squareSide)
			clear(pixels)
			f, channels := p*squareSide, min(squareSide, g.F-p*squareSide)
			for pixel := range g.OH * g.OW {
				at := pixel/g.OW*g.width + pixel%g.OW
				copy(pixels[at*squareSide:][:channels], dy[(image*g.OH*g.OW+pixel)*g.F+f:])
			}
			pairs := floats(&w.turned, parts*size)
			packPairsOf(pairs, size, pixels, g.precision, w)
			to := dst[(p*g.N+image)*parts*size:][:parts*size]
			for step := 0; step < len(to); step += squareStep / 4 {
				Transpose(to[step:], squareDepth/2, pairs[step:], squareSide, squareDepth/2, squareSide)
			}
		}
	}
}

// Units is the number of independent pieces of the gradient.
func (g *SquareWeightGrad) Units() int { return g.rowPanels * g.columns }

// Run computes units lo to hi-1 of dw from the packed images and gradients.
func (g *SquareWeightGrad) Run(dw, images, gradients []float32, at WeightStrides, lo, hi int, w *Workspace) {
	parts, taps := g.precision.parts(), g.KH*g.KW
	for u := lo; u < hi; u++ {
		row, col := u/g.columns, u%g.columns
		sums := floats(&w.squares, taps*squareSums)
		clear(sums)
		for image := 0; image < g.N; image += g.images {
			for step := 0; step < g.steps; step += g.depth {
				for tap := range taps {
					w.segments = w.segments[:0]
					for i := range min(g.images, g.N-image) {
						w.segments = g.precision.appendSegments(w.segments, g.segment(i, step, g.tap(tap)), segment{g.gradientSize() * 4, g.imageSize() * 4})
					}
					w.square = squareWork{
						a: unsafe.Pointer(&gradients[(row*g.N+image)*parts*g.gradientSize()]), aRow: squareDepth * 2, aStep: squareStep,
						b: unsafe.Pointer(&images[(col*g.N+image)*parts*g.imageSize()]), segments: &w.segments[0], count: len(w.segments), depth: min(g.depth, g.steps-step),
						c: &sums[tap*squareSums], squares: 1, accumulate: 1,
					}
					active.product.squares(&w.square)
				}
			}
		}
		g.store(dw, sums, at, row*squareSide, col*squareSide)
	}
}

// segment is where some steps of the i-th image of a call begin, for a tap that is some pixels behind the first.
func (g *SquareWeightGrad) segment(i, step, pixels int) segment {
	rows := i*g.precision.parts()*2*g.pairs + pixels%2*g.pairs + pixels/2 + step*squareDepth/2
	return segment{i*g.precision.parts()*g.gradientSize()*4 + step*squareStep, rows * squareSide * 4}
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
