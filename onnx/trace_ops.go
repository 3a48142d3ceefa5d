package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// The operations that encoders and heads are made of, as ONNX has them. To export another, add its method.

// pointwise traces an operation of one or two operands, which broadcast.
func (f *tracedFunction) pointwise(op string, v compute.Value, err error, operands ...compute.Value) (compute.Value, error) {
	if err != nil {
		return nil, err
	}
	rank := len(f.dims(v))
	all := make([]traced, len(operands))
	var like traced
	for i, operand := range operands {
		if all[i], err = f.of(operand); err != nil {
			return nil, fmt.Errorf("export %s: %w", op, err)
		}
		if all[i].known != nil && len(all[i].known.Shape) < rank {
			all[i].known = all[i].known.reshaped(leadingOnes(all[i].known.Shape, rank))
		}
		if like.name == "" && all[i].name != "" {
			like = all[i]
		}
	}
	if like.name == "" {
		return nil, fmt.Errorf("export %s: all its operands are constants", op)
	}
	inputs := make([]string, len(all))
	for i := range all {
		inputs[i] = f.arranged(all[i], like.axes)
	}
	if op == "Max" && len(all) == 2 && all[1].known != nil && isZero(all[1].known) {
		op, inputs = "Relu", inputs[:1]
	}
	return f.set(v, nil, traced{name: f.add(op, "", inputs, nil), axes: like.axes})
}

func isZero(t *Tensor) bool { return t.Size() == 1 && t.Float32s()[0] == 0 }

func (f *tracedFunction) Add(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Add(x, y)
	return f.pointwise("Add", v, err, x, y)
}

func (f *tracedFunction) Sub(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Sub(x, y)
	return f.pointwise("Sub", v, err, x, y)
}

func (f *tracedFunction) Mul(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Mul(x, y)
	return f.pointwise("Mul", v, err, x, y)
}

func (f *tracedFunction) Div(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Div(x, y)
	return f.pointwise("Div", v, err, x, y)
}

func (f *tracedFunction) Max(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Max(x, y)
	return f.pointwise("Max", v, err, x, y)
}

func (f *tracedFunction) Min(x, y compute.Value) (compute.Value, error) {
	v, err := f.Function.Min(x, y)
	return f.pointwise("Min", v, err, x, y)
}

func (f *tracedFunction) Abs(x compute.Value) (compute.Value, error) {
	v, err := f.Function.Abs(x)
	return f.pointwise("Abs", v, err, x)
}

func (f *tracedFunction) Sqrt(x compute.Value) (compute.Value, error) {
	v, err := f.Function.Sqrt(x)
	return f.pointwise("Sqrt", v, err, x)
}

func (f *tracedFunction) Neg(x compute.Value) (compute.Value, error) {
	v, err := f.Function.Neg(x)
	return f.pointwise("Neg", v, err, x)
}

func (f *tracedFunction) Logistic(x compute.Value) (compute.Value, error) {
	v, err := f.Function.Logistic(x)
	return f.pointwise("Sigmoid", v, err, x)
}

// ConvGeneral becomes a Conv with its weights as [out, in/groups, h, w].
func (f *tracedFunction) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int, inputDilations, kernelDilations []int, channelGroupCount, batchGroupCount int) (compute.Value, error) {
	v, err := f.Function.ConvGeneral(input, kernel, axes, strides, paddings, inputDilations, kernelDilations, channelGroupCount, batchGroupCount)
	if err != nil {
		return nil, err
	}
	x, err := f.of(input)
	if err != nil {
		return nil, err
	}
	w, err := f.of(kernel)
	if err != nil {
		return nil, err
	}
	if len(axes.InputSpatial) != 2 || batchGroupCount > 1 || slices.ContainsFunc(inputDilations, func(d int) bool { return d != 1 }) {
		return nil, errors.New("export a convolution: only plain ones of images can be exported")
	}
	image := f.arranged(x, placed(axes.InputBatch, axes.InputChannels, axes.InputSpatial))
	weights := f.arranged(traced{name: w.name, axes: w.axes, known: w.known}, placed(axes.KernelOutputChannels, axes.KernelInputChannels, axes.KernelSpatial))
	attributes := map[string]attribute{"group": {integer: int64(max(1, channelGroupCount))}}
	if len(strides) > 0 {
		attributes["strides"] = attribute{integers: toInt64s(strides)}
	}
	if len(kernelDilations) > 0 {
		attributes["dilations"] = attribute{integers: toInt64s(kernelDilations)}
	}
	if len(paddings) > 0 {
		attributes["pads"] = padsAttribute(paddings)
	}
	return f.set(v, nil, traced{
		name: f.add("Conv", "", []string{image, weights}, attributes),
		axes: placed(axes.OutputBatch, axes.OutputChannels, axes.OutputSpatial),
	})
}

// placed says where ONNX has the axes of GoMLX: first and second, then the spatial ones.
func placed(first, second int, spatial []int) []int {
	axes := make([]int, 2+len(spatial))
	axes[first], axes[second] = 0, 1
	for i, axis := range spatial {
		axes[axis] = 2 + i
	}
	return axes
}

func toInt64s(list []int) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out
}

func padsAttribute(paddings [][2]int) attribute {
	var a attribute
	for side := range 2 {
		for _, pad := range paddings {
			a.integers = append(a.integers, int64(pad[side]))
		}
	}
	return a
}

// ReduceWindow becomes a MaxPool.
func (f *tracedFunction) ReduceWindow(input compute.Value, reduction compute.ReduceOpType, window, strides, inputDilations, windowDilations []int, paddings [][2]int) (compute.Value, error) {
	v, err := f.Function.ReduceWindow(input, reduction, window, strides, inputDilations, windowDilations, paddings)
	if err != nil {
		return nil, err
	}
	x, err := f.of(input)
	if err != nil {
		return nil, err
	}
	if reduction != compute.ReduceOpMax || len(window) != 4 || window[0] != 1 || window[3] != 1 || len(windowDilations) > 0 || len(inputDilations) > 0 {
		return nil, errors.New("export a pooling: only the maximum over pixels can be exported")
	}
	attributes := map[string]attribute{"kernel_shape": {integers: toInt64s(window[1:3])}}
	if len(strides) > 0 {
		attributes["strides"] = attribute{integers: toInt64s(strides[1:3])}
	}
	if len(paddings) > 0 {
		attributes["pads"] = padsAttribute(paddings[1:3])
	}
	axes := inMemory(channelsLast(4))
	return f.set(v, nil, traced{name: f.add("MaxPool", "", []string{f.arranged(x, axes)}, attributes), axes: axes})
}

// BatchNormForInference becomes a BatchNormalization, which the convolution before it takes up later.
func (f *tracedFunction) BatchNormForInference(x, scale, offset, mean, variance compute.Value, epsilon float32, axis int) (compute.Value, error) {
	v, err := f.Function.BatchNormForInference(x, scale, offset, mean, variance, epsilon, axis)
	if err != nil {
		return nil, err
	}
	image, err := f.of(x)
	if err != nil {
		return nil, err
	}
	rank := len(f.dims(x))
	axes := identity(rank)
	axes[axis] = 1
	for i := range axes[:axis] {
		axes[i] = i + min(i, 1)
	}
	inputs := []string{f.arranged(image, axes)}
	for _, operand := range []compute.Value{scale, offset, mean, variance} {
		t, err := f.of(operand)
		if err != nil || t.known == nil {
			return nil, errors.New("export a normalisation: its statistics are no weights")
		}
		inputs = append(inputs, f.constant(t.known))
	}
	name := f.add("BatchNormalization", "", inputs, map[string]attribute{"epsilon": {float: epsilon}})
	return f.set(v, nil, traced{name: name, axes: axes})
}

// BroadcastInDim writes nothing: ONNX's operations repeat axes of length 1 themselves.
func (f *tracedFunction) BroadcastInDim(x compute.Value, shape shapes.Shape, axes []int) (compute.Value, error) {
	v, err := f.Function.BroadcastInDim(x, shape, axes)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	if t.known != nil {
		dims := make([]int, shape.Rank())
		for i := range dims {
			dims[i] = 1
		}
		for i, axis := range axes {
			dims[axis] = t.known.Shape[i]
		}
		return f.set(v, nil, traced{known: t.known.reshaped(dims)})
	}
	if len(axes) != shape.Rank() {
		return nil, errors.New("export a broadcast: only axes of length 1 can be repeated")
	}
	return f.set(v, nil, t)
}
