package onnx

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

func mean(x *Node, axes ...int) *Node      { return ReduceMean(x, axes...) }
func sum(x *Node, axes ...int) *Node       { return ReduceSum(x, axes...) }
func largest(x *Node, axes ...int) *Node   { return ReduceMax(x, axes...) }
func smallest(x *Node, axes ...int) *Node  { return ReduceMin(x, axes...) }
func multiple(x *Node, axes ...int) *Node  { return ReduceMultiply(x, axes...) }
func sumSquare(x *Node, axes ...int) *Node { return ReduceSum(Square(x), axes...) }
func length(x *Node, axes ...int) *Node    { return Sqrt(sumSquare(x, axes...)) }
func logSum(x *Node, axes ...int) *Node    { return Log(ReduceSum(x, axes...)) }

func sumOfMagnitudes(x *Node, axes ...int) *Node { return ReduceSum(Abs(x), axes...) }

// logSumExp is log Σ exp(x), without overflow.
func logSumExp(x *Node, axes ...int) *Node {
	top := ReduceAndKeep(x, ReduceMax, axes...)
	return Add(Log(ReduceSum(Exp(Sub(x, top)), axes...)), ReduceMax(top, axes...))
}

// reduce makes an operation of a function that leaves axes out.
func reduce(f func(x *Node, axes ...int) *Node) graphOp {
	return func(c *call) []value {
		x := c.operand(0)
		list := c.list(1, "axes")
		if len(list) == 0 {
			if c.integer("noop_with_empty_axes", 0) != 0 {
				return []value{x}
			}
			list = identity(x.rank())
		}
		if len(list) == 0 {
			return one(f(Reshape(x.node, 1), 0), x)
		}
		y := value{node: ReduceAndKeep(x.node, f, x.physical(list...)...), axes: x.axes}
		if c.integer("keepdims", 1) != 0 {
			return []value{y}
		}
		return []value{c.reshape(y, squeezed(y.dims(), list))}
	}
}

func argMax(c *call) []value { return c.argument(ArgMax) }
func argMin(c *call) []value { return c.argument(ArgMin) }

// argument finds the place of an extreme along an axis.
func (c *call) argument(find func(x *Node, axis int, kind ...dtypes.DType) *Node) []value {
	x := c.operand(0)
	axis := c.axis(0, x.rank())
	at, node := x.axes[axis], x.node
	last := c.integer("select_last_index", 0) != 0
	if last {
		node = Reverse(node, at)
	}
	place := ConvertDType(find(node, at), dtypes.Int64)
	if last {
		place = AddScalar(Neg(place), x.dims()[axis]-1)
	}
	y := value{node: InsertAxes(place, at), axes: x.axes}
	if c.integer("keepdims", 1) != 0 {
		return []value{y}
	}
	return []value{c.reshape(y, squeezed(y.dims(), []int{axis}))}
}

// cumSum adds up along an axis: all up to a number, or with exclusive all before it; from the end with reverse.
func cumSum(c *call) []value {
	x := c.operand(0)
	at := x.physical(int(c.number(1, "", 0)))[0]
	y := x.node
	reverse := c.integer("reverse", 0) != 0
	if reverse {
		y = Reverse(y, at)
	}
	sums := CumSum(y, at)
	if c.integer("exclusive", 0) != 0 {
		sums = Sub(sums, y)
	}
	if reverse {
		sums = Reverse(sums, at)
	}
	return one(sums, x)
}

// topK gives the largest numbers along an axis, or the smallest, and their places.
func topK(c *call) []value {
	x := c.operand(0)
	at := x.physical(c.integer("axis", -1))[0]
	k := c.integer("k", 0)
	if c.has(1) {
		k = int(c.number(1, "", 0))
	}
	find := TopK
	if c.integer("largest", 1) == 0 {
		find = BottomK
	}
	values, places := find(x.node, k, at)
	return []value{{node: values, axes: x.axes}, {node: ConvertDType(places, dtypes.Int64), axes: x.axes}}
}

// oneHot writes one value at the places that indices name along a new axis, and another elsewhere.
func oneHot(c *call) []value {
	indices, depth := c.operand(0), int(c.number(1, "", 0))
	axis := c.axis(-1, indices.rank()+1)
	shape := append([]int{}, indices.dims()...)
	shape = append(shape[:axis:axis], append([]int{1}, shape[axis:]...)...)
	places := Reshape(ConvertDType(c.ordered(indices), dtypes.Int64), shape...)
	places = Where(LessThan(places, zero(places)), AddScalar(places, depth), places)
	shape[axis] = depth
	c.checkSize(shape)
	hot := Equal(Iota(c.graph(), shapes.Make(dtypes.Int64, shape...), axis), BroadcastToDims(places, shape...))
	values := c.ordered(c.arg(2))
	off, on := Squeeze(Slice(values, AxisElem(0))), Squeeze(Slice(values, AxisElem(1)))
	return []value{plain(Where(hot, on, off))}
}
