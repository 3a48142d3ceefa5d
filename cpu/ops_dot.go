package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

func init() { declare(lowerDot, replayedIf(dotApart), compute.OpTypeDotGeneral) }

func dotApart(s *splitter, n *node) bool {
	a := n.attrs.(dotAttrs)
	return len(a.lhsBatch) == 0 && !slices.Contains(a.lhsContract, 0) && !s.batched[n.inputs[1]]
}

// side is one operand of a product: [batch, free, contracted] or, if transposed, [batch, contracted, free].
type side struct {
	block      ref
	transposed bool
}

func lowerDot(c *compiler, n *node) bool {
	a := n.attrs.(dotAttrs)
	if !a.ours(n) {
		return false
	}
	a.product(c, noEpilogue, n.inputs[0], n.inputs[1], n.outputs[0])
	return true
}

// ours reports whether our kernels run a product.
func (a dotAttrs) ours(n *node) bool {
	sums := a.config.AccumulatorDType
	return isFloat32(n.inputs[0], n.inputs[1], n.outputs[0]) && (sums == dtypes.InvalidDType || sums == dtypes.Float32) &&
		n.inputs[0].shape.Size() > 0 && n.outputs[0].shape.Size() > 0
}

// columns is the number of columns of the product.
func (a dotAttrs) columns(r shapes.Shape) int {
	return r.Size() / axesSize(r, a.rhsBatch) / axesSize(r, a.rhsContract)
}

// product computes batches of [m, k]·[k, n]. Operands whose axes are not in such an order are transposed first.
func (a dotAttrs) product(c *compiler, e epilogueBlocks, l, r, y *value) {
	batch := axesSize(l.shape, a.lhsBatch)
	k := axesSize(l.shape, a.lhsContract)
	s := kernel.GemmShape{M: l.shape.Size() / batch / k, N: a.columns(r.shape), K: k}
	left := c.arrange(l, a.lhsBatch, a.lhsContract)
	right := c.arrange(r, a.rhsBatch, a.rhsContract)
	s.TransA, s.TransB = left.transposed, !right.transposed
	c.gemm(s, batch, e, c.out(y), left.block, right.block)
}

func axesSize(shape shapes.Shape, axes []int) int {
	size := 1
	for _, axis := range axes {
		size *= shape.Dimensions[axis]
	}
	return size
}

// arrange brings the axes of an operand into one of the orders of side.
func (c *compiler) arrange(v *value, batch, contract []int) side {
	var free []int
	for _, axis := range allAxes(v.shape) {
		if !slices.Contains(batch, axis) && !slices.Contains(contract, axis) {
			free = append(free, axis)
		}
	}
	normal := slices.Concat(batch, free, contract)
	turned := slices.Concat(batch, contract, free)
	switch {
	case sameLayout(v.shape, normal):
		return side{c.in(v), false}
	case sameLayout(v.shape, turned):
		return side{c.in(v), true}
	}
	moved := c.scratch(v.shape.Size())
	transpose(c, moved, c.in(v), v.shape, normal)
	return side{moved, false}
}

// sameLayout reports whether permuting the axes leaves the elements where they are.
func sameLayout(shape shapes.Shape, permutation []int) bool {
	last := -1
	for _, axis := range permutation {
		if shape.Dimensions[axis] == 1 {
			continue
		}
		if axis < last {
			return false
		}
		last = axis
	}
	return true
}

// gemm emits batches of the product C = A·B. A constant B is packed at once.
func (c *compiler) gemm(s kernel.GemmShape, batch int, e epilogueBlocks, to, left, right ref) {
	if batch == 1 && kernel.GemmSuitsSquares(s, c.backend.options.Precision.kernel()) {
		c.squareGemm(s, e, to, left, right)
		return
	}
	g := kernel.NewGemm(s)
	stream := c.exceedsCaches(to)
	if batch == 1 {
		if packed, known := c.packConstant(right, g.PackSize(), func(to, from []float32) { g.Pack(to, from, 0, g.PackUnits()) }); known {
			c.emit(g.Units(), 2*s.M*s.N*s.K/productOps, func(fr *frame, thread, lo, hi int) {
				ep := e.bind(fr)
				ep.Stream = stream
				g.Run(fr.f32(to), fr.f32(left), fr.f32(packed), &ep, lo, hi, &fr.workspaces[thread])
			})
			return
		}
	}
	units := g.UnpackedUnits()
	c.emit(batch*units, 2*batch*s.M*s.N*s.K/productOps, func(fr *frame, thread, lo, hi int) {
		ep := e.bind(fr)
		ep.Stream = stream
		for i, part := range parts(lo, hi, units) {
			y, l, r := fr.f32(to)[i*s.M*s.N:], fr.f32(left)[i*s.M*s.K:], fr.f32(right)[i*s.K*s.N:]
			g.RunUnpacked(y[:s.M*s.N], l[:s.M*s.K], r[:s.K*s.N], &ep, part.lo, part.hi, &fr.workspaces[thread])
		}
	})
}

// exceedsCaches tells whether a block is so large that what is written first has left the caches before it is read again.
func (c *compiler) exceedsCaches(r ref) bool { return c.program.blocks[r].bytes >= 32<<20 }

// parts divides units lo to hi-1 of several equal things of n units each: it yields the thing and its range.
func parts(lo, hi, n int) func(yield func(i int, r span) bool) {
	return func(yield func(int, span) bool) {
		for lo < hi {
			i := lo / n
			end := min(hi, (i+1)*n)
			if !yield(i, span{lo - i*n, end - i*n}) {
				return
			}
			lo = end
		}
	}
}

// span is a range of units.
type span struct{ lo, hi int }
