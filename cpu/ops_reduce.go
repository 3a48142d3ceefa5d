package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

// Reductions of float32. Axes are joined into a tensor [outer, reduced, inner]; what does not fit that is transposed
// first.

var reduceOps = map[compute.OpType]kernel.ReduceOp{
	compute.OpTypeReduceSum: kernel.ReduceSum, compute.OpTypeReduceMax: kernel.ReduceMax, compute.OpTypeReduceMin: kernel.ReduceMin,
}

func init() {
	for op := range reduceOps {
		declare(lowerReduce, replayedIf(axesApart), op)
	}
	declare(nil, replayedIf(axesApart), compute.OpTypeReduceProduct,
		compute.OpTypeReduceBitwiseAnd, compute.OpTypeReduceBitwiseOr, compute.OpTypeReduceBitwiseXor,
		compute.OpTypeReduceLogicalAnd, compute.OpTypeReduceLogicalOr, compute.OpTypeReduceLogicalXor)
	introduce(opSquares, "Squares", lowerSquares)
}

// axesApart tells of an operation along some axes whether the first is not among them.
func axesApart(_ *splitter, n *node) bool {
	axes := n.attrs.([]int)
	return len(axes) > 0 && !slices.Contains(axes, 0)
}

// fuseSquares sums squares, such as those of a gradient's length, without writing them to memory. Rows of a matrix are left alone,
// so that a row's sum is the same in a matrix of one row.
func (g *body) fuseSquares() {
	by := map[*value]*value{}
	for _, n := range g.nodes {
		if n.op != compute.OpTypeReduceSum || !isFloat32(n.inputs[0]) || n.outputs[0].shape.Rank() != 0 {
			continue
		}
		if square := n.inputs[0].node; square.op == compute.OpTypeMul && square.inputs[0] == square.inputs[1] && square.outputs[0].shape.Size() > 0 {
			fused := &node{op: opSquares, fn: n.fn, position: n.position, inputs: square.inputs[:1]}
			by[n.outputs[0]] = fused.output(n.outputs[0].shape)
		}
	}
	g.redirect(by)
}

func lowerSquares(c *compiler, n *node) bool {
	size := n.inputs[0].shape.Size()
	from, to := c.in(n.inputs[0]), c.out(n.outputs[0])
	c.reduceBlocks(kernel.ReduceSum, to, size, func(fr *frame, partials []float32, lo, hi int) {
		kernel.SquareBlocks(partials, fr.f32(from)[lo:hi])
	})
	return true
}

// reduceBlocks emits the reduction of n elements to one number; run reduces the elements lo to hi-1 block by block.
func (c *compiler) reduceBlocks(op kernel.ReduceOp, to ref, n int, run func(fr *frame, partials []float32, lo, hi int)) {
	blocks := kernel.Blocks(n, kernel.BlockLen)
	partials := c.scratch(blocks)
	c.emit(blocks, n, func(fr *frame, _, lo, hi int) {
		run(fr, fr.f32(partials)[lo:hi], lo*kernel.BlockLen, min(hi*kernel.BlockLen, n))
	})
	c.serial(func(fr *frame) { fr.f32(to)[0] = kernel.ReducePartials(op, fr.f32(partials)) })
}

func lowerReduce(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !isFloat32(x) || x.shape.Size() == 0 {
		return false
	}
	axes := n.attrs.([]int)
	if len(axes) == 0 {
		axes = allAxes(x.shape)
	}
	from := c.in(x)
	outer, reduced, inner, ok := foldAxes(x.shape, axes)
	if !ok {
		var kept []int
		for _, axis := range allAxes(x.shape) {
			if !slices.Contains(axes, axis) {
				kept = append(kept, axis)
			}
		}
		moved := c.scratch(x.shape.Size())
		transpose(c, moved, from, x.shape, append(kept, axes...))
		from, outer, reduced, inner = moved, y.shape.Size(), x.shape.Size()/y.shape.Size(), 1
	}
	c.reduce(reduceOps[n.op], c.out(y), from, outer, reduced, inner)
	return true
}

// allAxes lists the axes of a shape.
func allAxes(shape shapes.Shape) []int {
	axes := make([]int, shape.Rank())
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// foldAxes joins the axes of a shape into three: outer, reduced and inner ones. ok is false if the reduced axes do
// not lie side by side.
func foldAxes(shape shapes.Shape, axes []int) (outer, reduced, inner int, ok bool) {
	outer, reduced, inner = 1, 1, 1
	for axis, dim := range shape.Dimensions {
		switch {
		case dim == 1:
		case slices.Contains(axes, axis):
			if inner > 1 {
				return 0, 0, 0, false
			}
			reduced *= dim
		case reduced > 1:
			inner *= dim
		default:
			outer *= dim
		}
	}
	return outer, reduced, inner, true
}

// reduce emits the reduction of [outer, reduced, inner] to [outer, inner].
func (c *compiler) reduce(op kernel.ReduceOp, to, from ref, outer, reduced, inner int) {
	size := outer * reduced * inner
	switch {
	case inner == 1 && outer == 1:
		c.reduceBlocks(op, to, reduced, func(fr *frame, partials []float32, lo, hi int) {
			kernel.ReduceBlocks(op, partials, fr.f32(from)[lo:hi])
		})
	case inner == 1:
		c.emit(outer, size, func(fr *frame, _, lo, hi int) {
			kernel.ReduceRows(op, fr.f32(to)[lo:hi], fr.f32(from)[lo*reduced:hi*reduced])
		})
	case outer == 1:
		blocks := kernel.Blocks(reduced, kernel.BlockRows)
		partials := c.scratch(blocks * inner)
		c.emit(blocks, size, func(fr *frame, _, lo, hi int) {
			x := fr.f32(from)[lo*kernel.BlockRows*inner : min(hi*kernel.BlockRows, reduced)*inner]
			kernel.ReduceColumns(op, fr.f32(partials)[lo*inner:hi*inner], x, inner)
		})
		c.serial(func(fr *frame) { kernel.CombineColumns(op, fr.f32(to), fr.f32(partials)) })
	default:
		width := kernel.Blocks(reduced, kernel.BlockRows) * inner
		partials := c.scratch(outer * width)
		c.emit(outer, size, func(fr *frame, _, lo, hi int) {
			for i := lo; i < hi; i++ {
				p := fr.f32(partials)[i*width : (i+1)*width]
				kernel.ReduceColumns(op, p, fr.f32(from)[i*reduced*inner:(i+1)*reduced*inner], inner)
				kernel.CombineColumns(op, fr.f32(to)[i*inner:(i+1)*inner], p)
			}
		})
	}
}
