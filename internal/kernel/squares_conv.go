package kernel

import "unsafe"

// suitsSquares tells whether the matrix unit can compute the convolution: its rows must lie evenly in the images.
func (s ConvShape) suitsSquares() bool {
	s = s.withDefaults()
	return s.Groups == 1 && max(s.StrideH, s.StrideW, s.InDilH, s.InDilW) == 1
}

// squareGrid is the pixels of an image with its padding, row after row, so that the inputs of consecutive outputs lie evenly
// for every tap: the outputs between two rows are computed for nothing.
type squareGrid struct {
	ConvShape
	precision Precision
	width     int // pixels of a row
	outputs   int // from the first to the last wanted
	pixels    int // of an image, those behind the last row that the last outputs' taps meet included
}

func newSquareGrid(s ConvShape) squareGrid {
	s = s.withDefaults()
	g := squareGrid{ConvShape: s, precision: s.Precision, width: s.OW + (s.KW-1)*s.DilW}
	g.outputs = (s.OH-1)*g.width + s.OW
	g.pixels = divideUp(g.outputs, squareSide)*squareSide + g.tap(s.KH*s.KW-1)
	return g
}

// tap is how many pixels of the grid a tap is behind the first.
func (g *squareGrid) tap(tap int) int { return tap/g.KW*g.DilH*g.width + tap%g.KW*g.DilW }

// rows calls visit for every row of an image that the grid has: its first pixel there, and its part of the images.
func (g *squareGrid) rows(image int, visit func(pixel, first, count int)) {
	column0 := max(0, g.PadL)
	from, count := max(0, -g.PadL), min(g.W-max(0, -g.PadL), g.width-column0)
	for row := range g.OH + (g.KH-1)*g.DilH {
		if y := row - g.PadT; y >= 0 && y < g.H && count > 0 {
			visit(row*g.width+column0, ((image*g.H+y)*g.W+from)*g.C, count)
		}
	}
}

// SquareConv is the plan of a convolution on the matrix unit: pack the images and the weights, then run. Each of the three has
// units that may run in any order and from any number of goroutines, and how they are split never changes the result.
type SquareConv struct {
	squareGrid
	channels int // of the packed images, whole steps
	columns  int // panels of 32 output channels
	chunks   int // of squares below each other, of an image
	group    int // columns of a unit
	segments []segment
	kernels  *productKernels // that store
}

// NewSquareConv plans a convolution of precision BFloat16 or BFloat16x3 that suits the matrix unit.
func NewSquareConv(s ConvShape) *SquareConv {
	c := &SquareConv{squareGrid: newSquareGrid(s)}
	c.kernels = active.product.of(byChannelTile)
	c.channels, c.columns = divideUp(s.C, squareDepth)*squareDepth, divideUp(s.F, squareSide)
	c.chunks = divideUp(divideUp(c.outputs, squareSide), squareRun)
	c.group = divideUp(c.columns, groupsFor(c.N*c.chunks, c.columns))
	for tap := range c.KH * c.KW {
		at := segment{c.tap(tap) * c.channels * 2, tap * c.channels / squareDepth * squareStep}
		c.segments = c.precision.appendSegments(c.segments, at, segment{c.imageSize() * 4, c.panelSize() / c.precision.parts() * 4})
	}
	return c
}

// imageSize is the numbers of one part of a packed image, in places of float32.
func (c *SquareConv) imageSize() int { return c.pixels * c.channels / 2 }

// panelSize is the numbers of a panel of weights, in places of float32.
func (c *SquareConv) panelSize() int {
	return c.precision.parts() * c.KH * c.KW * c.channels / squareDepth * squareStep / 4
}

// ImagesSize is the length of the packed images.
func (c *SquareConv) ImagesSize() int { return c.N * c.precision.parts() * c.imageSize() }

// ImageUnits is the number of units of [SquareConv.PackImages].
func (c *SquareConv) ImageUnits() int { return c.N }

// PackImages packs units lo to hi-1 of the images.
func (c *SquareConv) PackImages(dst, src []float32, lo, hi int, w *Workspace) {
	for image := lo; image < hi; image++ {
		c.packImage(dst[image*c.precision.parts()*c.imageSize():], src, image, w)
	}
}

// packImage packs an image to the beginning of dst.
func (c *SquareConv) packImage(dst, src []float32, image int, w *Workspace) {
	size, parts := c.imageSize(), c.precision.parts()
	to := dst[:parts*size]
	clear(to)
	high, low := halvesIn(to[:size]), halvesIn(to[(parts-1)*size:])
	c.rows(image, func(pixel, first, count int) {
		numbers := c.C
		if c.C == c.channels {
			numbers, count = count*c.C, 1
		}
		for i := range count {
			x, at := src[first+i*c.C:][:numbers], (pixel+i)*c.channels
			if parts == 1 {
				ToBFloat16(high[at:at+numbers], x)
			} else {
				split(high[at:at+numbers], low[at:at+numbers], x, w)
			}
		}
	})
}

// PackSize is the length of the packed weights.
func (c *SquareConv) PackSize() int { return c.columns * c.panelSize() }

// PackUnits is the number of units of [SquareConv.Pack].
func (c *SquareConv) PackUnits() int { return c.columns }

// Pack packs units lo to hi-1 of the weights.
func (c *SquareConv) Pack(dst, weights []float32, at WeightStrides, lo, hi int, w *Workspace) {
	c.checkWeights(weights, at)
	apart, size := c.panelSize()/c.precision.parts(), c.channels*squareSide/2
	for p := lo; p < hi; p++ {
		f := p * squareSide
		for tap := range c.KH * c.KW {
			rows := floats(&w.panel, c.channels*squareSide)
			start := at.Offset + tap/c.KW*at.KH + tap%c.KW*at.KW + f*at.F
			rowsOf32(rows, weights, start, c.C, min(squareSide, c.F-f), at.C, at.F)
			packPairsOf(dst[p*c.panelSize()+tap*size:], apart, rows, c.precision, w)
		}
	}
}

// Units is the number of independent pieces of the convolution.
func (c *SquareConv) Units() int { return c.N * c.chunks * divideUp(c.columns, c.group) }

// Run computes units lo to hi-1 of dst from packed images and weights.
func (c *SquareConv) Run(dst, images, weights []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	groups := divideUp(c.columns, c.group)
	for u := lo; u < hi; u++ {
		image, chunk, group := u/groups/c.chunks, u/groups%c.chunks, u%groups
		packed := images[image*c.precision.parts()*c.imageSize():]
		c.run(dst, packed, weights, ep, image, chunk, group*c.group, min((group+1)*c.group, c.columns), w)
	}
}

// SuitsOnce tells whether there are so many images that each may be one unit of [SquareConv.RunOnce], which is faster.
func (c *SquareConv) SuitsOnce() bool { return c.N >= wantedUnits/2 }

// RunOnce computes images lo to hi-1 of dst from the images as they are and packed weights. It packs an image just before it
// is needed, so that it stays in the cache.
func (c *SquareConv) RunOnce(dst, src, weights []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	packed := floats(&w.once, c.precision.parts()*c.imageSize())
	for image := lo; image < hi; image++ {
		c.packImage(packed, src, image, w)
		for chunk := range c.chunks {
			c.run(dst, packed, weights, ep, image, chunk, 0, c.columns, w)
		}
	}
}

// run computes some columns of a chunk of a packed image.
func (c *SquareConv) run(dst, packed, weights []float32, ep *Epilogue, image, chunk, col0, col1 int, w *Workspace) {
	first := chunk * squareRun * squareSide
	squares := min(squareRun, divideUp(c.outputs-first, squareSide))
	sums := floats(&w.squares, squareRun*squareSums)
	for col := col0; col < col1; col++ {
		w.square = squareWork{
			a: unsafe.Pointer(&packed[first*c.channels/2]), aRow: c.channels * 2, aStep: squareDepth * 2, aNext: squareSide * c.channels * 2,
			b: unsafe.Pointer(&weights[col*c.panelSize()]), segments: &c.segments[0], count: len(c.segments), depth: c.channels / squareDepth,
			c: &sums[0], squares: squares,
		}
		active.product.squares(&w.square)
		for i := range squares {
			c.finish(dst, sums[i*squareSums:], image, first+i*squareSide, col*squareSide, ep, w)
		}
	}
}

// finish stores the wanted outputs of a square, row by row of the image.
func (c *SquareConv) finish(dst, square []float32, image, first, f int, ep *Epilogue, w *Workspace) {
	var out [squareSide]int
	for i := 0; i < squareSide && first+i < c.outputs; {
		row, column := (first+i)/c.width, (first+i)%c.width
		n := min(c.OW-column, squareSide-i)
		if n > 0 {
			for k := range n {
				out[k] = k * c.F * 4
			}
			o := squareOutput{kernels: c.kernels, c: dst, start: ((image*c.OH+row)*c.OW+column)*c.F + f, col: f, cols: min(squareSide, c.F-f), rowStride: c.F}
			o.finish(square[i*squareSide:], out[:n], ep, w)
		}
		i += min(c.width-column, squareSide-i)
	}
}
