package onnx

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Operations that make tensors of little.

// constant is the tensor that the node holds.
func constant(c *call) []value {
	for name, a := range c.attributes {
		switch name {
		case "value":
			if a.tensor != nil {
				return []value{stored(a.tensor)}
			}
		case "value_float":
			return ready(floatTensor(nil, []float32{a.float}))
		case "value_floats":
			return ready(floatTensor([]int{len(a.floats)}, a.floats))
		case "value_int":
			return ready(intTensor(Int64, nil, []int64{a.integer}))
		case "value_ints":
			return ready(intTensor(Int64, []int{len(a.integers)}, a.integers))
		}
	}
	fail("it holds no numbers")
	return nil
}

func constantOfShape(c *call) []value {
	fill := c.attributes["value"].tensor
	if fill == nil {
		fill = floatTensor([]int{1}, []float32{0})
	}
	if stored(fill).problem != nil || fill.Size() != 1 {
		fail("it has a value of shape %v, want one number", fill.Shape)
	}
	return []value{c.expanded(value{known: fill.reshaped(nil)}, toInts(c.known(0).Int64s()))}
}

// rangeOf counts from a start up to a limit, which it leaves out.
func rangeOf(c *call) []value {
	start, limit, step := c.number(0, "", 0), c.number(1, "", 0), c.number(2, "", 1)
	if steps := (limit - start) / step; step == 0 || steps != steps || steps > maxElements {
		fail("counting from %v to %v by %v", start, limit, step)
	}
	count := max(0, int(math.Ceil((limit-start)/step)))
	c.checkSize([]int{count})
	kind := c.known(0).Type
	floats, integers := make([]float32, count), make([]int64, count)
	for i := range count {
		v := start + float64(i)*step
		floats[i], integers[i] = float32(v), int64(v)
	}
	if kind.real() {
		return one(c.converted(c.constant(floatTensor([]int{count}, floats)), kind), value{axes: identity(1)})
	}
	return ready(intTensor(kind, []int{count}, integers))
}

// eyeLike is a matrix of ones on a diagonal.
func eyeLike(c *call) []value {
	x := c.arg(0)
	if x.rank() != 2 {
		fail("shape %v is no matrix", x.dims())
	}
	rows, columns := c.places(x.dims())
	kind := typeOf(x.dtype())
	if to := c.integer("dtype", 0); to != 0 {
		kind = DataType(to)
	}
	return []value{plain(c.converted(Equal(AddScalar(rows, c.integer("k", 0)), columns), kind))}
}

// places are the row and the column of every element of a matrix, int64.
func (b *builder) places(shape []int) (rows, columns *Node) {
	s := shapes.Make(dtypes.Int64, shape[len(shape)-2:]...)
	return Iota(b.graph(), s, 0), Iota(b.graph(), s, 1)
}

// triangle keeps what lies on and above a diagonal of matrices, or on and below it, and zeros elsewhere.
func triangle(c *call) []value {
	x := c.operand(0)
	if x.rank() < 2 {
		fail("shape %v is no matrix", x.dims())
	}
	rows, columns := c.places(x.dims())
	diagonal := AddScalar(rows, c.number(1, "", 0))
	keep := GreaterOrEqual(columns, diagonal)
	if c.integer("upper", 1) == 0 {
		keep = LessOrEqual(columns, diagonal)
	}
	mask := c.arrange(c.expanded(plain(keep), x.dims()), x.axes)
	return one(Where(mask, x.node, zero(x.node)), x)
}
