package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

// fusedConv is a convolution with what follows it; its node's inputs are x and w, then those of the followers.
type fusedConv struct {
	convAttrs
	followers
	reversed []int        // spatial axes of the kernel, by number among them, along which w lies reversed
	pool     *kernel.Pool // a max pool after all else, or nil
}

// fusedDot is a matrix product with what follows it.
type fusedDot struct {
	dotAttrs
	followers
}

// followers is what comes after a convolution or product: y = act(norm(x + bias)), each optional. The inputs it adds
// are the bias, then the normalisation's scale, offset, mean and variance.
type followers struct {
	bias    bool
	norm    bool
	epsilon float32
	relu    bool
}

// fuseConvolutions joins convolutions with a reversed kernel before and a bias, a normalisation with fixed statistics
// and a ReLU after them, and matrix products with the latter. Convolutions take a max pool, too.
func (g *body) fuseConvolutions() {
	users := g.users()
	by := map[*value]*value{}
	for _, n := range g.nodes {
		fused := &node{fn: n.fn, inputs: slices.Clone(n.inputs)}
		end := n
		switch {
		case n.op == compute.OpTypeConvGeneral && n.forwardConv():
			a := fusedConv{convAttrs: n.attrs.(convAttrs)}
			a.takeReversal(fused)
			if a.lastIsChannels(n.outputs[0]) {
				end = a.take(fused, n, n.outputs[0].shape.Dim(-1), users)
				end = a.takePool(end, users)
			}
			fused.op, fused.attrs = opConv, a
		case n.op == compute.OpTypeDotGeneral && n.attrs.(dotAttrs).ours(n):
			a := fusedDot{dotAttrs: n.attrs.(dotAttrs)}
			end = a.take(fused, n, a.columns(n.inputs[1].shape), users)
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

// take takes up the only reader of the result as long as it is one that fits, and returns the last node taken.
// columns is the number of channels, or of columns of the product.
func (a *followers) take(fused, end *node, columns int, users map[*value][]*node) *node {
	for {
		y := end.outputs[0]
		if len(users[y]) != 1 || users[y][0] == nil {
			return end
		}
		next := users[y][0]
		switch {
		case next.op == compute.OpTypeAdd && !a.bias && !a.norm && !a.relu && next.outputs[0].shape.Equal(y.shape):
			bias := next.inputs[0]
			if bias == y {
				bias = next.inputs[1]
			}
			if kind, n, ok := layout(bias.shape, y.shape); !ok || kind != asRow || n != columns {
				return end
			}
			a.bias = true
			fused.inputs = append(fused.inputs, bias)
		case next.op == compute.OpTypeBatchNormForInference && !a.norm && !a.relu && next.inputs[0] == y:
			attrs := next.attrs.(batchNormAttrs)
			if attrs.axis != y.shape.Rank()-1 || y.shape.Dim(-1) != columns {
				return end
			}
			a.norm, a.epsilon = true, attrs.epsilon
			fused.inputs = append(fused.inputs, next.inputs[1:]...)
		case next.op == opRelu && !a.relu:
			a.relu = true
		default:
			return end
		}
		end = next
	}
}

// takePool takes up the only reader of the result if it is a max pool, perhaps with a ReLU, that needs no gradient.
func (a *fusedConv) takePool(end *node, users map[*value][]*node) *node {
	y := end.outputs[0]
	if len(users[y]) != 1 || users[y][0] == nil || users[y][0].op != opBlock || y.shape.Rank() != 4 {
		return end
	}
	next := users[y][0]
	block := next.attrs.(blockAttrs)
	if block.pool == nil || block.norm || block.arg {
		return end
	}
	p, _ := block.pool.pool(y.shape, next.outputs[0].shape)
	if !p.Tiles() || p.N != y.shape.Dim(0) || p.C != y.shape.Dim(3) {
		return end
	}
	a.pool, a.relu = &p, a.relu || block.relu
	return next
}

func init() {
	lowerings[opConv] = lowerFusedConv
	lowerings[opDot] = lowerFusedDot
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
	s.Precision = c.backend.options.Precision.kernel()
	src := c.channelsLast(x, axesOrder(a.axes.InputBatch, a.axes.InputSpatial, a.axes.InputChannels))
	c.conv(kernel.NewPooledConv(s, *a.pool), convWork(s), at, e, c.out(y), src, c.in(w))
	return true
}

func lowerFusedDot(c *compiler, n *node) bool {
	a := n.attrs.(fusedDot)
	a.product(c, a.lower(c, n.inputs[2:], a.columns(n.inputs[1].shape)), n.inputs[0], n.inputs[1], n.outputs[0])
	return true
}

// lower prepares the epilogue.
func (a *followers) lower(c *compiler, inputs []*value, columns int) epilogue {
	e := epilogue{bias: -1, scale: -1, relu: a.relu}
	if a.bias {
		e.bias, inputs = c.in(inputs[0]), inputs[1:]
	}
	if a.norm {
		e = c.foldNorm(e, a.epsilon, c.in(inputs[0]), c.in(inputs[1]), c.in(inputs[2]), c.in(inputs[3]), columns)
	}
	return e
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

// epilogue is what a convolution does to its sums as it stores them; -1 stands for nothing.
type epilogue struct {
	scale, bias ref
	relu        bool
}

// foldNorm turns (sum + bias − mean)/√(variance+ε)·scale + offset into sum·scale' + bias'.
func (c *compiler) foldNorm(e epilogue, epsilon float32, scale, offset, mean, variance ref, channels int) epilogue {
	factor, shift := c.scratch(channels), c.scratch(channels)
	c.serial(func(fr *frame) {
		f, s := fr.f32(factor), fr.f32(shift)
		kernel.InverseDeviation(f, fr.f32(variance), epsilon)
		kernel.Binary(kernel.OpMul, f, f, fr.f32(scale))
		kernel.Unary(kernel.OpNeg, s, fr.f32(mean))
		if e.bias >= 0 {
			kernel.Binary(kernel.OpAdd, s, s, fr.f32(e.bias))
		}
		kernel.Binary(kernel.OpMul, s, s, f)
		kernel.Binary(kernel.OpAdd, s, s, fr.f32(offset))
	})
	return epilogue{scale: factor, bias: shift, relu: e.relu}
}

// bind gives an epilogue its memory.
func (e epilogue) bind(fr *frame) kernel.Epilogue {
	var k kernel.Epilogue
	if e.scale >= 0 {
		k.Scale = fr.f32(e.scale)
	}
	if e.bias >= 0 {
		k.Shift = fr.f32(e.bias)
	}
	if e.relu {
		k.Act = kernel.ReLU
	}
	return k
}
