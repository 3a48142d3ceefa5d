package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// Recording of products, convolutions, pooling and normalisation.

type (
	convAttrs struct {
		axes                            compute.ConvolveAxesConfig
		strides                         []int
		paddings                        [][2]int
		inputDilations, kernelDilations []int
		channelGroups, batchGroups      int
	}
	dotAttrs struct {
		lhsContract, lhsBatch, rhsContract, rhsBatch []int
		config                                       compute.DotGeneralConfig
	}
	windowAttrs struct {
		reduction                       compute.ReduceOpType
		window, strides                 []int
		inputDilations, windowDilations []int
		paddings                        [][2]int
	}
	batchNormAttrs struct {
		epsilon float32
		axis    int
	}
)

// orOnes is a copy of list, or n ones if it is empty.
func orOnes(list []int, n int) []int {
	if len(list) > 0 {
		return slices.Clone(list)
	}
	return slices.Repeat([]int{1}, n)
}

// orZeros is a copy of paddings, or n pairs of zeros if there are none.
func orZeros(paddings [][2]int, n int) [][2]int {
	if len(paddings) > 0 {
		return slices.Clone(paddings)
	}
	return make([][2]int, n)
}

// ConvGeneral implements compute.Function.
func (f *Function) ConvGeneral(input, kernel compute.Value, axes compute.ConvolveAxesConfig, strides []int, paddings [][2]int, inputDilations, kernelDilations []int, channelGroupCount, batchGroupCount int) (compute.Value, error) {
	spatial := len(axes.InputSpatial)
	a := convAttrs{
		axes: axes.Clone(), strides: orOnes(strides, spatial), paddings: orZeros(paddings, spatial),
		inputDilations: orOnes(inputDilations, spatial), kernelDilations: orOnes(kernelDilations, spatial),
		channelGroups: max(channelGroupCount, 1), batchGroups: max(batchGroupCount, 1),
	}
	return f.record1(compute.OpTypeConvGeneral, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.ConvGeneral(in[0], in[1], a.axes, a.strides, a.paddings, a.inputDilations, a.kernelDilations, a.channelGroups, a.batchGroups)
	}, input, kernel)
}

// DotGeneral implements compute.Function.
func (f *Function) DotGeneral(lhs compute.Value, lhsContractingAxes, lhsBatchAxes []int, rhs compute.Value, rhsContractingAxes, rhsBatchAxes []int, config compute.DotGeneralConfig) (compute.Value, error) {
	a := dotAttrs{slices.Clone(lhsContractingAxes), slices.Clone(lhsBatchAxes), slices.Clone(rhsContractingAxes), slices.Clone(rhsBatchAxes), config}
	outputs, err := f.record(compute.OpTypeDotGeneral, a, a.replay, lhs, rhs)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// replay issues the product.
func (a dotAttrs) replay(g compute.Function, in []compute.Value) ([]compute.Value, error) {
	return one(g.DotGeneral(in[0], a.lhsContract, a.lhsBatch, in[1], a.rhsContract, a.rhsBatch, a.config))
}

// ReduceWindow implements compute.Function.
func (f *Function) ReduceWindow(input compute.Value, reductionType compute.ReduceOpType, windowDimensions, strides, inputDilations, windowDilations []int, paddings [][2]int) (compute.Value, error) {
	rank := len(windowDimensions)
	a := windowAttrs{
		reduction: reductionType, window: slices.Clone(windowDimensions), strides: slices.Clone(strides),
		inputDilations: orOnes(inputDilations, rank), windowDilations: orOnes(windowDilations, rank), paddings: orZeros(paddings, rank),
	}
	if len(strides) == 0 {
		a.strides = a.window
	}
	return f.record1(compute.OpTypeReduceWindow, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.ReduceWindow(in[0], a.reduction, a.window, a.strides, a.inputDilations, a.windowDilations, a.paddings)
	}, input)
}

type selectOp = func(g compute.Function, operand, source compute.Value, window, strides []int, paddings [][2]int) (compute.Value, error)

// selectAndScatter records the gradient of max or min pooling: out[i] is the sum of source over the windows in
// which operand[i] is the first extreme.
func (f *Function) selectAndScatter(op compute.OpType, issue selectOp, operand, source compute.Value, a windowAttrs) (compute.Value, error) {
	if err := f.checkOpen(op.String()); err != nil {
		return nil, err
	}
	inputs, err := f.values(op.String(), []compute.Value{operand, source})
	if err != nil {
		return nil, err
	}
	shape := inputs[0].shape
	if len(a.strides) == 0 {
		a.strides = a.window
	}
	a.paddings = orZeros(a.paddings, shape.Rank())
	a.inputDilations, a.windowDilations = orOnes(nil, shape.Rank()), orOnes(nil, shape.Rank())
	windows, err := shapeinference.ReduceWindow(shape, a.window, a.strides, nil, nil, a.paddings)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
	}
	if !windows.Equal(inputs[1].shape) {
		return nil, fmt.Errorf("cpu backend: %s: source %s, want %s, one per window of %s", op, inputs[1].shape, windows, shape)
	}
	outputs, err := f.recordShaped(op, a, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(issue(g, in[0], in[1], a.window, a.strides, a.paddings))
	}, []shapes.Shape{shape}, inputs)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// SelectAndScatterMax implements compute.Function.
func (f *Function) SelectAndScatterMax(operand, source compute.Value, windowDimensions, windowStrides []int, paddings [][2]int) (compute.Value, error) {
	a := windowAttrs{reduction: compute.ReduceOpMax, window: slices.Clone(windowDimensions), strides: slices.Clone(windowStrides), paddings: paddings}
	return f.selectAndScatter(compute.OpTypeSelectAndScatterMax, compute.Function.SelectAndScatterMax, operand, source, a)
}

// SelectAndScatterMin implements compute.Function.
func (f *Function) SelectAndScatterMin(operand, source compute.Value, windowDimensions, windowStrides []int, paddings [][2]int) (compute.Value, error) {
	a := windowAttrs{reduction: compute.ReduceOpMin, window: slices.Clone(windowDimensions), strides: slices.Clone(windowStrides), paddings: paddings}
	return f.selectAndScatter(compute.OpTypeSelectAndScatterMin, compute.Function.SelectAndScatterMin, operand, source, a)
}

// BatchNormForInference implements compute.Function, as scale·(x − mean)/√(variance+ε) + offset.
func (f *Function) BatchNormForInference(operand, scale, offset, mean, variance compute.Value, epsilon float32, featureAxis int) (compute.Value, error) {
	values, err := f.batchNorm(compute.OpTypeBatchNormForInference, featureAxis, []compute.Value{operand, scale, offset, mean, variance})
	if err != nil {
		return nil, err
	}
	a := batchNormAttrs{epsilon, featureAxis}
	outputs, err := f.recordShaped(compute.OpTypeBatchNormForInference, a, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(g.BatchNormForInference(in[0], in[1], in[2], in[3], in[4], epsilon, featureAxis))
	}, []shapes.Shape{values[0].shape}, values)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// BatchNormForTraining implements compute.Function. The variance is the biased one.
func (f *Function) BatchNormForTraining(operand, scale, offset compute.Value, epsilon float32, featureAxis int) (normalized, batchMean, batchVariance compute.Value, err error) {
	values, err := f.batchNorm(compute.OpTypeBatchNormForTraining, featureAxis, []compute.Value{operand, scale, offset})
	if err != nil {
		return nil, nil, nil, err
	}
	channels := values[1].shape
	a := batchNormAttrs{epsilon, featureAxis}
	outputs, err := f.recordShaped(compute.OpTypeBatchNormForTraining, a, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		normalized, mean, variance, err := g.BatchNormForTraining(in[0], in[1], in[2], epsilon, featureAxis)
		return []compute.Value{normalized, mean, variance}, err
	}, []shapes.Shape{values[0].shape, channels, channels}, values)
	if err != nil {
		return nil, nil, nil, err
	}
	return outputs[0], outputs[1], outputs[2], nil
}

// BatchNormGradient implements compute.Function.
func (f *Function) BatchNormGradient(operand, scale, mean, variance, gradOutput compute.Value, epsilon float32, featureAxis int) (gradOperand, gradScale, gradOffset compute.Value, err error) {
	values, err := f.batchNorm(compute.OpTypeBatchNormGradient, featureAxis, []compute.Value{operand, scale, mean, variance, gradOutput})
	if err != nil {
		return nil, nil, nil, err
	}
	if !values[4].shape.Equal(values[0].shape) {
		return nil, nil, nil, fmt.Errorf("cpu backend: BatchNormGradient: gradient %s, want %s as the operand", values[4].shape, values[0].shape)
	}
	channels := values[1].shape
	a := batchNormAttrs{epsilon, featureAxis}
	outputs, err := f.recordShaped(compute.OpTypeBatchNormGradient, a, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		gradOperand, gradScale, gradOffset, err := g.BatchNormGradient(in[0], in[1], in[2], in[3], in[4], epsilon, featureAxis)
		return []compute.Value{gradOperand, gradScale, gradOffset}, err
	}, []shapes.Shape{values[0].shape, channels, channels}, values)
	if err != nil {
		return nil, nil, nil, err
	}
	return outputs[0], outputs[1], outputs[2], nil
}

// batchNorm checks the operands of a batch normalisation: x first, then one vector per channel statistic, up to
// four of them.
func (f *Function) batchNorm(op compute.OpType, axis int, operands []compute.Value) ([]*value, error) {
	if err := f.checkOpen(op.String()); err != nil {
		return nil, err
	}
	values, err := f.values(op.String(), operands)
	if err != nil {
		return nil, err
	}
	x := values[0].shape
	if !x.DType.IsFloat() {
		return nil, fmt.Errorf("cpu backend: %s of %s, want floating-point numbers: %w", op, x, compute.ErrNotImplemented)
	}
	if axis < 0 || axis >= x.Rank() {
		return nil, fmt.Errorf("cpu backend: %s: feature axis %d of %s", op, axis, x)
	}
	want := shapes.Make(x.DType, x.Dimensions[axis])
	for i, v := range values[1:min(len(values), 4)] {
		if !v.shape.Equal(want) {
			return nil, fmt.Errorf("cpu backend: %s: operand %d has shape %s, want %s", op, i+1, v.shape, want)
		}
	}
	return values, nil
}
