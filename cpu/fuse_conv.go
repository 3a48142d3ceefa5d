package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

// fusedConv is a convolution with its epilogue; its node's inputs are x and w, then those of the epilogue.
type fusedConv struct {
	convAttrs
	epilogue
	reversed []int        // spatial axes of the kernel, by number among them, along which w lies reversed
	pool     *kernel.Pool // a max pool after all else, or nil
}

// fusedDot is a matrix product with its epilogue.
type fusedDot struct {
	dotAttrs
	epilogue
	permutation []int // of the result's axes, after all else, or nil
}

// fuseConvolutions joins convolutions with a reversed kernel before them and their epilogue, and matrix products with the
// latter. Convolutions take a max pool, too.
func (g *body) fuseConvolutions() {
	r := newReaders(g)
	by := map[*value]*value{}
	for _, n := range g.nodes {
		fused := &node{fn: n.fn, inputs: slices.Clone(n.inputs)}
		end := n
		switch {
		case n.op == compute.OpTypeConvGeneral && n.forwardConv():
			a := fusedConv{convAttrs: n.attrs.(convAttrs)}
			a.takeReversal(fused)
			if a.lastIsChannels(n.outputs[0]) {
				end = a.take(fused, n, n.outputs[0].shape.Dim(-1), r)
				end = a.takePool(end, r)
			}
			fused.op, fused.attrs = opConv, a
		case n.op == compute.OpTypeDotGeneral && n.attrs.(dotAttrs).ours(n):
			a := fusedDot{dotAttrs: n.attrs.(dotAttrs)}
			end = a.take(fused, n, a.columns(n.inputs[1].shape), r)
			end = a.takeTranspose(end, n.inputs[0], r)
			fused.op, fused.attrs = opDot, a
		default:
			continue
		}
		fused.position = end.position
		by[end.outputs[0]] = fused.output(end.outputs[0].shape)
	}
	g.redirect(by)
}

// forwardConv reports whether lowerForward runs this convolution.
func (n *node) forwardConv() bool {
	a := n.attrs.(convAttrs)
	return a.ours(n.inputs[0], n.inputs[1], n.outputs[0]) && !isWeightGradient(a, n.inputs[0].shape, n.inputs[1].shape)
}

// lastIsChannels reports whether the feature maps have their channels last, in axes and in memory.
func (a *fusedConv) lastIsChannels(y *value) bool {
	return a.axes.OutputChannels == y.shape.Rank()-1 &&
		sameLayout(y.shape, axesOrder(a.axes.OutputBatch, a.axes.OutputSpatial, a.axes.OutputChannels))
}

// takeReversal reads the kernel before it was reversed.
func (a *fusedConv) takeReversal(fused *node) {
	reverse := fused.inputs[1].node
	if reverse.op != compute.OpTypeReverse {
		return
	}
	var axes []int
	for _, axis := range reverse.attrs.([]int) {
		i := slices.Index(a.axes.KernelSpatial, axis)
		if i < 0 {
			return
		}
		axes = append(axes, i)
	}
	a.reversed, fused.inputs[1] = axes, reverse.inputs[0]
}

// takePool takes up the only reader of the result if it is a max pool, perhaps with a ReLU, that needs no gradient.
func (a *fusedConv) takePool(end *node, r *readers) *node {
	y := end.outputs[0]
	next := r.only(y)
	if next == nil || next.op != opBlock || y.shape.Rank() != 4 || a.residual {
		return end
	}
	block := next.attrs.(blockAttrs)
	if block.pool == nil || block.norm || block.arg || block.relu && !a.takeRelu() {
		return end
	}
	p, _ := block.pool.pool(y.shape, next.outputs[0].shape)
	if !p.Tiles() || p.N != y.shape.Dim(0) || p.C != y.shape.Dim(3) {
		return end
	}
	a.pool = &p
	return next
}

func init() {
	introduce(opConv, "Conv", lowerFusedConv)
	introduce(opDot, "Dot", lowerFusedDot)
}

func lowerFusedConv(c *compiler, n *node) bool {
	a := n.attrs.(fusedConv)
	x, w, y := n.inputs[0], n.inputs[1], n.outputs[0]
	e := a.lower(c, n.inputs[2:], y.shape.Dim(-1))
	at := a.weightStridesReversed(w)
	if a.pool == nil {
		lowerForward(c, a.convAttrs, at, e, x, w, y)
		return true
	}
	s := a.convShape(x.shape, w.shape, y.shape)
	s.OH, s.OW = a.pool.H, a.pool.W
	s.Precision, s.Way = c.backend.precision.kernel(), c.backend.options.Convolutions.kernel()
	src := c.channelsLast(x, axesOrder(a.axes.InputBatch, a.axes.InputSpatial, a.axes.InputChannels))
	if s.SuitsSquares() {
		maps := c.scratch(s.N * s.OH * s.OW * s.F)
		c.squareConv(s, at, e, maps, src, c.in(w))
		c.maxPool(*a.pool, c.out(y), maps)
		return true
	}
	c.conv(kernel.NewPooledConv(s, *a.pool), convWork(s), at, e, c.out(y), src, c.in(w))
	return true
}

func lowerFusedDot(c *compiler, n *node) bool {
	a := n.attrs.(fusedDot)
	l, y := n.inputs[0], n.outputs[0]
	permutation := a.permutation
	if permutation == nil {
		permutation = allAxes(y.shape)
	}
	m, _ := a.result(l.shape, y.shape, permutation)
	a.product(c, a.lower(c, n.inputs[2:], a.columns(n.inputs[1].shape)), l, n.inputs[1], side{matrices: m, block: c.out(y)})
	return true
}

// weightStridesReversed says where the weights lie, turned round along the reversed axes.
func (a *fusedConv) weightStridesReversed(w *value) kernel.WeightStrides {
	at := a.weightStrides(w.shape)
	for _, i := range a.reversed {
		stride := &at.KW
		if len(a.axes.KernelSpatial) == 2 && i == 0 {
			stride = &at.KH
		}
		at.Offset += (w.shape.Dimensions[a.axes.KernelSpatial[i]] - 1) * *stride
		*stride = -*stride
	}
	return at
}
