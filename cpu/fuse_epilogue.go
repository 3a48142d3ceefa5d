package cpu

import (
	"math"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

// epilogue is what comes after a convolution or product, each part optional:
//
//	y = act(norm(x + bias) + residual)    or    act(norm(x + bias)) + residual
//
// The inputs it adds to a node are, in this order, the bias, the normalisation's scale, offset, mean and variance, the
// slopes of the activation, and the residual, which lies in memory as y does.
type epilogue struct {
	bias         bool
	norm         bool
	epsilon      float32
	act          epilogueAct
	slopes       bool // the activation has a slope for every column
	residual     bool
	residualLast bool // after the activation
}

// epilogueAct is the activation of a product's outputs.
type epilogueAct struct {
	kind      kernel.Activation
	slope     float32 // of LeakyReLU, if it is one for all
	low, high float32 // of Clip
}

// readers finds what can be taken up after a node.
type readers struct {
	users map[*value][]*node
	taken map[*node]bool // by one product, so that no other may
}

func newReaders(g *body) *readers { return &readers{users: g.users(), taken: map[*node]bool{}} }

// only is the only node that reads y; nil if there are more, or none, or another product has taken it.
func (r *readers) only(y *value) *node {
	if users := r.users[y]; len(users) == 1 && users[0] != nil && !r.taken[users[0]] {
		return users[0]
	}
	return nil
}

// take takes up the only reader of the result as long as it is one that fits, and returns the last node taken.
// columns is the number of channels, or of columns of the product.
func (a *epilogue) take(fused, end *node, columns int, r *readers) *node {
	var operands epilogueOperands
	for {
		next := r.only(end.outputs[0])
		if next == nil || !a.takes(next, end.outputs[0], columns, &operands) {
			break
		}
		r.taken[next] = true
		end = next
	}
	fused.inputs = append(fused.inputs, operands.list()...)
	return end
}

// epilogueOperands are the inputs that an epilogue adds.
type epilogueOperands struct {
	bias, slopes, residual *value
	norm                   []*value
}

// list gives them in their order.
func (o *epilogueOperands) list() []*value {
	var list []*value
	for _, v := range append(append([]*value{o.bias}, o.norm...), o.slopes, o.residual) {
		if v != nil {
			list = append(list, v)
		}
	}
	return list
}

// takes takes up one reader of y, if it fits.
func (a *epilogue) takes(next *node, y *value, columns int, o *epilogueOperands) bool {
	switch next.op {
	case compute.OpTypeAdd:
		other := next.inputs[0]
		if other == y {
			other = next.inputs[1]
		}
		return next.outputs[0].shape.Equal(y.shape) && (a.takeBias(other, y, columns, o) || a.takeResidual(other, y, o))
	case compute.OpTypeBatchNormForInference:
		attrs := next.attrs.(batchNormAttrs)
		if a.norm || a.ended() || next.inputs[0] != y || attrs.axis != y.shape.Rank()-1 || y.shape.Dim(-1) != columns {
			return false
		}
		a.norm, a.epsilon, o.norm = true, attrs.epsilon, next.inputs[1:]
		return true
	case opRelu:
		return a.takeRelu()
	case opLeakyRelu:
		return a.takeLeaky(next.inputs[1], y, columns, o)
	case compute.OpTypeMax, compute.OpTypeMin:
		return next.outputs[0].shape.Equal(y.shape) && a.takeBound(next, y)
	}
	return false
}

// ended reports whether neither bias nor normalisation can follow any more.
func (a *epilogue) ended() bool { return a.residual || a.act.kind != kernel.NoActivation }

func (a *epilogue) takeBias(v, y *value, columns int, o *epilogueOperands) bool {
	kind, n, ok := layout(v.shape, y.shape)
	if a.bias || a.norm || a.ended() || !ok || kind != asRow || n != columns {
		return false
	}
	a.bias, o.bias = true, v
	return true
}

func (a *epilogue) takeResidual(v, y *value, o *epilogueOperands) bool {
	if a.residual || !v.shape.Equal(y.shape) {
		return false
	}
	a.residual, a.residualLast, o.residual = true, a.act.kind != kernel.NoActivation, v
	return true
}

// open reports whether an activation can still follow.
func (a *epilogue) open() bool { return a.act.kind == kernel.NoActivation }

func (a *epilogue) takeRelu() bool {
	if a.act.kind == kernel.ReLU && !a.residualLast {
		return true
	}
	if !a.open() {
		return false
	}
	a.act = epilogueAct{kind: kernel.ReLU}
	return true
}

func (a *epilogue) takeLeaky(slope, y *value, columns int, o *epilogueOperands) bool {
	if !a.open() {
		return false
	}
	if x, known := slope.number(); known {
		a.act = epilogueAct{kind: kernel.LeakyReLU, slope: x}
		return true
	}
	if kind, n, ok := layout(slope.shape, y.shape); !ok || kind != asRow || n != columns {
		return false
	}
	a.act, a.slopes, o.slopes = epilogueAct{kind: kernel.LeakyReLU}, true, slope
	return true
}

// takeBound takes up the maximum or minimum of y and a known number: it clips, or narrows what was clipped before.
func (a *epilogue) takeBound(next *node, y *value) bool {
	other := next.inputs[0]
	if other == y {
		other = next.inputs[1]
	}
	x, known := other.number()
	inf := float32(math.Inf(1))
	act := a.act
	switch {
	case !known || a.residualLast:
		return false
	case act.kind == kernel.NoActivation:
		act = epilogueAct{kind: kernel.Clip, low: -inf, high: inf}
	case act.kind == kernel.ReLU:
		act = epilogueAct{kind: kernel.Clip, high: inf}
	case act.kind != kernel.Clip:
		return false
	}
	if next.op == compute.OpTypeMin {
		act.high = min(act.high, x)
	} else if act.low = max(act.low, x); x > act.high { // it raises what was cut off above
		return false
	}
	a.act = act
	return true
}

// number is the one float32 that all elements are known to be.
func (v *value) number() (x float32, known bool) {
	n := v.node
	if n.op == compute.OpTypeReshape || n.op == compute.OpTypeBroadcastInDim {
		return n.inputs[0].number()
	}
	if n.op != compute.OpTypeConstant || v.shape.Size() != 1 || !isFloat32(v) {
		return 0, false
	}
	return as[float32](n.attrs.(*constant).mem)[0], true
}

// epilogueBlocks is an epilogue's operands in memory, the normalisation folded into a scale and the bias; -1 stands for
// nothing.
type epilogueBlocks struct {
	act                           epilogueAct
	residualLast                  bool
	scale, bias, slopes, residual ref
}

var noEpilogue = epilogueBlocks{scale: -1, bias: -1, slopes: -1, residual: -1}

// lower prepares the epilogue.
func (a *epilogue) lower(c *compiler, inputs []*value, columns int) epilogueBlocks {
	next := func() ref {
		r := c.in(inputs[0])
		inputs = inputs[1:]
		return r
	}
	e := noEpilogue
	e.act, e.residualLast = a.act, a.residualLast
	if a.bias {
		e.bias = next()
	}
	if a.norm {
		e = c.foldNorm(e, a.epsilon, next(), next(), next(), next(), columns)
	}
	if a.slopes {
		e.slopes = next()
	}
	if a.residual {
		e.residual = next()
	}
	return e
}

// foldNorm turns (sum + bias − mean)/√(variance+ε)·scale + offset into sum·scale' + bias'.
func (c *compiler) foldNorm(e epilogueBlocks, epsilon float32, scale, offset, mean, variance ref, channels int) epilogueBlocks {
	factor, shift, bias := c.scratch(channels), c.scratch(channels), e.bias
	c.serial(func(fr *frame) {
		f, s := fr.f32(factor), fr.f32(shift)
		kernel.InverseDeviation(f, fr.f32(variance), epsilon)
		kernel.Binary(kernel.OpMul, f, f, fr.f32(scale))
		kernel.Unary(kernel.OpNeg, s, fr.f32(mean))
		if bias >= 0 {
			kernel.Binary(kernel.OpAdd, s, s, fr.f32(bias))
		}
		kernel.Binary(kernel.OpMul, s, s, f)
		kernel.Binary(kernel.OpAdd, s, s, fr.f32(offset))
	})
	e.scale, e.bias = factor, shift
	return e
}

// bind gives an epilogue its memory.
func (e *epilogueBlocks) bind(fr *frame) kernel.Epilogue {
	memory := func(r ref) []float32 {
		if r < 0 {
			return nil
		}
		return fr.f32(r)
	}
	return kernel.Epilogue{
		Act: e.act.kind, Slope: e.act.slope, Low: e.act.low, High: e.act.high, ResidualLast: e.residualLast,
		Scale: memory(e.scale), Shift: memory(e.bias), Slopes: memory(e.slopes), Residual: memory(e.residual),
	}
}
