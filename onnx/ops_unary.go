package onnx

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// unary makes an operation of a function of one number.
func unary(f func(x *Node) *Node) graphOp {
	return func(c *call) []value {
		x := c.operand(0)
		return one(f(x.node), x)
	}
}

// unaryWith makes an operation of a function of one number that has settings.
func unaryWith(f func(n *node, x *Node) *Node) graphOp {
	return func(c *call) []value {
		x := c.operand(0)
		return one(f(c.node, x.node), x)
	}
}

func same(c *call) []value { return []value{c.arg(0)} }

// dropout does nothing to a network that is not being trained; its mask lets everything through.
func dropout(c *call) []value {
	if c.number(2, "", 0) != 0 && c.number(1, "", 0.5) != 0 {
		fail("it is in training mode: export the network for inference")
	}
	x := c.arg(0)
	if len(c.outputs) < 2 {
		return []value{x}
	}
	all := c.operand(0)
	mask := Equal(all.node, all.node)
	if c.model.opset < 10 {
		mask = ConvertDType(mask, all.node.DType())
	}
	return []value{x, {node: mask, axes: all.axes}}
}

func cast(c *call) []value {
	x := c.operand(0)
	return one(c.converted(x.node, DataType(c.integer("to", 0))), x)
}

func castLike(c *call) []value {
	x := c.operand(0)
	if like := c.arg(1); like.known != nil {
		return one(c.converted(x.node, like.known.Type), x)
	}
	return one(c.converted(x.node, typeOf(c.arg(1).dtype())), x)
}

// These give GoMLX's functions, some of which have more parameters, one type.

func sigmoid(x *Node) *Node    { return Sigmoid(x) }
func tanh(x *Node) *Node       { return Tanh(x) }
func exp(x *Node) *Node        { return Exp(x) }
func log(x *Node) *Node        { return Log(x) }
func sqrt(x *Node) *Node       { return Sqrt(x) }
func neg(x *Node) *Node        { return Neg(x) }
func abs(x *Node) *Node        { return Abs(x) }
func reciprocal(x *Node) *Node { return Reciprocal(x) }
func floor(x *Node) *Node      { return Floor(x) }
func ceil(x *Node) *Node       { return Ceil(x) }
func round(x *Node) *Node      { return Round(x) }
func sign(x *Node) *Node       { return Sign(x) }
func erf(x *Node) *Node        { return Erf(x) }
func sin(x *Node) *Node        { return Sin(x) }
func cos(x *Node) *Node        { return Cos(x) }
func isNaN(x *Node) *Node      { return IsNaN(x) }
func not(x *Node) *Node        { return LogicalNot(x) }
func bitNot(x *Node) *Node     { return BitwiseNot(x) }

func zero(x *Node) *Node { return ScalarZero(x.Graph(), x.DType()) }
func relu(x *Node) *Node { return Max(x, zero(x)) }

// softplus is log(1 + exp(x)), without overflow.
func softplus(x *Node) *Node { return Add(relu(x), Log1p(Exp(Neg(Abs(x))))) }

func softsign(x *Node) *Node { return Div(x, OnePlus(Abs(x))) }

func hardSwish(x *Node) *Node { return Mul(x, clampTo(AddScalar(MulScalar(x, 1.0/6), 0.5), 0, 1)) }

func mish(x *Node) *Node { return Mul(x, Tanh(softplus(x))) }

func swish(n *node, x *Node) *Node { return Mul(x, Sigmoid(MulScalar(x, n.float("alpha", 1)))) }

// below is exp(x) − 1 where x is negative, and 0 elsewhere.
func below(x *Node) *Node { return Expm1(Min(x, zero(x))) }

func elu(n *node, x *Node) *Node { return Add(relu(x), MulScalar(below(x), n.float("alpha", 1))) }

func selu(n *node, x *Node) *Node {
	inner := Add(relu(x), MulScalar(below(x), n.float("alpha", 1.6732632)))
	return MulScalar(inner, n.float("gamma", 1.050701))
}

func celu(n *node, x *Node) *Node {
	alpha := n.float("alpha", 1)
	return Add(relu(x), MulScalar(below(DivScalar(x, alpha)), alpha))
}

func hardSigmoid(n *node, x *Node) *Node {
	return clampTo(AddScalar(MulScalar(x, n.float("alpha", 0.2)), n.float("beta", 0.5)), 0, 1)
}

func leakyRelu(n *node, x *Node) *Node {
	return withSlope(x, Scalar(x.Graph(), x.DType(), n.float("alpha", 0.01)))
}

func thresholdedRelu(n *node, x *Node) *Node {
	return Where(GreaterThan(x, Scalar(x.Graph(), x.DType(), n.float("alpha", 1))), x, zero(x))
}

// shrink moves numbers bias nearer to 0, and those within lambd of it to 0.
func shrink(n *node, x *Node) *Node {
	lambda, bias := n.float("lambd", 0.5), n.float("bias", 0)
	high := GreaterThan(x, Scalar(x.Graph(), x.DType(), lambda))
	low := LessThan(x, Scalar(x.Graph(), x.DType(), -lambda))
	return Where(high, SubScalar(x, bias), Where(low, AddScalar(x, bias), zero(x)))
}

func gelu(n *node, x *Node) *Node {
	switch how := n.text("approximate", "none"); how {
	case "none":
		return Mul(MulScalar(x, 0.5), OnePlus(Erf(MulScalar(x, 1/math.Sqrt2))))
	case "tanh":
		inner := MulScalar(Add(x, MulScalar(Mul(Square(x), x), 0.044715)), math.Sqrt(2/math.Pi))
		return Mul(MulScalar(x, 0.5), OnePlus(Tanh(inner)))
	default:
		fail("approximate %q is not supported", how)
	}
	return nil
}

// isInf finds +∞ and −∞, or only one of them.
func isInf(n *node, x *Node) *Node {
	up, down := Equal(x, Infinity(x.Graph(), x.DType(), 1)), Equal(x, Infinity(x.Graph(), x.DType(), -1))
	switch positive, negative := n.integer("detect_positive", 1) != 0, n.integer("detect_negative", 1) != 0; {
	case positive && negative:
		return LogicalOr(up, down)
	case positive:
		return up
	case negative:
		return down
	}
	return LogicalAnd(up, down) // never
}

func clampTo(x *Node, low, high float64) *Node {
	if !math.IsInf(low, -1) {
		x = MaxScalar(x, low)
	}
	if !math.IsInf(high, 1) {
		x = MinScalar(x, high)
	}
	return x
}

// clip has bounds that may depend on the image.
func clip(c *call) []value {
	x := c.operand(0)
	y := x.node
	if low := c.bound(1, "min", y.DType()); low != nil {
		y = Max(y, low)
	}
	if high := c.bound(2, "max", y.DType()); high != nil {
		y = Min(y, high)
	}
	return one(y, x)
}

// bound is the number of input i, or else of an attribute; nil when there is neither.
func (c *call) bound(i int, name string, dtype dtypes.DType) *Node {
	if c.has(i) {
		return c.ordered(c.reshape(c.arg(i), nil))
	}
	if a, given := c.attributes[name]; given && !math.IsInf(float64(a.float), 0) {
		return Scalar(c.graph(), dtype, a.float)
	}
	return nil
}
