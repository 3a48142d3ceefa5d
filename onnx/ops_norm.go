package onnx

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// batchNorm is (x − mean)/√(variance + ε)·scale + offset, each per channel and constant.
func batchNorm(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 5); err != nil {
		return nil, err
	}
	if n.integer("training_mode", 0) != 0 {
		return nil, errors.New("it is in training mode: export the network for inference")
	}
	x := b.inGraph(in[0])
	if x.rank() < 2 {
		return nil, fmt.Errorf("shape %v has no channels", x.dims())
	}
	var parameters [4]*Node
	for i := range parameters {
		parameters[i] = b.ordered(in[i+1])
	}
	y := InternalBatchNormForInference(x.node, parameters[0], parameters[1], parameters[2], parameters[3], n.float("epsilon", 1e-5), x.axes[1])
	return one(y, x), nil
}

// standardised is x minus its mean over axes, divided by its deviation there.
func standardised(x *Node, epsilon float32, axes []int) *Node {
	centred := Sub(x, ReduceAndKeep(x, ReduceMean, axes...))
	variance := ReduceAndKeep(Square(centred), ReduceMean, axes...)
	return Mul(centred, Rsqrt(AddScalar(variance, epsilon)))
}

// instanceNorm standardises each channel of each image over its pixels.
func instanceNorm(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 3); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	if x.rank() < 3 {
		return nil, fmt.Errorf("shape %v is no image", x.dims())
	}
	y := standardised(x.node, n.float("epsilon", 1e-5), x.axes[2:])
	perChannel := make([]int, x.rank()-1)
	for i := range perChannel {
		perChannel[i] = 1
	}
	perChannel[0] = x.dims()[1]
	scale := b.laidOut(b.reshape(in[1], perChannel), x.axes)
	offset := b.laidOut(b.reshape(in[2], perChannel), x.axes)
	return one(Add(Mul(y, scale), offset), x), nil
}

// layerNorm standardises over all axes from the node's on.
func layerNorm(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	axis, err := axisOf(n.integer("axis", -1), x.rank())
	if err != nil {
		return nil, err
	}
	y := Mul(standardised(x.node, n.float("epsilon", 1e-5), x.axes[axis:]), b.laidOut(in[1], x.axes))
	if given(in, 2) {
		y = Add(y, b.laidOut(in[2], x.axes))
	}
	return one(y, x), nil
}

// lpNorm divides by the sum of magnitudes, or by the length, along an axis.
func lpNorm(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	axes, err := x.physical([]int{n.integer("axis", -1)})
	if err != nil {
		return nil, err
	}
	magnitude := length
	if n.integer("p", 2) == 1 {
		magnitude = func(x *Node, axes ...int) *Node { return ReduceSum(Abs(x), axes...) }
	}
	return one(Div(x.node, ReduceAndKeep(x.node, magnitude, axes...)), x), nil
}

// softmaxAxes are those that sum to one: the node's axis, or before version 13 of the operations all from it on.
func softmaxAxes(b *builder, n *node, x value) ([]int, error) {
	if b.model.opset >= 13 {
		return x.physical([]int{n.integer("axis", -1)})
	}
	axis, err := axisOf(n.integer("axis", 1), x.rank())
	if err != nil {
		return nil, err
	}
	return x.axes[axis:], nil
}

func softmax(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	axes, err := softmaxAxes(b, n, x)
	if err != nil {
		return nil, err
	}
	return one(Softmax(x.node, axes...), x), nil
}

func logSoftmax(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	axes, err := softmaxAxes(b, n, x)
	if err != nil {
		return nil, err
	}
	return one(LogSoftmax(x.node, axes...), x), nil
}
