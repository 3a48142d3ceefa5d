package kernel

import "unsafe"

// ConvWeightGrad is the plan of a convolution's gradient to its weights; see [NewConvWeightGrad].
type ConvWeightGrad struct {
	ConvShape
	kernels   *productKernels
	pieces    pieces
	band      band // of a piece, if the input is copied
	copied    bool
	pairs     bool          // whether operands are pairs of bfloat16
	imageRows int           // input rows from one image of a piece to the next
	packed    bool          // whether dy is packed panel by panel
	rows, out []int         // byte offsets, of one block of rows of dw, in the input and in a panel of partial sums
	runs      [][]run       // of each piece of one image, one per block of rows
	slices    int           // of the pieces, each with partial sums of its own
	shares    int           // of the panels
	winograd  *winogradGrad // computes it instead, or nil
}

// run is where the pixels of a piece meet one block of rows of dw: the input and the feature maps advance together, a
// segment per image row.
type run struct {
	segments []segment // image by image
	perImage int
	depth    int
}

const (
	weightPixels  = 400     // output pixels of a piece, about: what a tile reads of them stays near the L1 cache
	weightPartial = 2 << 20 // numbers of all partial sums together, unless one copy alone needs more
	packTiles     = 16      // tiles that must share a packed panel of dy to make packing worth while
	fewChannels   = 8       // too few for a tile of their own
)

// NewConvWeightGrad plans the gradient of the convolution s to its weights,
//
//	dw[kh, kw, c, f] = Σ x[n, (oh·StrideH + kh·DilH − PadT)/InDilH, (ow·StrideW + kw·DilW − PadL)/InDilW, c] · dy[n, oh, ow, f]
//
// summed over n, oh and ow. Run it in two steps: [ConvWeightGrad.Run] over all units into the scratch memory, and after
// the last of them [ConvWeightGrad.Reduce] over all its units. How the units are split never changes the result.
//
// The rows of dw are the taps, channel by channel. Without padding all of them run over the same pixels, at different
// offsets. With padding every tap has its own range of pixels, so every tap is a block of rows; but where there are only
// few channels, or holes in the input, the input is copied with its zeros written out instead.
func NewConvWeightGrad(s ConvShape) *ConvWeightGrad {
	s = s.withDefaults()
	k := &active.product
	g := &ConvWeightGrad{ConvShape: s, kernels: k}
	gain := winogradGradGain
	if s.Precision == BFloat16 {
		gain = winogradPairsGradGain
	}
	if t := s.fastestPatches(k, gain); t != nil {
		g.winograd = newWinogradGrad(s, k, t)
		return g
	}
	g.packed = !s.depthwise() && (s.groupF()%k.cols != 0 || s.KH*s.KW*s.groupC() > packTiles*k.rows)
	g.copied = s.padded() && (s.groupC() < fewChannels || s.InDilH > 1 || s.InDilW > 1)
	g.pieces = newPieces(s, weightPixels, s.spread())
	if g.copied {
		g.pieces = newPieces(s, weightPixels, 1)
	}
	g.imageRows = s.H
	switch {
	case s.depthwise():
		g.kernels = k.of(byChannelTile)
	case s.Precision == BFloat16 && k.pairs && !g.copied:
		g.pairs, g.kernels, g.imageRows, g.packed = true, k.of(pairTile), g.pieces.mostInputRows(), true
	}
	switch {
	case !s.padded():
		g.planTaps(band{pitch: s.W * s.C, image: g.imageRows * s.W * s.C})
	case g.copied:
		g.band = newBand(s, g.pieces.rows)
		g.planTaps(g.band)
	default:
		g.planBlocks()
	}
	g.out = offsets(len(g.rows), k.cols)
	g.shares = g.PackUnits()
	if g.copied {
		g.shares = 1
	}
	g.slices = max(1, min(g.pieces.count, divideUp(wantedUnits, g.shares), weightPartial/g.partialSize()))
	return g
}

// planTaps makes one block of all rows of dw, which share their pixels.
func (g *ConvWeightGrad) planTaps(b band) {
	for i := range g.KH * g.KW * g.groupC() {
		tap, c := i/g.groupC(), i%g.groupC()
		g.rows = append(g.rows, 4*(tap/g.KW*g.DilH*b.pitch+tap%g.KW*g.DilW*g.C+c))
	}
	for stack := range g.pieces.stacks {
		_, _, row0, row1 := g.pieces.span(stack)
		segmentsPerRow, all := 1, run{perImage: row1 - row0, depth: g.depth(g.OW)}
		if g.depthwise() {
			segmentsPerRow, all = g.OW, run{perImage: (row1 - row0) * g.OW, depth: 1}
		}
		for image := range g.pieces.images {
			for row := range row1 - row0 {
				x := image*b.image + row*g.StrideH*b.pitch
				y := g.dyOffset(image, row, row1-row0, 0)
				for pixel := range segmentsPerRow {
					all.segments = append(all.segments, segment{a: 4 * (x + pixel*g.StrideW*g.C), b: y + pixel*g.dyStep()})
				}
			}
		}
		g.runs = append(g.runs, []run{all})
	}
	if !g.copied {
		for i := range g.rows {
			g.rows[i] -= 4 * g.PadL * g.C
		}
	}
}

// planBlocks makes one block of the channels of each tap, with the pixels where this tap meets the image.
func (g *ConvWeightGrad) planBlocks() {
	g.rows = offsets(g.groupC(), 1)
	h, w := g.axisH(), g.axisW()
	for stack := range g.pieces.stacks {
		_, _, row0, row1 := g.pieces.span(stack)
		base, _ := g.pieces.inputRows(stack)
		var blocks []run
		for tap := range g.KH * g.KW {
			first, last := h.outputs(tap/g.KW, row0, row1)
			left, right := w.outputs(tap%g.KW, 0, g.OW)
			block := run{perImage: last - first, depth: g.depth(right - left)}
			for image := range g.pieces.images {
				for row := first; row < last && left < right; row++ {
					y, _ := h.input(row, tap/g.KW)
					x, _ := w.input(left, tap%g.KW)
					x += (image*g.imageRows + y - base) * g.W
					block.segments = append(block.segments, segment{a: 4 * x * g.C, b: g.dyOffset(image, row-row0, row1-row0, left)})
				}
			}
			if block.segments == nil {
				block.perImage = 0
			}
			blocks = append(blocks, block)
		}
		g.runs = append(g.runs, blocks)
	}
}

// depth is the steps over a number of pixels in a row.
func (g *ConvWeightGrad) depth(pixels int) int {
	if g.pairs {
		return divideUp(pixels, 2)
	}
	return pixels
}

// dyStep is the bytes from one pixel to the next in dy, or in a packed panel of it.
func (g *ConvWeightGrad) dyStep() int {
	if g.packed {
		return 4 * g.kernels.cols
	}
	return 4 * g.F
}

// dyOffset is the byte offset of a pixel of a piece in dy, or in a packed panel of it. Where a piece has fewer rows than
// an image, its images lie apart in dy but together in the panel.
func (g *ConvWeightGrad) dyOffset(image, row, rows, col int) int {
	if !g.packed {
		rows = g.OH
	}
	return ((image*rows+row)*g.OW + col) * g.dyStep()
}

// panelSize is the length of the partial sums of one panel.
func (g *ConvWeightGrad) panelSize() int {
	if g.winograd != nil {
		return g.winograd.panelSize()
	}
	return g.KH * g.KW * g.groupC() * g.kernels.cols
}

// partialSize is the length of one copy of the partial sums.
func (g *ConvWeightGrad) partialSize() int { return g.PackUnits() * g.panelSize() }

// PackUnits is the number of panels of all groups of channels.
func (g *ConvWeightGrad) PackUnits() int { return g.panels(g.kernels.cols) }

// ScratchSize is the length of the scratch memory that Run fills and Reduce reads.
func (g *ConvWeightGrad) ScratchSize() int {
	if g.winograd != nil {
		return g.winograd.slices * g.partialSize()
	}
	return g.slices * g.partialSize()
}

// Units is the number of independent pieces of [ConvWeightGrad.Run].
func (g *ConvWeightGrad) Units() int {
	if g.winograd != nil {
		return g.winograd.units()
	}
	return g.slices * g.shares
}

// Run computes units lo to hi-1 of the partial sums. It panics if a slice is too short.
func (g *ConvWeightGrad) Run(scratch, src, dy []float32, lo, hi int, w *Workspace) {
	g.checkImages(src, dy)
	checkMatrix("scratch", scratch, 1, g.ScratchSize(), 0)
	for u := lo; u < hi; u++ {
		if g.winograd != nil {
			g.winograd.run(scratch, src, dy, u, w)
			continue
		}
		slice := u / g.shares
		first, last := share(g.pieces.count, g.slices, slice)
		p0, p1 := share(g.PackUnits(), g.shares, u%g.shares)
		sums := scratch[slice*g.partialSize():]
		if first == last {
			clear(sums[p0*g.panelSize() : p1*g.panelSize()])
		}
		for piece := first; piece < last; piece++ {
			g.load(piece, src, w)
			for p := p0; p < p1; p++ {
				g.panel(sums[p*g.panelSize():], dy, piece, p, piece > first, w)
			}
		}
	}
}

// load points w.tile.a at the first input number of a piece.
func (g *ConvWeightGrad) load(piece int, src []float32, w *Workspace) {
	image0, image1, row0, row1 := g.pieces.span(piece)
	if g.copied {
		w.tile.a = g.band.copy(src, image0, image1, row0, row1, w)
		return
	}
	if g.pairs {
		w.tile.a = g.pairedBand(src, piece, w)
		return
	}
	first, _ := g.pieces.inputRows(piece % g.pieces.stacks)
	w.tile.a = unsafe.Pointer(&src[(image0*g.H+first)*g.W*g.C])
}

// panel adds the products of a piece's pixels to the partial sums of one panel.
func (g *ConvWeightGrad) panel(sums, dy []float32, piece, p int, accumulate bool, w *Workspace) {
	image0, image1, row0, row1 := g.pieces.span(piece)
	t := &w.tile
	source := t.a
	_, cols, channel := g.columns(g.kernels.cols, p)
	if !g.depthwise() {
		cols = g.kernels.cols // a packed panel has all of them
	}
	t.a = unsafe.Add(source, channel*4)
	t.aStep, t.bStep = g.StrideW*g.C*4, g.dyStep()
	if g.pairs {
		t.aStep, t.bStep = 2*t.aStep, 2*t.bStep
	}
	t.b = g.dyPanel(dy, p, image0, image1, row0, row1, w)
	t.flags = 0
	if accumulate {
		t.flags = flagAccumulate
	}
	for i, run := range g.runs[piece%g.pieces.stacks] {
		t.count, t.depth = (image1-image0)*run.perImage, run.depth
		if t.count > 0 {
			t.segments = &run.segments[0]
		}
		t.c = unsafe.Pointer(&sums[i*len(g.rows)*g.kernels.cols])
		w.run(g.kernels, g.rows, g.out, cols)
	}
	t.a = source
}

// dyPanel is one panel of dy at a piece's pixels, packed if the plan says so.
func (g *ConvWeightGrad) dyPanel(dy []float32, p, image0, image1, row0, row1 int, w *Workspace) unsafe.Pointer {
	width := g.kernels.cols
	f, cols, _ := g.columns(width, p)
	start := (image0*g.OH+row0)*g.OW*g.F + f
	if g.pairs {
		return g.pairedPanel(dy, p, image0, image1, row0, row1, w)
	}
	if !g.packed {
		return unsafe.Pointer(&dy[start])
	}
	pixels := (row1 - row0) * g.OW
	panel := floats(&w.panel, (image1-image0)*pixels*width)
	for image := range image1 - image0 {
		g.kernels.pack(panel[image*pixels*width:], dy, start+image*g.pixels()*g.F, pixels, cols, g.F, 1)
	}
	return unsafe.Pointer(&panel[0])
}

// ReduceUnits is the number of independent pieces of [ConvWeightGrad.Reduce].
func (g *ConvWeightGrad) ReduceUnits() int {
	if g.winograd != nil {
		return g.winograd.reduceUnits()
	}
	return g.KH * g.KW
}

// Reduce adds up the partial sums of units lo to hi-1 and writes them to dw, using up the scratch memory. It panics if
// a slice is too short.
func (g *ConvWeightGrad) Reduce(dw, scratch []float32, s WeightStrides, lo, hi int) {
	g.checkWeights(dw, s)
	checkMatrix("scratch", scratch, 1, g.ScratchSize(), 0)
	if g.winograd != nil {
		for u := lo; u < hi; u++ {
			g.winograd.reduce(dw, scratch, s, u)
		}
		return
	}
	size := g.groupC() * g.kernels.cols
	for p := range g.PackUnits() {
		for tap := lo; tap < hi; tap++ {
			start := p*g.panelSize() + tap*size
			sums := scratch[start:][:size]
			for slice := 1; slice < g.slices; slice++ {
				Binary(OpAdd, sums, sums, scratch[start+slice*g.partialSize():][:size])
			}
			g.writeTap(dw, sums, s, p, tap)
		}
	}
}

// writeTap writes one tap's sums of one panel to dw.
func (g *ConvWeightGrad) writeTap(dw, sums []float32, s WeightStrides, p, tap int) {
	f, cols, _ := g.columns(g.kernels.cols, p)
	start := s.Offset + tap/g.KW*s.KH + tap%g.KW*s.KW + f*s.F
	unpack(dw, start, g.groupC(), cols, s.C, s.F, sums, g.kernels.cols)
}
