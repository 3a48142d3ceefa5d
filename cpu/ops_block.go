package cpu

import (
	"github.com/siam-go/siam/internal/kernel"
)

// bandFloats is about how many floats of the images a unit of block work covers, so that they stay in the L1 cache.
const bandFloats = 4096

// bands divides images into units: bands of rows of windows where these do not overlap, whole images otherwise.
type bands struct {
	pool         kernel.Pool // of all images
	middle, last kernel.Pool // of one band
	perImage     int
	rows         int // rows of windows of a band, but the last
}

func newBands(p kernel.Pool) *bands {
	b := &bands{pool: p, perImage: 1, rows: p.OH}
	b.last = p
	b.last.N = 1
	b.middle = b.last
	if p.KH > p.StrideH || p.PadT != 0 || p.PadL != 0 || (p.OH-1)*p.StrideH+p.KH > p.H {
		return b
	}
	b.rows = min(p.OH, max(1, bandFloats/(p.StrideH*p.W*p.C)))
	b.perImage = (p.OH + b.rows - 1) / b.rows
	if b.perImage == 1 {
		return b
	}
	before := (b.perImage - 1) * b.rows
	b.last.OH, b.last.H = p.OH-before, p.H-before*p.StrideH
	b.middle.OH, b.middle.H = b.rows, b.rows*p.StrideH
	return b
}

func (b *bands) units() int { return b.pool.N * b.perImage }

// band is the pool of a unit, and the offsets of its pixels and its windows.
func (b *bands) band(unit int) (p *kernel.Pool, pixels, windows int) {
	image, band := unit/b.perImage, unit%b.perImage
	p = &b.middle
	if band == b.perImage-1 {
		p = &b.last
	}
	pixels = (image*b.pool.H + band*b.rows*b.pool.StrideH) * b.pool.W * b.pool.C
	windows = (image*b.pool.OH + band*b.rows) * b.pool.OW * b.pool.C
	return p, pixels, windows
}

// size is the number of floats of the largest band.
func (b *bands) size() int { return max(b.middle.H, b.last.H) * b.pool.W * b.pool.C }

// threadScratch is n floats for every thread, for the step alone.
func (c *compiler) threadScratch(n int) func(fr *frame, thread int) []float32 {
	n = align(n*4) / 4
	r := c.scratch(n * c.backend.options.Threads)
	return func(fr *frame, thread int) []float32 { return fr.f32(r)[thread*n : (thread+1)*n] }
}

func init() {
	introduce(opBlock, "Block", lowerBlock)
	introduce(opBlockGrad, "BlockGrad", lowerBlockGrad)
}

// blockShape is the matrix of pixels a block works on.
func blockShape(x *value) normShape {
	channels := x.shape.Dim(-1)
	return normShape{rows: x.shape.Size() / channels, channels: channels}
}

func lowerBlock(c *compiler, n *node) bool {
	a := n.attrs.(blockAttrs)
	s := blockShape(n.inputs[0])
	x, y := c.in(n.inputs[0]), c.out(n.outputs[0])
	var norm *normBlocks
	if a.norm {
		norm = &normBlocks{scale: c.in(n.inputs[1]), offset: c.in(n.inputs[2]), mean: c.out(n.outputs[1]), variance: c.out(n.outputs[2])}
		c.moments(s, norm.mean, norm.variance, x)
		norm.prepare(c, s, a.epsilon)
	}
	residual := ref(-1)
	if a.residual {
		residual = c.in(n.inputs[3])
	}
	switch {
	case a.pool == nil && a.residual:
		c.residual(rowBands(s), norm, y, x, residual)
		return true
	case a.pool == nil:
		c.emit(kernel.Blocks(s.rows, kernel.BlockRows), s.size(), func(fr *frame, _, lo, hi int) {
			norm.apply(fr, s.part(fr, y, lo, hi), s.part(fr, x, lo, hi), a.relu)
		})
		return true
	}
	arg := ref(-1)
	if a.arg {
		arg = c.out(n.outputs[len(n.outputs)-1])
	}
	p, _ := a.pool.pool(n.inputs[0].shape, n.outputs[0].shape)
	c.pooledBands(newBands(p), a.relu, norm, y, arg, x, residual)
	return true
}

// normBlocks is the memory of a normalisation. factor is scale/√(variance+ε).
type normBlocks struct{ scale, offset, mean, variance, rstd, factor ref }

// prepare emits the computation of rstd and factor.
func (b *normBlocks) prepare(c *compiler, s normShape, epsilon float32) {
	b.rstd, b.factor = c.scratch(s.channels), c.scratch(s.channels)
	c.serial(func(fr *frame) {
		kernel.InverseDeviation(fr.f32(b.rstd), fr.f32(b.variance), epsilon)
		kernel.Binary(kernel.OpMul, fr.f32(b.factor), fr.f32(b.rstd), fr.f32(b.scale))
	})
}

func (b *normBlocks) apply(fr *frame, y, x []float32, relu bool) {
	kernel.Normalize(y, x, fr.f32(b.mean), fr.f32(b.factor), fr.f32(b.offset), relu)
}

// residual emits y = max(normalised x + residual, 0) of one band after the other.
func (c *compiler) residual(b *bands, norm *normBlocks, y, x, residual ref) {
	c.emit(b.units(), 2*b.pool.H*b.pool.C, func(fr *frame, _, lo, hi int) {
		for u := lo; u < hi; u++ {
			p, at, _ := b.band(u)
			sum := fr.f32(y)[at:][:p.H*p.C]
			norm.addTo(fr, sum, fr.f32(x)[at:][:len(sum)], fr.f32(residual)[at:][:len(sum)])
			kernel.Unary(kernel.OpRelu, sum, sum)
		}
	})
}

// addTo computes sum = normalised x + residual of a band.
func (b *normBlocks) addTo(fr *frame, sum, x, residual []float32) {
	b.apply(fr, sum, x, false)
	kernel.Binary(kernel.OpAdd, sum, sum, residual)
}

// pooledBands emits normalisation, the sum with a residual, pooling and ReLU of one band after the other; a residual of -1 stands
// for none.
func (c *compiler) pooledBands(b *bands, relu bool, norm *normBlocks, y, arg, x, residual ref) {
	scratch := c.threadScratch(b.size())
	c.emit(b.units(), 2*b.pool.N*b.pool.H*b.pool.W*b.pool.C, func(fr *frame, thread, lo, hi int) {
		for u := lo; u < hi; u++ {
			p, pixels, windows := b.band(u)
			in := fr.f32(x)[pixels:][:p.H*p.W*p.C]
			if norm != nil {
				normalized := scratch(fr, thread)[:len(in)]
				if residual >= 0 {
					norm.addTo(fr, normalized, in, fr.f32(residual)[pixels:][:len(in)])
				} else {
					norm.apply(fr, normalized, in, false)
				}
				in = normalized
			}
			out := fr.f32(y)[windows:][:p.OH*p.OW*p.C]
			if arg < 0 {
				p.MaxByRows(out, in, 0, p.OH, &fr.workspaces[thread])
				if relu { // after the pool, where it costs less than before
					kernel.Unary(kernel.OpRelu, out, out)
				}
				continue
			}
			from := fr.mem[arg][windows:][:len(out)]
			p.Max(kernel.Largest, out, from, in, 0, p.OH)
			if relu {
				p.Relu(out, from, 0, p.OH)
			}
		}
	})
}

func lowerBlockGrad(c *compiler, n *node) bool {
	a := n.attrs.(blockAttrs)
	g := &blockGrad{blockAttrs: a, shape: blockShape(n.inputs[0]), x: c.in(n.inputs[0])}
	rest := n.inputs[1:]
	if a.norm {
		g.norm = &normBlocks{scale: c.in(rest[0]), offset: c.in(rest[1]), mean: c.in(rest[2]), variance: c.in(rest[3])}
		rest = rest[4:]
	}
	if a.residual {
		g.residual, rest = c.in(rest[0]), rest[1:]
	}
	dy := rest[len(rest)-1]
	g.dy = c.in(dy)
	if a.arg {
		g.arg = c.in(rest[0])
		p, _ := a.pool.pool(n.inputs[0].shape, dy.shape)
		g.bands = newBands(p)
	} else {
		g.bands = rowBands(g.shape)
	}
	g.dx = c.out(n.outputs[0])
	if a.norm {
		g.dScale, g.dOffset = c.out(n.outputs[1]), c.out(n.outputs[2])
	}
	if a.residual {
		g.dResidual = c.out(n.outputs[3])
	}
	if a.sums {
		g.sums = c.out(n.outputs[len(n.outputs)-1])
	}
	g.emit(c)
	return true
}

// rowBands divides the rows of a matrix where there is no pool: windows of one pixel.
func rowBands(s normShape) *bands {
	return newBands(kernel.Pool{N: 1, H: s.rows, W: 1, C: s.channels, OH: s.rows, OW: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1})
}

// blockGrad is the gradient of a block.
type blockGrad struct {
	blockAttrs
	shape               normShape
	bands               *bands
	norm                *normBlocks
	x, dy, arg          ref
	dx, dScale, dOffset ref
	residual, dResidual ref
	sums                ref
	scratch             func(fr *frame, thread int) []float32
}

// blocks is the number of partial sums of one unit.
func (g *blockGrad) blocks() int {
	return kernel.Blocks(g.bands.size()/g.shape.channels, kernel.BlockRows)
}

// emit adds the tasks. A normalisation takes two rounds over the bands, one for the sums and one for dx. Each computes the
// gradient that enters it anew, but where that is kept as the gradient of the residual.
func (g *blockGrad) emit(c *compiler) {
	g.scratch = c.threadScratch(g.bands.size())
	apply := func(fr *frame, dx, d, x []float32) { copy(dx, d) }
	if g.norm != nil {
		factors := g.emitSums(c)
		apply = func(fr *frame, dx, d, x []float32) {
			f := g.shape.factors(fr, factors)
			f.Apply(dx, d, x)
		}
	}
	width := g.blocks() * g.shape.channels
	var partials ref
	if g.blockAttrs.sums {
		partials = c.scratch(g.bands.units() * width)
	}
	c.emit(g.bands.units(), 4*g.shape.size(), func(fr *frame, thread, lo, hi int) {
		for u := lo; u < hi; u++ {
			d, x, dx := g.entered(fr, thread, u)
			apply(fr, dx, d, x)
			if g.blockAttrs.sums {
				part := fr.f32(partials)[u*width:][:width]
				used := kernel.Blocks(len(dx)/g.shape.channels, kernel.BlockRows) * g.shape.channels
				kernel.ReduceColumns(kernel.ReduceSum, part[:used], dx, g.shape.channels)
				clear(part[used:])
			}
		}
	})
	if g.blockAttrs.sums {
		c.serial(func(fr *frame) { kernel.CombineColumns(kernel.ReduceSum, fr.f32(g.sums), fr.f32(partials)) })
	}
}

// emitSums emits the gradients of scale and offset, and gives the factors of dx.
func (g *blockGrad) emitSums(c *compiler) (factors ref) {
	channels := g.shape.channels
	width := g.blocks() * channels
	sums, products := c.scratch(g.bands.units()*width), c.scratch(g.bands.units()*width)
	factors = c.scratch(4 * channels)
	g.norm.prepare(c, g.shape, g.epsilon)
	c.emit(g.bands.units(), 4*g.shape.size(), func(fr *frame, thread, lo, hi int) {
		for u := lo; u < hi; u++ {
			d, x, _ := g.entering(fr, thread, u)
			s, p := fr.f32(sums)[u*width:][:width], fr.f32(products)[u*width:][:width]
			used := kernel.Blocks(len(x)/channels, kernel.BlockRows) * channels
			kernel.NormSums(s[:used], p[:used], d, x, fr.f32(g.norm.mean), fr.f32(g.norm.rstd))
			clear(s[used:])
			clear(p[used:])
		}
	})
	c.serial(func(fr *frame) {
		kernel.CombineColumns(kernel.ReduceSum, fr.f32(g.dOffset), fr.f32(sums))
		kernel.CombineColumns(kernel.ReduceSum, fr.f32(g.dScale), fr.f32(products))
		f := g.shape.factors(fr, factors)
		f.Set(fr.f32(g.norm.scale), fr.f32(g.norm.mean), fr.f32(g.norm.rstd), fr.f32(g.dOffset), fr.f32(g.dScale), g.shape.rows)
	})
	return factors
}

// entering computes the gradient d that enters the normalisation, or leaves the block if there is none, for the pixels
// of a unit; x and dx are the same pixels of the input and its gradient.
func (g *blockGrad) entering(fr *frame, thread, unit int) (d, x, dx []float32) {
	p, pixels, windows := g.bands.band(unit)
	n := p.H * p.W * p.C
	x, dx = fr.f32(g.x)[pixels:][:n], fr.f32(g.dx)[pixels:][:n]
	d = g.scratch(fr, thread)[:n]
	if g.blockAttrs.residual {
		d = fr.f32(g.dResidual)[pixels:][:n]
	}
	dy := fr.f32(g.dy)[windows:][:p.OH*p.OW*p.C]
	switch {
	case g.blockAttrs.arg:
		p.MaxGrad(d, dy, fr.mem[g.arg][windows:][:len(dy)], 0, p.GradUnits())
		return d, x, dx
	case g.blockAttrs.residual:
		g.norm.addTo(fr, d, x, fr.f32(g.residual)[pixels:][:n])
	default:
		g.norm.apply(fr, d, x, false)
	}
	kernel.ReluGrad(d, dy, d)
	return d, x, dx
}

// entered is what entering gives, after the first round.
func (g *blockGrad) entered(fr *frame, thread, unit int) (d, x, dx []float32) {
	if !g.blockAttrs.residual {
		return g.entering(fr, thread, unit)
	}
	p, pixels, _ := g.bands.band(unit)
	n := p.H * p.W * p.C
	return fr.f32(g.dResidual)[pixels:][:n], fr.f32(g.x)[pixels:][:n], fr.f32(g.dx)[pixels:][:n]
}
