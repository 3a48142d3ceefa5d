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

// side is one operand of a product: a batch of matrices [free, contracted] or, if transposed, [contracted, free].
type side struct {
	matrices
	block      ref
	transposed bool
}

// matrices are where the matrices of a batch lie: from which number on, and how far apart their rows are.
type matrices struct {
	starts []int
	stride int
}

// matricesOf finds the matrices [rows, cols] of a batch in memory, of axes of these sizes and strides; false if the numbers of a row
// do not follow each other, or rows do not lie equally far apart.
func matricesOf(dims, strides, batch, rows, cols []int) (m matrices, ok bool) {
	width, step, together := joined(dims, strides, cols)
	height, stride, apart := joined(dims, strides, rows)
	if !together || !apart || width > 1 && step != 1 {
		return m, false
	}
	m.starts, m.stride = []int{0}, width
	if height > 1 {
		m.stride = stride
	}
	for _, axis := range batch {
		var starts []int
		for _, start := range m.starts {
			for i := range dims[axis] {
				starts = append(starts, start+i*strides[axis])
			}
		}
		m.starts = starts
	}
	return m, m.stride >= width
}

// joined is the size and the stride of the axis that some axes make together; false if they make none.
func joined(dims, strides, axes []int) (size, stride int, ok bool) {
	size = 1
	for i := len(axes) - 1; i >= 0; i-- {
		axis := axes[i]
		switch {
		case dims[axis] == 1:
			continue
		case size == 1:
			stride = strides[axis]
		case strides[axis] != size*stride:
			return 0, 0, false
		}
		size *= dims[axis]
	}
	return size, stride, true
}

func lowerDot(c *compiler, n *node) bool {
	a := n.attrs.(dotAttrs)
	if !a.ours(n) {
		return false
	}
	y := n.outputs[0]
	m, _ := a.result(n.inputs[0].shape, y.shape, allAxes(y.shape))
	a.product(c, noEpilogue, n.inputs[0], n.inputs[1], side{matrices: m, block: c.out(y)})
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

// product computes batches of [m, k]·[k, n]. Operands whose numbers are not in such an order are transposed first.
func (a dotAttrs) product(c *compiler, e epilogueBlocks, l, r *value, to side) {
	batch := axesSize(l.shape, a.lhsBatch)
	k := axesSize(l.shape, a.lhsContract)
	s := kernel.GemmShape{M: l.shape.Size() / batch / k, N: a.columns(r.shape), K: k}
	left := c.arrange(l, a.lhsBatch, a.lhsContract)
	right := c.arrange(r, a.rhsBatch, a.rhsContract)
	s.TransA, s.TransB = left.transposed, !right.transposed
	s.LDA, s.LDB, s.LDC = left.stride, right.stride, to.stride
	c.gemm(s, e, to, left, right, right.block == c.where[r] && c.lasts(r))
}

// result is where a product's result of this shape goes: in the order of its axes, which permutation gives.
func (a dotAttrs) result(l, y shapes.Shape, permutation []int) (m matrices, ok bool) {
	strides := make([]int, len(permutation)) // of the axes of the product, before they were permuted
	dims := make([]int, len(permutation))
	for i, axis := range permutation {
		strides[axis], dims[axis] = y.Strides()[i], y.Dimensions[i]
	}
	axes := allAxes(y)
	batch, free := len(a.lhsBatch), l.Rank()-len(a.lhsContract)
	return matricesOf(dims, strides, axes[:batch], axes[batch:free], axes[free:])
}

func axesSize(shape shapes.Shape, axes []int) int {
	size := 1
	for _, axis := range axes {
		size *= shape.Dimensions[axis]
	}
	return size
}

// arrange finds an operand's matrices in memory, or brings them into an order that a product can read.
func (c *compiler) arrange(v *value, batch, contract []int) side {
	free := without(v.shape.Rank(), slices.Concat(batch, contract))
	if m, ok := matricesOf(v.shape.Dimensions, v.shape.Strides(), batch, free, contract); ok {
		return side{m, c.in(v), false}
	}
	if m, ok := matricesOf(v.shape.Dimensions, v.shape.Strides(), batch, contract, free); ok {
		return side{m, c.in(v), true}
	}
	moved := c.scratch(v.shape.Size())
	transpose(c, moved, c.in(v), v.shape, slices.Concat(batch, free, contract))
	rows, cols := axesSize(v.shape, free), axesSize(v.shape, contract)
	m := matrices{stride: cols}
	for i := range axesSize(v.shape, batch) {
		m.starts = append(m.starts, i*rows*cols)
	}
	return side{m, moved, false}
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

// gemm emits batches of the product C = A·B. A constant B is packed at once; kept says that B is likely to be the same in many
// executions.
func (c *compiler) gemm(s kernel.GemmShape, e epilogueBlocks, to, left, right side, kept bool) {
	batch := len(to.starts)
	if batch == 1 && kernel.GemmSuitsSquares(s, c.backend.precision.kernel(), kept) {
		c.squareGemm(s, e, to.block, left.block, right.block, kept)
		return
	}
	g := kernel.NewGemm(s)
	stream := c.exceedsCaches(to.block)
	if batch == 1 {
		if packed, known := c.packConstant(right.block, g.PackSize(), func(to, from []float32) { g.Pack(to, from, 0, g.PackUnits()) }); known {
			c.emit(g.Units(), 2*s.M*s.N*s.K/productOps, func(fr *frame, thread, lo, hi int) {
				ep := e.bind(fr)
				ep.Stream = stream
				g.Run(fr.f32(to.block), fr.f32(left.block), fr.f32(packed), &ep, lo, hi, &fr.workspaces[thread])
			})
			return
		}
	}
	units := g.UnpackedUnits()
	c.emit(batch*units, 2*batch*s.M*s.N*s.K/productOps, func(fr *frame, thread, lo, hi int) {
		ep := e.bind(fr)
		ep.Stream = stream
		for i, part := range parts(lo, hi, units) {
			y, l, r := fr.f32(to.block)[to.starts[i]:], fr.f32(left.block)[left.starts[i]:], fr.f32(right.block)[right.starts[i]:]
			g.RunUnpacked(y, l, r, &ep, part.lo, part.hi, &fr.workspaces[thread])
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
