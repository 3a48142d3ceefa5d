package onnx

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// batchNorm is (x − mean)/√(variance + ε)·scale + offset, each per channel and known; before version 9 also per pixel.
func batchNorm(c *call) []value {
	if c.integer("training_mode", 0) != 0 {
		fail("it is in training mode: export the network for inference")
	}
	x := c.operand(0)
	if x.rank() < 2 {
		fail("shape %v has no channels", x.dims())
	}
	epsilon := c.float("epsilon", 1e-5)
	if c.integer("spatial", 1) == 0 {
		part := func(i int) *Node { return c.laidOut(c.arg(i), x.axes) }
		y := Div(Sub(x.node, part(3)), Sqrt(AddScalar(part(4), epsilon)))
		return one(Add(Mul(y, part(1)), part(2)), x)
	}
	part := func(i int) *Node { return c.ordered(c.arg(i)) }
	return one(InternalBatchNormForInference(x.node, part(1), part(2), part(3), part(4), epsilon, x.axes[1]), x)
}

// standardised is x minus its mean over axes, divided by its deviation there.
func standardised(x *Node, epsilon float32, axes []int) *Node {
	centred := Sub(x, ReduceAndKeep(x, ReduceMean, axes...))
	variance := ReduceAndKeep(Square(centred), ReduceMean, axes...)
	return Mul(centred, Rsqrt(AddScalar(variance, epsilon)))
}

// instanceNorm standardises each channel of each image over its pixels.
func instanceNorm(c *call) []value {
	x := c.operand(0)
	if x.rank() < 3 {
		fail("shape %v is no image", x.dims())
	}
	y := standardised(x.node, c.float("epsilon", 1e-5), x.axes[2:])
	return one(c.scaled(y, x, 1, 2), x)
}

// scaled multiplies with the input scale and adds the input offset, one number for each channel; y lies as like does.
func (c *call) scaled(y *Node, like value, scale, offset int) *Node {
	perChannel := func(i int) *Node {
		return c.laidOut(c.reshape(c.arg(i), channelShape(like.dims()[1], like.rank())), like.axes)
	}
	return Add(Mul(y, perChannel(scale)), perChannel(offset))
}

// groupNorm standardises groups of channels of each image. Before version 21 scale and offset are per group.
func groupNorm(c *call) []value {
	x, groups := c.operand(0), c.integer("num_groups", 0)
	if x.rank() < 2 || groups < 1 || x.dims()[1]%groups != 0 {
		fail("shape %v and %d groups", x.dims(), groups)
	}
	shape := x.dims()
	apart := slices.Concat([]int{shape[0], groups, shape[1] / groups}, shape[2:])
	v := c.reshape(x, apart)
	y := value{node: standardised(v.node, c.float("epsilon", 1e-5), v.axes[2:]), axes: v.axes}
	if c.model.opset < 21 {
		y.node = c.scaled(y.node, y, 1, 2)
		return []value{c.reshape(y, shape)}
	}
	y = c.reshape(y, shape)
	return one(c.scaled(y.node, y, 1, 2), y)
}

// layerNorm standardises over all axes from the node's on. Its other outputs are the mean and one over the deviation.
func layerNorm(c *call) []value {
	x := c.operand(0)
	axes, epsilon := x.axes[c.axis(-1, x.rank()):], c.float("epsilon", 1e-5)
	mean := ReduceAndKeep(x.node, ReduceMean, axes...)
	centred := Sub(x.node, mean)
	inverse := Rsqrt(AddScalar(ReduceAndKeep(Square(centred), ReduceMean, axes...), epsilon))
	apart := func() *Node {
		y := Mul(Mul(centred, inverse), c.laidOut(c.arg(1), x.axes))
		if c.has(2) {
			y = Add(y, c.laidOut(c.arg(2), x.axes))
		}
		return y
	}
	var y *Node
	if columns := x.node.Shape().Dim(-1); len(axes) == 1 && axes[0] == x.rank()-1 && product(c.arg(1).dims()) == columns {
		y, _ = InternalFusedOpCaller(func() *Node {
			return BackendFusedLayerNorm(x.node, axes, float64(epsilon), c.row(1, columns), c.row(2, columns))
		}, apart, false)
	} else {
		y = apart()
	}
	return []value{{node: y, axes: x.axes}, {node: mean, axes: x.axes}, {node: inverse, axes: x.axes}}
}

// row is input i as a list of numbers, nil when it was left out.
func (c *call) row(i, length int) *Node {
	if !c.has(i) {
		return nil
	}
	return Reshape(c.ordered(c.operand(i)), length)
}

// rmsNorm is layerNorm without the mean.
func rmsNorm(c *call) []value {
	x := c.operand(0)
	axes := x.axes[c.axis(-1, x.rank()):]
	square := ReduceAndKeep(Square(x.node), ReduceMean, axes...)
	y := Mul(x.node, Rsqrt(AddScalar(square, c.float("epsilon", 1e-5))))
	return one(Mul(y, c.laidOut(c.arg(1), x.axes)), x)
}

// lpNorm divides by the sum of magnitudes, or by the length, along an axis; zeros stay zeros.
func lpNorm(c *call) []value {
	x := c.operand(0)
	magnitude := length
	if c.integer("p", 2) == 1 {
		magnitude = sumOfMagnitudes
	}
	size := ReduceAndKeep(x.node, magnitude, x.physical(c.integer("axis", -1))...)
	size = Where(Equal(size, zero(size)), OnesLike(size), size)
	return one(Div(x.node, size), x)
}

// meanVarianceNorm standardises over axes: by default those of the batch and the pixels.
func meanVarianceNorm(c *call) []value {
	x, axes := c.operand(0), c.integers("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	return one(standardised(x.node, 1e-9, x.physical(axes...)), x)
}

// softmaxAxes are those that sum to one: the node's axis, or before version 13 of the operations all from it on.
func (c *call) softmaxAxes(x value) []int {
	if c.model.opset >= 13 {
		return x.physical(c.integer("axis", -1))
	}
	return x.axes[c.axis(1, x.rank()):]
}

func softmax(c *call) []value {
	x := c.operand(0)
	return one(Softmax(x.node, c.softmaxAxes(x)...), x)
}

func logSoftmax(c *call) []value {
	x := c.operand(0)
	return one(LogSoftmax(x.node, c.softmaxAxes(x)...), x)
}

// hardmax is 1 at the first of the largest numbers and 0 elsewhere.
func hardmax(c *call) []value {
	x := c.arg(0)
	shape := x.dims()
	axis := c.axis(-1, x.rank())
	if c.model.opset < 13 {
		axis = c.axis(1, x.rank())
		x, axis = c.reshape(x, []int{product(shape[:axis]), product(shape[axis:])}), 1
	}
	node := c.ordered(x)
	largest := InsertAxes(ArgMax(node, axis), axis)
	positions := Iota(c.graph(), shapes.Make(largest.DType(), node.Shape().Dimensions...), axis)
	hot := ConvertDType(Equal(positions, BroadcastToDims(largest, node.Shape().Dimensions...)), node.DType())
	return []value{c.reshape(plain(hot), shape)}
}
