package kernel

import "unsafe"

// SquareWeightGrad is the plan of a convolution's gradient to its weights on the matrix unit: pack the images, turned so that
// a row is a channel, and the gradient of the feature maps on the same grid of pixels, with zeros between its rows, then run.
// Each of the three has units that may run in any order and from any number of goroutines, and how they are split never
// changes the result.
type SquareWeightGrad struct {
	squareGrid
	rowPanels, columns int // of 32 channels of the images, and of the feature maps
	steps              int // of the pixels of an image
}

// squareImages is the images whose products are added before a square's sums go back to memory.
const squareImages = 4

// NewSquareWeightGrad plans the gradient to the weights of a convolution of precision BFloat16 or BFloat16x3 that suits the
// matrix unit.
func NewSquareWeightGrad(s ConvShape) *SquareWeightGrad {
	g := &SquareWeightGrad{squareGrid: newSquareGrid(s)}
	g.rowPanels, g.columns = divideUp(s.C, squareSide), divideUp(s.F, squareSide)
	g.steps = divideUp(g.outputs, squareDepth)
	return g
}

// pitch is the numbers of a channel of an image, an even number of bfloat16.
func (g *SquareWeightGrad) pitch() int { return (g.pixels + 1) &^ 1 }

// imageSize is the numbers of one part of 32 channels of an image, in places of float32.
func (g *SquareWeightGrad) imageSize() int { return squareSide * g.pitch() / 2 }

// gradientSize is the numbers of one part of 32 columns of the gradient of an image's feature maps, in places of float32.
func (g *SquareWeightGrad) gradientSize() int { return g.steps * squareStep / 4 }

// ImagesSize is the length of the packed images.
func (g *SquareWeightGrad) ImagesSize() int {
	return g.N * g.rowPanels * g.precision.parts() * g.imageSize()
}

// ImageUnits is the number of units of [SquareWeightGrad.PackImages].
func (g *SquareWeightGrad) ImageUnits() int { return g.N }

// PackImages packs units lo to hi-1 of the images. A panel of channels of all images lies together.
func (g *SquareWeightGrad) PackImages(dst, src []float32, lo, hi int, w *Workspace) {
	size, parts := g.imageSize(), g.precision.parts()
	for image := lo; image < hi; image++ {
		for p := range g.rowPanels {
			to := dst[(p*g.N+image)*parts*size:][:parts*size]
			clear(to)
			high, low := halvesIn(to[:size]), halvesIn(to[(parts-1)*size:])
			c0, channels := p*squareSide, min(squareSide, g.C-p*squareSide)
			g.rows(image, func(pixel, first, count int) {
				turned := floats(&w.turned, squareSide*count)
				Transpose(turned, count, src[first+c0:], g.C, count, channels)
				for c := range channels {
					x, at := turned[c*count:][:count], c*g.pitch()+pixel
					if parts == 1 {
						ToBFloat16(high[at:at+count], x)
					} else {
						split(high[at:at+count], low[at:at+count], x, w)
					}
				}
			})
		}
	}
}

// PackSize is the length of the packed gradient.
func (g *SquareWeightGrad) PackSize() int {
	return g.N * g.columns * g.precision.parts() * g.gradientSize()
}

// PackUnits is the number of units of [SquareWeightGrad.Pack].
func (g *SquareWeightGrad) PackUnits() int { return g.N }

// Pack packs units lo to hi-1 of the feature maps' gradient. A panel of columns of all images lies together.
func (g *SquareWeightGrad) Pack(dst, dy []float32, lo, hi int, w *Workspace) {
	size, parts := g.gradientSize(), g.precision.parts()
	for image := lo; image < hi; image++ {
		for p := range g.columns {
			rows := floats(&w.panel, g.steps*squareDepth*squareSide)
			clear(rows)
			f, cols := p*squareSide, min(squareSide, g.F-p*squareSide)
			for pixel := range g.OH * g.OW {
				at := pixel/g.OW*g.width + pixel%g.OW
				copy(rows[at*squareSide:][:cols], dy[(image*g.OH*g.OW+pixel)*g.F+f:])
			}
			packPairsOf(dst[(p*g.N+image)*parts*size:], size, rows, g.precision, w)
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
		for image := 0; image < g.N; image += squareImages {
			for tap := range taps {
				w.segments = w.segments[:0]
				for i := range min(squareImages, g.N-image) {
					from := segment{i*parts*g.imageSize()*4 + g.tap(tap)*2, i * parts * g.gradientSize() * 4}
					w.segments = g.precision.appendSegments(w.segments, from, segment{g.imageSize() * 4, g.gradientSize() * 4})
				}
				w.square = squareWork{
					a: unsafe.Pointer(&images[(row*g.N+image)*parts*g.imageSize()]), aRow: g.pitch() * 2, aStep: squareDepth * 2,
					b: unsafe.Pointer(&gradients[(col*g.N+image)*parts*g.gradientSize()]), segments: &w.segments[0], count: len(w.segments), depth: g.steps,
					c: &sums[tap*squareSums], squares: 1, accumulate: 1,
				}
				active.product.squares(&w.square)
			}
		}
		g.store(dw, sums, at, row*squareSide, col*squareSide)
	}
}

// store writes the sums of all taps out.
func (g *SquareWeightGrad) store(dw, sums []float32, at WeightStrides, c0, f0 int) {
	for tap := range g.KH * g.KW {
		start := at.Offset + tap/g.KW*at.KH + tap%g.KW*at.KW + c0*at.C + f0*at.F
		unpack(dw, start, min(squareSide, g.C-c0), min(squareSide, g.F-f0), at.C, at.F, sums[tap*squareSums:], squareSide)
	}
}
