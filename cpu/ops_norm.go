package cpu

import (
	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

// Batch normalisation of a tensor seen as a matrix [rows, channels]; another feature axis is moved to the end first.

func init() {
	declare(lowerBatchNormTraining, together, compute.OpTypeBatchNormForTraining)
	declare(lowerBatchNormGradient, together, compute.OpTypeBatchNormGradient)
	declare(lowerBatchNormInference, replayedIf(func(_ *splitter, n *node) bool { return n.attrs.(batchNormAttrs).axis > 0 }),
		compute.OpTypeBatchNormForInference)
}

// normShape is the matrix a batch normalisation works on.
type normShape struct {
	rows, channels int
	order          []int // of the axes, the feature axis last
}

func (n *node) normShape() normShape {
	shape, axis := n.inputs[0].shape, n.attrs.(batchNormAttrs).axis
	s := normShape{channels: shape.Dimensions[axis]}
	for i := range shape.Rank() {
		if i != axis {
			s.order = append(s.order, i)
		}
	}
	s.order = append(s.order, axis)
	if s.channels > 0 {
		s.rows = shape.Size() / s.channels
	}
	return s
}

func (s normShape) size() int { return s.rows * s.channels }

func lowerBatchNormTraining(c *compiler, n *node) bool {
	s := n.normShape()
	if s.size() == 0 {
		return false
	}
	if !isFloat32(n.inputs[0]) {
		return lowerBatchNormTraining64(c, n)
	}
	x, scale, offset := c.channelsLast(n.inputs[0], s.order), c.in(n.inputs[1]), c.in(n.inputs[2])
	y, finish := c.channelsLastResult(n.outputs[0], s.order)
	mean, variance := c.out(n.outputs[1]), c.out(n.outputs[2])
	c.moments(s, mean, variance, x)
	c.normalize(s, n.attrs.(batchNormAttrs).epsilon, y, x, scale, offset, mean, variance, false)
	finish()
	return true
}

// moments emits the mean and the biased variance of every channel.
func (c *compiler) moments(s normShape, mean, variance, x ref) {
	blocks := kernel.Blocks(s.rows, kernel.BlockRows)
	sums, squares := c.scratch(blocks*s.channels), c.scratch(blocks*s.channels)
	c.emit(blocks, 2*s.size(), func(fr *frame, _, lo, hi int) {
		part, from := s.part(fr, x, lo, hi), lo*s.channels
		to := hi * s.channels
		kernel.Moments(fr.f32(sums)[from:to], fr.f32(squares)[from:to], part, s.channels)
	})
	c.serial(func(fr *frame) {
		kernel.CombineMoments(fr.f32(mean), fr.f32(variance), fr.f32(sums), fr.f32(squares), s.rows)
	})
}

// part is the rows of blocks lo to hi-1 of a matrix.
func (s normShape) part(fr *frame, r ref, lo, hi int) []float32 {
	return fr.f32(r)[lo*kernel.BlockRows*s.channels : min(hi*kernel.BlockRows, s.rows)*s.channels]
}

// normalize emits y = (x − mean)/√(variance+ε)·scale + offset, followed by a ReLU if wanted.
func (c *compiler) normalize(s normShape, epsilon float32, y, x, scale, offset, mean, variance ref, relu bool) {
	factor := c.scratch(s.channels)
	c.serial(func(fr *frame) {
		f := fr.f32(factor)
		kernel.InverseDeviation(f, fr.f32(variance), epsilon)
		kernel.Binary(kernel.OpMul, f, f, fr.f32(scale))
	})
	c.emit(kernel.Blocks(s.rows, kernel.BlockRows), s.size(), func(fr *frame, _, lo, hi int) {
		kernel.Normalize(s.part(fr, y, lo, hi), s.part(fr, x, lo, hi), fr.f32(mean), fr.f32(factor), fr.f32(offset), relu)
	})
}

func lowerBatchNormInference(c *compiler, n *node) bool {
	s := n.normShape()
	if s.size() == 0 {
		return false
	}
	if !isFloat32(n.inputs[0]) {
		return lowerBatchNormInference64(c, n)
	}
	x, scale, offset := c.channelsLast(n.inputs[0], s.order), c.in(n.inputs[1]), c.in(n.inputs[2])
	mean, variance := c.in(n.inputs[3]), c.in(n.inputs[4])
	y, finish := c.channelsLastResult(n.outputs[0], s.order)
	c.normalize(s, n.attrs.(batchNormAttrs).epsilon, y, x, scale, offset, mean, variance, false)
	finish()
	return true
}

func lowerBatchNormGradient(c *compiler, n *node) bool {
	s := n.normShape()
	if s.size() == 0 {
		return false
	}
	if !isFloat32(n.inputs[0]) {
		return lowerBatchNormGradient64(c, n)
	}
	x, gamma, mean, variance := c.channelsLast(n.inputs[0], s.order), c.in(n.inputs[1]), c.in(n.inputs[2]), c.in(n.inputs[3])
	dy := c.channelsLast(n.inputs[4], s.order)
	dx, finish := c.channelsLastResult(n.outputs[0], s.order)
	dGamma, dBeta := c.out(n.outputs[1]), c.out(n.outputs[2])
	c.normGradient(s, n.attrs.(batchNormAttrs).epsilon, normGradient{x, gamma, mean, variance, dy, dx, dGamma, dBeta})
	finish()
	return true
}

// normGradient is the blocks of a batch normalisation's gradient.
type normGradient struct{ x, gamma, mean, variance, dy, dx, dGamma, dBeta ref }

func (c *compiler) normGradient(s normShape, epsilon float32, g normGradient) {
	blocks := kernel.Blocks(s.rows, kernel.BlockRows)
	sums, products := c.scratch(blocks*s.channels), c.scratch(blocks*s.channels)
	rstd, factors := c.scratch(s.channels), c.scratch(4*s.channels)
	c.serial(func(fr *frame) { kernel.InverseDeviation(fr.f32(rstd), fr.f32(g.variance), epsilon) })
	c.emit(blocks, 2*s.size(), func(fr *frame, _, lo, hi int) {
		from, to := lo*s.channels, hi*s.channels
		kernel.NormSums(fr.f32(sums)[from:to], fr.f32(products)[from:to], s.part(fr, g.dy, lo, hi), s.part(fr, g.x, lo, hi), fr.f32(g.mean), fr.f32(rstd))
	})
	c.serial(func(fr *frame) {
		kernel.CombineColumns(kernel.ReduceSum, fr.f32(g.dBeta), fr.f32(sums))
		kernel.CombineColumns(kernel.ReduceSum, fr.f32(g.dGamma), fr.f32(products))
		factor := s.factors(fr, factors)
		factor.Set(fr.f32(g.gamma), fr.f32(g.mean), fr.f32(rstd), fr.f32(g.dBeta), fr.f32(g.dGamma), s.rows)
	})
	c.emit(blocks, 2*s.size(), func(fr *frame, _, lo, hi int) {
		factor := s.factors(fr, factors)
		factor.Apply(s.part(fr, g.dx, lo, hi), s.part(fr, g.dy, lo, hi), s.part(fr, g.x, lo, hi))
	})
}

func (s normShape) factors(fr *frame, r ref) kernel.NormGrad {
	m, n := fr.f32(r), s.channels
	return kernel.NormGrad{Mean: m[:n], A: m[n : 2*n], B: m[2*n : 3*n], C: m[3*n:]}
}
