package kernel

import "unsafe"

// ConvWeightGrad is the plan of a convolution's gradient to its weights; see [NewConvWeightGrad].
type ConvWeightGrad struct {
	ConvShape
	kernels *productKernels
	bands   bands
	taps    []int // byte offset in a band of each weight's first product, in the order kh, kw, c
	lines   []int // byte offset in a band of each output row's first pixel
	out     []int // byte offset of each tap in a panel of partial sums
	panels  int   // of one group of channels
	slices  int   // of the bands, each with partial sums of its own
	shares  int   // of the panels
}

const (
	weightPixels  = 400     // output pixels of a band, about
	weightPartial = 2 << 20 // numbers of all partial sums together, unless one copy alone needs more
)

// NewConvWeightGrad plans the gradient of the convolution s to its weights,
//
//	dw[kh, kw, c, f] = Σ x[n, (oh·StrideH + kh·DilH − PadT)/InDilH, (ow·StrideW + kw·DilW − PadL)/InDilW, c] · dy[n, oh, ow, f]
//
// summed over n, oh and ow. Run it in two steps: [ConvWeightGrad.Run] over all units into the scratch memory, and after
// the last of them [ConvWeightGrad.Reduce] over all its units. How the units are split never changes the result.
func NewConvWeightGrad(s ConvShape) *ConvWeightGrad {
	s = s.withDefaults()
	k := &active.product
	g := &ConvWeightGrad{ConvShape: s, kernels: k, bands: newBands(s, weightPixels), panels: divideUp(s.groupF(), k.cols)}
	for i := range s.KH * s.KW * s.groupC() {
		tap, c := i/s.groupC(), i%s.groupC()
		g.taps = append(g.taps, 4*(tap/s.KW*s.DilH*g.bands.pitch+tap%s.KW*s.DilW*s.C+c))
	}
	for i := 0; i < len(g.bands.origins); i += s.OW {
		g.lines = append(g.lines, g.bands.origins[i])
	}
	g.out = offsets(len(g.taps), k.cols)
	g.shares = 1
	if !g.bands.copied {
		g.shares = g.PackUnits()
	}
	g.slices = max(1, min(g.bands.count, divideUp(wantedUnits, g.shares), weightPartial/g.partialSize()))
	return g
}

// panelSize is the length of the partial sums of one panel.
func (g *ConvWeightGrad) panelSize() int { return len(g.taps) * g.kernels.cols }

// partialSize is the length of one copy of the partial sums.
func (g *ConvWeightGrad) partialSize() int { return g.PackUnits() * g.panelSize() }

// PackUnits is the number of panels of all groups of channels.
func (g *ConvWeightGrad) PackUnits() int { return g.Groups * g.panels }

// ScratchSize is the length of the scratch memory that Run fills and Reduce reads.
func (g *ConvWeightGrad) ScratchSize() int { return g.slices * g.partialSize() }

// Units is the number of independent pieces of [ConvWeightGrad.Run].
func (g *ConvWeightGrad) Units() int { return g.slices * g.shares }

// Run computes units lo to hi-1 of the partial sums. It panics if a slice is too short.
func (g *ConvWeightGrad) Run(scratch, src, dy []float32, lo, hi int, w *Workspace) {
	g.checkImages(src, dy)
	checkMatrix("scratch", scratch, 1, g.ScratchSize(), 0)
	for u := lo; u < hi; u++ {
		slice := u / g.shares
		b0, b1 := share(g.bands.count, g.slices, slice)
		p0, p1 := share(g.PackUnits(), g.shares, u%g.shares)
		if b0 == b1 {
			clear(scratch[slice*g.partialSize()+p0*g.panelSize():][:(p1-p0)*g.panelSize()])
		}
		for band := b0; band < b1; band++ {
			g.bands.load(band, src, w)
			for p := p0; p < p1; p++ {
				g.panel(scratch[slice*g.partialSize()+p*g.panelSize():], dy, band, p, band > b0, w)
			}
		}
	}
}

// panel adds the products of a band's pixels to the partial sums of one panel.
func (g *ConvWeightGrad) panel(sums, dy []float32, band, p int, accumulate bool, w *Workspace) {
	pixel, pixels := g.bands.pixels(band)
	f, cols := g.columns(g.kernels.cols, p)
	width := g.kernels.cols
	t := &w.tile
	source := t.a
	t.a = unsafe.Add(source, p/g.panels*g.groupC()*4)
	t.aStep = g.StrideW * g.C * 4
	t.count, t.segments, t.depth = pixels/g.OW, &g.lines[0], g.OW
	if cols == width {
		t.b, t.bStep = unsafe.Pointer(&dy[pixel*g.F+f]), g.F*4
	} else {
		panel := floats(&w.panel, pixels*width)
		pack(panel, width, dy, pixel*g.F+f, pixels, cols, g.F, 1)
		t.b, t.bStep = unsafe.Pointer(&panel[0]), width*4
	}
	t.c, t.flags = unsafe.Pointer(&sums[0]), 0
	if accumulate {
		t.flags = flagAccumulate
	}
	w.run(g.kernels, g.taps, g.out, width)
	t.a = source
}

// ReduceUnits is the number of independent pieces of [ConvWeightGrad.Reduce].
func (g *ConvWeightGrad) ReduceUnits() int { return g.KH * g.KW }

// Reduce adds up the partial sums of the taps lo to hi-1 and writes them to dw. It panics if a slice is too short.
func (g *ConvWeightGrad) Reduce(dw, scratch []float32, s WeightStrides, lo, hi int) {
	g.checkWeights(dw, s)
	checkMatrix("scratch", scratch, 1, g.ScratchSize(), 0)
	for p := range g.PackUnits() {
		f, cols := g.columns(g.kernels.cols, p)
		for tap := lo; tap < hi; tap++ {
			start := s.Offset + tap/g.KW*s.KH + tap%g.KW*s.KW + f*s.F
			for c := range g.groupC() {
				row := p*g.panelSize() + (tap*g.groupC()+c)*g.kernels.cols
				g.sumRow(dw, scratch[row:], start+c*s.C, s.F, cols)
			}
		}
	}
}

// sumRow adds up the slices of one row of partial sums.
func (g *ConvWeightGrad) sumRow(dw, partial []float32, at, stride, cols int) {
	for j := range cols {
		var sum float32
		for slice := range g.slices {
			sum += partial[slice*g.partialSize()+j]
		}
		dw[at+j*stride] = sum
	}
}
