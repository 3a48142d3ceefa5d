package onnx

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// pairwise makes an operation of a function of two numbers; with more inputs it goes on from left to right.
func pairwise(f func(x, y *Node) *Node) graphOp {
	return func(c *call) []value {
		result := c.arg(0)
		for i := range c.in[1:] {
			x, y, axes := c.aligned(result, c.other(i+1))
			result = value{node: f(x, y), axes: axes}
		}
		return []value{result}
	}
}

// other is input i; before version 7 an attribute says at which axis of the first its own begin.
func (c *call) other(i int) value {
	v := c.arg(i)
	if axis, given := c.attributes["axis"]; given && c.model.opset < 7 {
		after := c.arg(0).rank() - axisOf(int(axis.integer), c.arg(0).rank()) - v.rank()
		return c.reshape(v, append(append([]int{}, v.dims()...), ones(max(0, after))...))
	}
	return v
}

func add(x, y *Node) *Node         { return Add(x, y) }
func sub(x, y *Node) *Node         { return Sub(x, y) }
func mul(x, y *Node) *Node         { return Mul(x, y) }
func minimum(x, y *Node) *Node     { return Min(x, y) }
func maximum(x, y *Node) *Node     { return Max(x, y) }
func and(x, y *Node) *Node         { return LogicalAnd(x, y) }
func or(x, y *Node) *Node          { return LogicalOr(x, y) }
func xor(x, y *Node) *Node         { return LogicalXor(x, y) }
func bitAnd(x, y *Node) *Node      { return BitwiseAnd(x, y) }
func bitOr(x, y *Node) *Node       { return BitwiseOr(x, y) }
func bitXor(x, y *Node) *Node      { return BitwiseXor(x, y) }
func less(x, y *Node) *Node        { return LessThan(x, y) }
func lessOrEqual(x, y *Node) *Node { return LessOrEqual(x, y) }
func greater(x, y *Node) *Node     { return GreaterThan(x, y) }
func atLeast(x, y *Node) *Node     { return GreaterOrEqual(x, y) }

// equal compares booleans too.
func equal(x, y *Node) *Node {
	if x.DType() == dtypes.Bool {
		return LogicalNot(LogicalXor(x, y))
	}
	return Equal(x, y)
}

// div cuts the fractions of whole numbers off; those divided by 0 have no defined quotient, and must not end the process.
func div(x, y *Node) *Node { return Div(x, divisor(y)) }

// divisor is y with 1 in place of every whole number 0.
func divisor(y *Node) *Node {
	if y.DType().IsFloat() {
		return y
	}
	return Where(Equal(y, zero(y)), ScalarOne(y.Graph(), y.DType()), y)
}

// mod has the sign of the divisor, or with fmod that of the dividend.
func mod(c *call) []value {
	x, y, axes := c.aligned(c.arg(0), c.arg(1))
	y = divisor(y)
	rest := Rem(x, y)
	if c.integer("fmod", 0) == 0 {
		below, negative := LessThan(rest, zero(rest)), LessThan(y, zero(y))
		if y.Rank() == 0 {
			negative = BroadcastToShape(negative, below.Shape())
		}
		turned := LogicalAnd(NotEqual(rest, zero(rest)), LogicalXor(below, negative))
		rest = Where(turned, Add(rest, y), rest)
	}
	return []value{{node: rest, axes: axes}}
}

// pow gives numbers of the first input's type.
func pow(c *call) []value {
	x := c.arg(0)
	if y := c.other(1); y.known != nil && y.known.Size() == 1 && x.node != nil && x.rank() >= y.rank() && x.dtype().IsFloat() {
		if power := integralPower(x.node, y.known.Float32s()[0]); power != nil {
			return one(power, x)
		}
	}
	base, exponent, axes := c.aligned(x, c.other(1))
	dtype := base.DType()
	inner := dtype
	if !dtype.IsFloat() {
		inner = dtypes.Float64
	}
	power := Pow(ConvertDType(base, inner), ConvertDType(exponent, inner))
	return []value{{node: ConvertDType(power, dtype), axes: axes}}
}

// integralPower is a power that a multiplication or two make, nil for others.
func integralPower(x *Node, exponent float32) *Node {
	switch exponent {
	case 1:
		return x
	case 2:
		return Square(x)
	case 3:
		return Mul(Square(x), x)
	case 0.5:
		return Sqrt(x)
	case -1:
		return Reciprocal(x)
	}
	return nil
}

// meanOf is the mean of tensors.
func meanOf(c *call) []value {
	total := pairwise(add)(c)[0]
	total = c.inGraph(total)
	return one(DivScalar(total.node, len(c.in)), total)
}

// bitShift moves the bits of unsigned numbers.
func bitShift(c *call) []value {
	shift := BitwiseShiftLeft
	if c.text("direction", "") == "RIGHT" {
		shift = BitwiseShiftRightLogical
	}
	return pairwise(shift)(c)
}

// withSlope is x where x is positive and slope·x elsewhere, for any slope.
func withSlope(x, slope *Node) *Node { return Add(Max(x, zero(x)), Mul(slope, Min(x, zero(x)))) }

// pRelu has a slope that broadcasts to x from the right, such as one per channel as [c, 1, 1]; before version 7 one per channel.
func pRelu(c *call) []value {
	x, slope := c.arg(0), c.arg(1)
	if c.model.opset < 7 && slope.rank() == 1 {
		slope = c.reshape(slope, channelShape(slope.dims()[0], x.rank()))
	}
	xn, sn, axes := c.aligned(x, slope)
	return []value{{node: withSlope(xn, sn), axes: axes}}
}

// where takes the second input where the first is true, the third elsewhere.
func where(c *call) []value {
	condition, yes, no := c.arg(0), c.arg(1), c.arg(2)
	shape := broadcast(broadcast(condition.dims(), yes.dims()), no.dims())
	axes := identity(len(shape))
	for _, v := range []value{yes, no, condition} {
		if v.node != nil && v.rank() == len(shape) {
			axes = v.axes
			break
		}
	}
	full := func(v value) *Node { return c.arrange(c.expanded(v, shape), axes) }
	branch := func(v value) *Node {
		if v.known != nil && v.known.Size() == 1 {
			return c.laidOut(v, axes)
		}
		return full(v)
	}
	return []value{{node: Where(full(condition), branch(yes), branch(no)), axes: axes}}
}
