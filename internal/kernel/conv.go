package kernel

import (
	"fmt"
	"unsafe"
)

// ConvShape describes a two-dimensional convolution, as deep learning uses the word, of images [N, H, W, C] to feature
// maps [N, OH, OW, F]:
//
//	y[n, oh, ow, f] = Σ x[n, (oh·StrideH + kh·DilH − PadT)/InDilH, (ow·StrideW + kw·DilW − PadL)/InDilW, c] · w[kh, kw, c, f]
//
// summed over kh < KH, kw < KW and the C/Groups channels of f's group; x is 0 outside of the image and where a division
// leaves a remainder. Padding may be negative, which crops; the bottom and right padding follow from OH and OW. Strides,
// dilations and groups of 0 mean 1.
type ConvShape struct {
	N, H, W, C       int
	KH, KW, F        int
	OH, OW           int
	StrideH, StrideW int
	PadT, PadL       int
	DilH, DilW       int // dilation of the kernel
	InDilH, InDilW   int // dilation of the images: a transposed convolution
	Groups           int
	Precision        Precision
	Way              Way
}

// Way is how a convolution is computed.
type Way int

const (
	Chosen  Way = iota // as the cost model says
	Direct             // the vector unit, without minimal filtering
	Minimal            // minimal filtering where it can be, direct elsewhere
	Squares            // the matrix unit where there is one and it can be, as chosen elsewhere
)

// WeightStrides says where a convolution's weights lie in memory: w[kh, kw, c, f] is number
// Offset + kh·KH + kw·KW + c·C + f·F of the slice, with c counted within the group and f over all groups. Negative
// strides reverse an axis.
type WeightStrides struct {
	Offset, KH, KW, C, F int
}

func (s ConvShape) withDefaults() ConvShape {
	for _, p := range []*int{&s.StrideH, &s.StrideW, &s.DilH, &s.DilW, &s.InDilH, &s.InDilW, &s.Groups} {
		if *p == 0 {
			*p = 1
		}
	}
	if s.N < 0 || min(s.H, s.W, s.C, s.KH, s.KW, s.F, s.OH, s.OW, s.StrideH, s.StrideW, s.DilH, s.DilW, s.InDilH, s.InDilW, s.Groups) < 1 ||
		s.C%s.Groups != 0 || s.F%s.Groups != 0 {
		panic(fmt.Sprintf("kernel: impossible convolution %+v", s))
	}
	return s
}

func (s ConvShape) groupC() int { return s.C / s.Groups }
func (s ConvShape) groupF() int { return s.F / s.Groups }
func (s ConvShape) pixels() int { return s.OH * s.OW }

// depthwise tells whether every channel is convolved on its own: then tiles work by channel, and panels take channels
// of many groups.
func (s ConvShape) depthwise() bool { return s.Groups > 1 && s.Groups == s.C && s.Groups == s.F }

// panelled is the number of channel groups that are divided into panels one by one, and their output channels.
func (s ConvShape) panelled() (groups, f int) {
	if s.depthwise() {
		return 1, s.F
	}
	return s.Groups, s.groupF()
}

// panels is the number of panels of width columns.
func (s ConvShape) panels(width int) int {
	groups, all := s.panelled()
	return groups * divideUp(all, width)
}

// columns is the first output channel of panel p, the number of its output channels, and its first input channel.
func (s ConvShape) columns(width, p int) (f, cols, c int) {
	groups, all := s.panelled()
	group, within := p/divideUp(all, width), p%divideUp(all, width)*width
	f, cols, c = group*all+within, min(width, all-within), group*s.C/groups
	if s.depthwise() {
		c = f
	}
	return f, cols, c
}

// checkImages panics unless src and dst hold the images and the feature maps.
func (s ConvShape) checkImages(src, dst []float32) {
	checkMatrix("images", src, 1, s.N*s.H*s.W*s.C, 0)
	checkMatrix("feature maps", dst, 1, s.N*s.OH*s.OW*s.F, 0)
}

// checkWeights panics unless the corners of the weights lie within w.
func (s ConvShape) checkWeights(w []float32, at WeightStrides) {
	lo, hi := at.Offset, at.Offset
	for _, axis := range [][2]int{{s.KH, at.KH}, {s.KW, at.KW}, {s.groupC(), at.C}, {s.F, at.F}} {
		reach := (axis[0] - 1) * axis[1]
		lo, hi = lo+min(0, reach), hi+max(0, reach)
	}
	if lo < 0 || hi >= len(w) {
		panic(fmt.Sprintf("kernel: weights reach from %d to %d of %d numbers", lo, hi, len(w)))
	}
}

// Conv is the plan of a convolution; see [NewConv].
type Conv struct {
	ConvShape
	kernels   *productKernels
	pairs     bool // whether operands are pairs of bfloat16
	pieces    pieces
	imageRows int       // input rows from one image of a piece to the next
	firstRows []int     // first input rows that the pieces of one image meet
	layouts   []layout  // of the pieces of one image
	sections  int       // of the panels, the second coordinate of a unit
	winograd  *winograd // computes it instead, or nil
}

const (
	convPixels = 576  // output pixels of a piece, at most about
	fewPanels  = 12   // panels that are too few for the threads to share
	convDepth  = 2048 // products before partial sums go back to memory, about: a panel's block stays in the L2 cache
)

// NewConv plans a convolution. Run it in three steps: pack the weights once with [Conv.Pack], then [Conv.Run] over all
// units, in any order and from any number of goroutines. How the units are split never changes the result.
func NewConv(s ConvShape) *Conv {
	c := newConv(s)
	return c.plan(c.fastestPatches(&active.product, winogradGain))
}

// NewKeptConv is [NewConv] of packed weights that serve often. What comes out for an image does not depend on how many there are,
// to the bit, unless the image is one patch of minimal filtering and the weights do not stay in the L2 cache.
func NewKeptConv(s ConvShape) *Conv {
	c := newConv(s)
	t := c.fastestKeptPatches(&active.product)
	if t != nil && c.isSlowAlone(t) {
		t = c.fastestPatches(&active.product, winogradGain)
	}
	return c.plan(t)
}

// plan cuts the work, of minimal filtering if there are transforms.
func (c *Conv) plan(t *patchTransforms) *Conv {
	if t != nil {
		c.filterMinimally(newWinograd(c.ConvShape, &active.product, t))
		return c
	}
	c.cut(newPieces(c.ConvShape, c.wantedPixels(), c.spread()), c.OH)
	c.sections = groupsFor(c.pieces.count, c.PackUnits())
	return c
}

// newConv chooses the kernels.
func newConv(s ConvShape) *Conv {
	s = s.withDefaults()
	k := &active.product
	c := &Conv{ConvShape: s, kernels: k}
	switch {
	case s.depthwise():
		c.kernels = k.of(byChannelTile)
	case s.Precision == BFloat16 && k.pairs && s.pairable():
		c.pairs, c.kernels = true, k.of(pairTile)
	}
	return c
}

// filterMinimally leaves the convolution to minimal filtering, which multiplies float32.
func (c *Conv) filterMinimally(g *winograd) {
	c.winograd, c.kernels, c.pairs = g, g.kernels, false
}

// cut divides the output; a piece's images begin outRows rows apart in what it writes to.
func (c *Conv) cut(p pieces, outRows int) {
	c.pieces, c.imageRows = p, c.H
	if c.pairs {
		c.imageRows = p.mostInputRows()
	}
	c.firstRows = make([]int, p.stacks)
	for i := range c.firstRows {
		c.firstRows[i], _ = p.inputRows(i)
	}
	c.layouts = p.layouts(operand{size: c.size(), imageRows: c.imageRows, outRows: outRows, width: c.kernels.cols})
}

// wantedPixels is the number of output pixels of a piece that makes enough units, but none so small that its tiles have
// too few rows. Border pixels, which are few in a piece, ask for larger ones.
func (c *Conv) wantedPixels() int {
	panels, least := c.PackUnits(), convPixels/6
	if panels < fewPanels && !c.padded() {
		least /= 2
	}
	return min(convPixels, max(least, c.N*c.pixels()/divideUp(wantedUnits, panels)))
}

// pairable tells whether every run of products is an even number of neighbours in memory.
func (s ConvShape) pairable() bool {
	return s.groupC()%2 == 0 || s.KW*s.C%2 == 0 && s.Groups == 1 && s.DilW == 1 && !s.padded()
}

// size is the bytes of a number of the input.
func (c *Conv) size() int {
	if c.pairs {
		return 2
	}
	return 4
}

// panelSize is the length of one packed panel.
func (c *Conv) panelSize() int {
	if c.winograd != nil {
		return c.winograd.panelSize()
	}
	return c.KH * c.KW * c.groupC() * c.kernels.cols
}

// PackSize is the length of the packed weights.
func (c *Conv) PackSize() int { return c.PackUnits() * c.panelSize() }

// PackUnits is the number of units of [Conv.Pack].
func (c *Conv) PackUnits() int { return c.panels(c.kernels.cols) }

// Pack rearranges units lo to hi-1 of the weights for [Conv.Run]. It panics if a slice is too short.
func (c *Conv) Pack(dst, w []float32, s WeightStrides, lo, hi int) {
	checkLength("packed weights", dst, c.PackSize())
	c.checkWeights(w, s)
	width, depth := c.kernels.cols, c.groupC()
	for p := lo; p < hi; p++ {
		f, cols, _ := c.columns(width, p)
		panel := dst[p*c.panelSize():]
		if c.winograd != nil {
			c.winograd.pack(panel, w, s, p)
			continue
		}
		for tap := range c.KH * c.KW {
			start := s.Offset + tap/c.KW*s.KH + tap%c.KW*s.KW + f*s.F
			c.kernels.pack(panel[tap*depth*width:], w, start, depth, cols, s.C, s.F)
		}
		if c.pairs {
			c.kernels.pairPanel(panel, c.KH*c.KW*depth)
		}
	}
}

// Packing tells how a plan packs weights: plans of one Packing, for any number of images, pack the same weights alike.
type Packing struct {
	shape ConvShape // of one image
	kind  tileKind
	pairs bool
	taps  int // of minimal filtering, or 0
}

// Packing is comparable.
func (c *Conv) Packing() Packing {
	p := Packing{shape: c.ConvShape, kind: c.kernels.kind, pairs: c.pairs}
	p.shape.N = 1
	if c.winograd != nil {
		p.taps = c.winograd.transforms.taps
	}
	return p
}

// Units is the number of independent pieces of the convolution.
func (c *Conv) Units() int {
	if c.winograd != nil {
		return c.winograd.units()
	}
	return c.pieces.count * c.sections
}

// Run computes units lo to hi-1 of dst from src and packed weights. It panics if a slice is too short.
func (c *Conv) Run(dst, src, packed []float32, ep *Epilogue, lo, hi int, w *Workspace) {
	c.checkImages(src, dst)
	checkMatrix("packed weights", packed, 1, c.PackSize(), 0)
	ep.check(c.N*c.pixels()*c.F, c.F)
	var source unsafe.Pointer
	loaded := -1
	for u := lo; u < hi; u++ {
		if c.winograd != nil {
			c.winograd.run(dst, src, packed, ep, u, w)
			continue
		}
		piece := u / c.sections
		if piece != loaded {
			source, loaded = c.source(src, piece, w), piece
		}
		image, _, row, _ := c.pieces.span(piece)
		start := (image*c.OH + row) * c.OW * c.F
		p0, p1 := share(c.PackUnits(), c.sections, u%c.sections)
		for p := p0; p < p1; p++ {
			c.panel(dst, start, source, packed[p*c.panelSize():], ep, piece, p, w)
		}
	}
}

// source is the first input row that a piece meets.
func (c *Conv) source(src []float32, piece int, w *Workspace) unsafe.Pointer {
	if c.pairs {
		return c.halves(src, piece, w)
	}
	image, _, _, _ := c.pieces.span(piece)
	return unsafe.Pointer(&src[(image*c.H+c.firstRows[piece%c.pieces.stacks])*c.W*c.C])
}

// panel computes the output channels of one panel for the pixels of a piece, which begin at dst[start].
func (c *Conv) panel(dst []float32, start int, source unsafe.Pointer, panel []float32, ep *Epilogue, piece, p int, w *Workspace) {
	image0, image1, _, _ := c.pieces.span(piece)
	f, cols, channel := c.columns(c.kernels.cols, p)
	stack := piece % c.pieces.stacks
	start += f
	t := &w.tile
	t.a = unsafe.Add(source, channel*c.size())
	t.b, t.c = unsafe.Pointer(&panel[0]), unsafe.Pointer(&dst[start])
	t.aStep, t.bStep = 4, c.kernels.cols*4
	for i := range c.layouts[stack] {
		class := &c.layouts[stack][i]
		pixels := (image1 - image0) * class.perImage
		if class.slide.run > 0 && c.kernels.slides {
			ep.apply(t, start, f, c.F, true, true)
			w.slide(c.kernels, class, pixels, cols)
			continue
		}
		t.depth = class.depth
		block := max(1, convDepth/class.depth)
		for s := 0; s == 0 || s < len(class.segments); s += block {
			t.count = min(block, len(class.segments)-s)
			if t.count > 0 {
				t.segments = &class.segments[s]
			}
			ep.apply(t, start, f, c.F, s == 0, s+t.count == len(class.segments))
			w.run(c.kernels, class.origins[:pixels], class.out[:pixels], cols)
		}
	}
}
