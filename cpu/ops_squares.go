package cpu

import "github.com/siam-go/siam/internal/kernel"

// Products on a matrix unit: both operands are packed for it by tasks of their own, then all threads read them.

// squareOps is how many packed numbers take as long as moving an element.
const squareOps = 2

// packedRight is the packed weights of a product: packed at once if they are constant, when they change if they are a
// parameter, and otherwise every time.
func (c *compiler) packedRight(from ref, size, units int, pack func(to, from []float32, lo, hi int, w *kernel.Workspace)) ref {
	packed, known := c.packConstant(from, size, func(to, from []float32) { pack(to, from, 0, units, &kernel.Workspace{}) })
	if known {
		return packed
	}
	packed = c.scratch(size)
	c.emit(units, size/squareOps, func(fr *frame, thread, lo, hi int) {
		pack(fr.f32(packed), fr.f32(from), lo, hi, &fr.workspaces[thread])
	})
	c.keep(packed, from, nil)
	return packed
}

// packedLeft is packed operands that change every time.
func (c *compiler) packedLeft(from ref, size, units int, pack func(to, from []float32, lo, hi int, w *kernel.Workspace)) ref {
	packed := c.scratch(size)
	c.emit(units, size/squareOps, func(fr *frame, thread, lo, hi int) {
		pack(fr.f32(packed), fr.f32(from), lo, hi, &fr.workspaces[thread])
	})
	return packed
}

// squareGemm emits the product C = A·B. B is packed beforehand if that serves many products, or many rows of this one.
func (c *compiler) squareGemm(s kernel.GemmShape, e epilogueBlocks, to, left, right ref, kept bool) {
	g := kernel.NewSquareGemm(s, c.backend.precision.kernel())
	run, b := g.RunOnce, right
	if kept || !g.SuitsOnce() {
		run, b = g.Run, c.packedRight(right, g.PackSize(), g.PackUnits(), g.Pack)
	}
	a := c.packedLeft(left, g.LeftSize(), g.LeftUnits(), g.PackLeft)
	stream := c.exceedsCaches(to)
	c.emit(g.Units(), 2*s.M*s.N*s.K/productOps, func(fr *frame, thread, lo, hi int) {
		ep := e.bind(fr)
		ep.Stream = stream
		run(fr.f32(to), fr.f32(a), fr.f32(b), &ep, lo, hi, &fr.workspaces[thread])
	})
}

// squareConv emits a convolution of channels-last images.
func (c *compiler) squareConv(s kernel.ConvShape, at kernel.WeightStrides, e epilogueBlocks, dst, src, weights ref) {
	k := kernel.NewSquareConv(s)
	w := c.packedRight(weights, k.PackSize(), k.PackUnits(), func(to, from []float32, lo, hi int, w *kernel.Workspace) {
		k.Pack(to, from, at, lo, hi, w)
	})
	run, units, x := k.RunOnce, s.N, src
	if !k.SuitsOnce() {
		run, units, x = k.Run, k.Units(), c.packedLeft(src, k.ImagesSize(), k.ImageUnits(), k.PackImages)
	}
	stream := c.exceedsCaches(dst)
	c.emit(units, convWork(s), func(fr *frame, thread, lo, hi int) {
		ep := &fr.epilogues[thread]
		*ep = e.bind(fr)
		ep.Stream = stream
		run(fr.f32(dst), fr.f32(x), fr.f32(w), ep, lo, hi, &fr.workspaces[thread])
	})
}

// squareWeightGrad emits a convolution's gradient to its weights.
func (c *compiler) squareWeightGrad(s kernel.ConvShape, at kernel.WeightStrides, dst, src, dy ref) {
	g := kernel.NewSquareWeightGrad(s)
	x := c.packedLeft(src, g.ImagesSize(), g.ImageUnits(), g.PackImages)
	d := c.packedLeft(dy, g.PackSize(), g.PackUnits(), g.Pack)
	sums := c.scratch(g.ScratchSize())
	c.emit(g.Units(), convWork(s), func(fr *frame, thread, lo, hi int) {
		g.Run(fr.f32(sums), fr.f32(x), fr.f32(d), lo, hi, &fr.workspaces[thread])
	})
	c.emit(g.ReduceUnits(), g.ScratchSize(), func(fr *frame, _, lo, hi int) {
		g.Reduce(fr.f32(dst), fr.f32(sums), at, lo, hi)
	})
}
