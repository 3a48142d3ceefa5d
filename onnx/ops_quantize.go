package onnx

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// Quantised networks are computed in float32 with the whole numbers that they speak of: fast, and exact as far as float32 has
// all whole numbers, 2²⁴.

// quantize is x/scale rounded to a whole number, plus the zero point, within the range of its type.
func quantize(c *call) []value {
	x := c.asFloat(c.operand(0))
	y := Round(Div(x.node, c.parameter(1, x)))
	kind := Uint8
	if to := c.integer("output_dtype", 0); to != 0 {
		kind = DataType(to)
	}
	if c.has(2) {
		y = Add(y, c.parameter(2, x))
		kind = typeOf(c.arg(2).dtype())
	}
	return one(c.wholes(y, kind), x)
}

// dequantize is (x − zero point)·scale.
func dequantize(c *call) []value {
	return []value{c.dequantized(0, 1, 2)}
}

// dequantized is the same of the inputs x, scale and zero.
func (c *call) dequantized(x, scale, zero int) value {
	v := c.inGraph(c.centred(x, zero))
	return value{node: Mul(v.node, c.parameter(scale, v)), axes: v.axes}
}

// centred is input x minus its zero point, as float32.
func (c *call) centred(x, zero int) value {
	return c.ahead([]int{x, zero}, func(c *call) value {
		v := c.asFloat(c.operand(x))
		if !c.has(zero) {
			return v
		}
		return value{node: Sub(v.node, c.parameter(zero, v)), axes: v.axes}
	})
}

// ahead computes what depends on some inputs, at once where they are known.
func (c *call) ahead(inputs []int, f func(c *call) value) value {
	for _, i := range inputs {
		if c.has(i) && c.arg(i).known == nil {
			return f(c)
		}
	}
	return c.evaluate(func(c *call) []value { return []value{f(c)} })[0]
}

// parameter is a scale or a zero point, as float32 and laid out to broadcast to x: one for all, one per index of an axis, or one
// for each block of an axis.
func (c *call) parameter(i int, x value) *Node {
	v := c.asFloat(c.arg(i))
	if product(v.dims()) == 1 {
		return c.ordered(c.reshape(v, nil))
	}
	axis := c.integer("axis", 1)
	if v.rank() == x.rank() && x.rank() > 1 {
		return c.arrange(c.blocks(v, axisOf(axis, x.rank()), x.dims()), x.axes)
	}
	if x.rank() == 1 {
		axis = 0
	}
	shape := ones(x.rank())
	shape[axisOf(axis, x.rank())] = product(v.dims())
	return c.arrange(c.reshape(v, shape), x.axes)
}

// blocks repeats every number of v along an axis for the block of x that it is for.
func (c *call) blocks(v value, axis int, dims []int) value {
	if v.dims()[axis] == 1 || v.dims()[axis] == dims[axis] {
		return v
	}
	size := c.integer("block_size", 0)
	if size < 1 || v.dims()[axis]*size < dims[axis] {
		fail("blocks of %d: scales of shape %v for shape %v", size, v.dims(), dims)
	}
	v = c.repeat(v, axis, size)
	cuts := uncut(v.dims())
	cuts[axis].count = dims[axis]
	return c.cut(v, cuts)
}

// dynamicQuantize finds scale and zero point of uint8 in the numbers themselves.
func dynamicQuantize(c *call) []value {
	x := c.operand(0)
	low, high := MinScalar(ReduceAllMin(x.node), 0), MaxScalar(ReduceAllMax(x.node), 0)
	scale := MulScalar(Sub(high, low), 1.0/255)
	scale = Where(Equal(high, low), ScalarOne(c.graph(), x.node.DType()), scale)
	point := Round(clampTo(Div(Neg(low), scale), 0, 255))
	y := Add(Round(Div(x.node, scale)), point)
	return []value{{node: c.wholes(y, Uint8), axes: x.axes}, plain(scale), plain(c.wholes(point, Uint8))}
}

// matMulInteger multiplies whole numbers less their zero points.
func matMulInteger(c *call) []value {
	z := c.wholeProduct(0, 2, 1, 3)
	return one(c.wholes(z.node, Int32), z)
}

// wholeProduct multiplies input x less its zero point, which may be one for each row, with input y less its own.
func (c *call) wholeProduct(x, xZero, y, yZero int) value {
	inner := *c
	inner.in = slices.Clone(c.in)
	if c.has(xZero) && c.arg(xZero).rank() == 1 && c.arg(xZero).dims()[0] > 1 {
		inner.in[xZero] = c.reshape(c.arg(xZero), append(c.arg(xZero).dims(), 1))
	}
	return c.multiplied(inner.last(x, xZero), inner.last(y, yZero))
}

// last is centred with zero points that broadcast from the last axis.
func (c *call) last(x, zero int) value {
	return c.ahead([]int{x, zero}, func(c *call) value {
		v := c.asFloat(c.operand(x))
		if !c.has(zero) {
			return v
		}
		xn, zn, axes := c.aligned(v, c.asFloat(c.arg(zero)))
		return value{node: Sub(xn, zn), axes: axes}
	})
}

// qLinearMatMul multiplies quantised numbers: a, its scale and zero point, b and its own, and the result's.
func qLinearMatMul(c *call) []value {
	z := c.wholeProduct(0, 2, 3, 5)
	scale := Div(Mul(c.lastScale(1, z), c.lastScale(4, z)), c.lastScale(6, z))
	y := Add(Round(Mul(z.node, scale)), c.lastScale(7, z))
	return one(c.wholes(y, typeOf(c.arg(7).dtype())), z)
}

// lastScale is a scale or zero point of one number, or of one for each column.
func (c *call) lastScale(i int, like value) *Node { return c.laidOut(c.asFloat(c.arg(i)), like.axes) }

// convInteger convolves whole numbers less their zero points.
func convInteger(c *call) []value {
	y := c.convolve(c.inGraph(c.centred(0, 2)), c.inGraph(c.filters(1, 3)), 4)
	return one(c.wholes(y.node, Int32), y)
}

// filters is centred for weights, whose zero points are per filter.
func (c *call) filters(w, zero int) value {
	inner := *c
	n := *c.node
	n.attributes = map[string]attribute{"axis": {integer: 0}}
	inner.node = &n
	return inner.centred(w, zero)
}

// qLinearConv convolves quantised images: x, its scale and zero point, weights and their own, the result's, and a bias.
func qLinearConv(c *call) []value {
	y := c.convolve(c.inGraph(c.centred(0, 2)), c.inGraph(c.filters(3, 5)), -1)
	if c.has(8) {
		y.node = c.withBias(y.node, c.asFloat(c.arg(8)), y.dims()[1])
	}
	scale := Div(Mul(c.parameter(1, y), c.parameter(4, y)), c.parameter(6, y))
	z := Add(Round(Mul(y.node, scale)), c.parameter(7, y))
	return one(c.wholes(z, typeOf(c.arg(7).dtype())), y)
}

// quantized makes an operation on quantised numbers of one on others: for each operand it has x, scale and zero point, then the
// result's scale and zero point.
func quantized(op graphOp, operands int) graphOp {
	return func(c *call) []value {
		inner := *c
		inner.in = nil
		for i := range operands {
			inner.in = append(inner.in, c.dequantized(3*i, 3*i+1, 3*i+2))
		}
		y := c.inGraph(op(&inner)[0])
		z := Add(Round(Div(y.node, c.parameter(3*operands, y))), c.parameter(3*operands+1, y))
		return one(c.wholes(z, typeOf(c.arg(3*operands+1).dtype())), y)
	}
}
