package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapeinference"
	"github.com/gomlx/compute/shapes"
)

// Recording of operations that move, select or convert elements.

type (
	broadcastAttrs struct {
		shape shapes.Shape
		axes  []int
	}
	sliceAttrs     struct{ starts, limits, strides []int }
	argMinMaxAttrs struct {
		axis  int
		dtype dtypes.DType
		isMin bool
	}
	iotaAttrs struct {
		shape shapes.Shape
		axis  int
	}
	gatherAttrs struct {
		vectorAxis                        int
		offset, collapsed, mapping, sizes []int
		sorted                            bool
	}
	scatterAttrs struct {
		vectorAxis                int
		window, inserted, mapping []int
		sorted, unique            bool
	}
)

// ArgMinMax implements compute.Function.
func (f *Function) ArgMinMax(x compute.Value, axis int, outputDType dtypes.DType, isMin bool) (compute.Value, error) {
	attrs := argMinMaxAttrs{axis, outputDType, isMin}
	return f.record1(compute.OpTypeArgMinMax, attrs, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.ArgMinMax(in[0], axis, outputDType, isMin)
	}, x)
}

// Bitcast implements compute.Function.
func (f *Function) Bitcast(x compute.Value, target dtypes.DType) (compute.Value, error) {
	return f.record1(compute.OpTypeBitcast, target, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Bitcast(in[0], target)
	}, x)
}

// BroadcastInDim implements compute.Function.
func (f *Function) BroadcastInDim(x compute.Value, outputShape shapes.Shape, broadcastAxes []int) (compute.Value, error) {
	attrs := broadcastAttrs{outputShape.Clone(), slices.Clone(broadcastAxes)}
	return f.record1(compute.OpTypeBroadcastInDim, attrs, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.BroadcastInDim(in[0], attrs.shape, attrs.axes)
	}, x)
}

// Clamp implements compute.Function, as Min(Max(x, low), high).
func (f *Function) Clamp(low, x, high compute.Value) (compute.Value, error) {
	raised, err := f.Max(x, low)
	if err != nil {
		return nil, err
	}
	return f.Min(raised, high)
}

// Concatenate implements compute.Function.
func (f *Function) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	return f.record1(compute.OpTypeConcatenate, axis, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Concatenate(axis, in...)
	}, operands...)
}

// ConvertDType implements compute.Function.
func (f *Function) ConvertDType(x compute.Value, dtype dtypes.DType) (compute.Value, error) {
	return f.record1(compute.OpTypeConvertDType, dtype, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.ConvertDType(in[0], dtype)
	}, x)
}

// DynamicDimensionSize implements compute.Function. All dimensions are static here.
func (f *Function) DynamicDimensionSize(x compute.Value, axis int) (compute.Value, error) {
	return f.record1(compute.OpTypeDynamicDimensionSize, axis, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.DynamicDimensionSize(in[0], axis)
	}, x)
}

// DynamicShape implements compute.Function. All shapes are static here.
func (f *Function) DynamicShape(x compute.Value) (compute.Value, error) {
	return f.unary(compute.OpTypeDynamicShape, compute.Function.DynamicShape, x)
}

// DynamicSlice implements compute.Function.
func (f *Function) DynamicSlice(x compute.Value, startIndices []compute.Value, sliceDims []int) (compute.Value, error) {
	inputs, err := f.dynamic("DynamicSlice", []compute.Value{x}, startIndices)
	if err != nil {
		return nil, err
	}
	if _, err := shapeinference.DynamicSlice(inputs[0].shape, sliceDims); err != nil {
		return nil, fmt.Errorf("cpu backend: DynamicSlice: %w", err)
	}
	sliceDims = slices.Clone(sliceDims)
	shape := shapes.Make(inputs[0].shape.DType, sliceDims...)
	outputs, err := f.recordShaped(compute.OpTypeDynamicSlice, sliceDims, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(g.DynamicSlice(in[0], in[1:], sliceDims))
	}, []shapes.Shape{shape}, inputs)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// DynamicUpdateSlice implements compute.Function.
func (f *Function) DynamicUpdateSlice(x, update compute.Value, startIndices []compute.Value) (compute.Value, error) {
	inputs, err := f.dynamic("DynamicUpdateSlice", []compute.Value{x, update}, startIndices)
	if err != nil {
		return nil, err
	}
	shape, slice := inputs[0].shape, inputs[1].shape
	if _, err := shapeinference.DynamicSlice(shape, slice.Dimensions); err != nil || slice.DType != shape.DType {
		return nil, fmt.Errorf("cpu backend: DynamicUpdateSlice: the update %s is no slice of %s", slice, shape)
	}
	outputs, err := f.recordShaped(compute.OpTypeDynamicUpdateSlice, nil, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(g.DynamicUpdateSlice(in[0], in[1], in[2:]))
	}, []shapes.Shape{shape}, inputs)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// dynamic checks the operands of a dynamic slice of the first one: then there is an index for each of its axes.
func (f *Function) dynamic(op string, operands, indices []compute.Value) ([]*value, error) {
	if err := f.checkOpen(op); err != nil {
		return nil, err
	}
	values, err := f.values(op, slices.Concat(operands, indices))
	if err != nil {
		return nil, err
	}
	if rank := values[0].shape.Rank(); len(indices) != rank {
		return nil, fmt.Errorf("cpu backend: %s: %d indices for %s, want one for each axis", op, len(indices), values[0].shape)
	}
	for _, v := range values[len(operands):] {
		if v.shape.Rank() != 0 || indexReaders[v.shape.DType] == nil {
			return nil, fmt.Errorf("cpu backend: %s: index of shape %s, want a single integer", op, v.shape)
		}
	}
	return values, nil
}

// FFT implements compute.Function.
func (f *Function) FFT(x compute.Value, fftType compute.FFTType, fftLength []int) (compute.Value, error) {
	fftLength = slices.Clone(fftLength)
	attrs := struct {
		kind   compute.FFTType
		length []int
	}{fftType, fftLength}
	return f.record1(compute.OpTypeFFT, attrs, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.FFT(in[0], fftType, fftLength)
	}, x)
}

// Gather implements compute.Function.
func (f *Function) Gather(operand, startIndices compute.Value, indexVectorAxis int, offsetOutputAxes, collapsedSliceAxes, startIndexMap, sliceSizes []int, indicesAreSorted bool) (compute.Value, error) {
	a := gatherAttrs{
		indexVectorAxis, slices.Clone(offsetOutputAxes), slices.Clone(collapsedSliceAxes),
		slices.Clone(startIndexMap), slices.Clone(sliceSizes), indicesAreSorted,
	}
	return f.record1(compute.OpTypeGather, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Gather(in[0], in[1], a.vectorAxis, a.offset, a.collapsed, a.mapping, a.sizes, a.sorted)
	}, operand, startIndices)
}

// Iota implements compute.Function.
func (f *Function) Iota(shape shapes.Shape, iotaAxis int) (compute.Value, error) {
	attrs := iotaAttrs{shape.Clone(), iotaAxis}
	return f.record1(compute.OpTypeIota, attrs, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Iota(attrs.shape, iotaAxis)
	})
}

// Pad implements compute.Function.
func (f *Function) Pad(x, fillValue compute.Value, axesConfig ...compute.PadAxis) (compute.Value, error) {
	axes := slices.Clone(axesConfig)
	return f.record1(compute.OpTypePad, axes, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Pad(in[0], in[1], axes...)
	}, x, fillValue)
}

// Reshape implements compute.Function.
func (f *Function) Reshape(x compute.Value, dimensions ...int) (compute.Value, error) {
	dimensions = slices.Clone(dimensions)
	return f.record1(compute.OpTypeReshape, dimensions, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Reshape(in[0], dimensions...)
	}, x)
}

// Reverse implements compute.Function.
func (f *Function) Reverse(x compute.Value, axes ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeReverse, compute.Function.Reverse, x, axes)
}

// RNGBitGenerator implements compute.Function.
func (f *Function) RNGBitGenerator(state compute.Value, shape shapes.Shape) (newState, values compute.Value, err error) {
	shape = shape.Clone()
	outputs, err := f.record(compute.OpTypeRNGBitGenerator, shape, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		newState, values, err := g.RNGBitGenerator(in[0], shape)
		return []compute.Value{newState, values}, err
	}, state)
	if err != nil {
		return nil, nil, err
	}
	return outputs[0], outputs[1], nil
}

type scatterOp = func(g compute.Function, operand, scatterIndices, updates compute.Value, indexVectorAxis int,
	updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error)

func (f *Function) scatter(op compute.OpType, issue scatterOp, a scatterAttrs, operand, indices, updates compute.Value) (compute.Value, error) {
	a.window, a.inserted, a.mapping = slices.Clone(a.window), slices.Clone(a.inserted), slices.Clone(a.mapping)
	return f.record1(op, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return issue(g, in[0], in[1], in[2], a.vectorAxis, a.window, a.inserted, a.mapping, a.sorted, a.unique)
	}, operand, indices, updates)
}

// ScatterMax implements compute.Function.
func (f *Function) ScatterMax(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	a := scatterAttrs{indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices}
	return f.scatter(compute.OpTypeScatterMax, compute.Function.ScatterMax, a, operand, scatterIndices, updates)
}

// ScatterMin implements compute.Function.
func (f *Function) ScatterMin(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	a := scatterAttrs{indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices}
	return f.scatter(compute.OpTypeScatterMin, compute.Function.ScatterMin, a, operand, scatterIndices, updates)
}

// ScatterSum implements compute.Function.
func (f *Function) ScatterSum(operand, scatterIndices, updates compute.Value, indexVectorAxis int, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes []int, indicesAreSorted, uniqueIndices bool) (compute.Value, error) {
	a := scatterAttrs{indexVectorAxis, updateWindowAxes, insertedWindowAxes, scatterAxesToOperandAxes, indicesAreSorted, uniqueIndices}
	return f.scatter(compute.OpTypeScatterSum, compute.Function.ScatterSum, a, operand, scatterIndices, updates)
}

// Slice implements compute.Function.
func (f *Function) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	a := sliceAttrs{slices.Clone(starts), slices.Clone(limits), slices.Clone(strides)}
	return f.record1(compute.OpTypeSlice, a, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Slice(in[0], a.starts, a.limits, a.strides)
	}, x)
}

// Transpose implements compute.Function.
func (f *Function) Transpose(x compute.Value, permutation ...int) (compute.Value, error) {
	return f.reduce(compute.OpTypeTranspose, compute.Function.Transpose, x, permutation)
}

// Where implements compute.Function.
func (f *Function) Where(condition, onTrue, onFalse compute.Value) (compute.Value, error) {
	return f.record1(compute.OpTypeWhere, nil, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.Where(in[0], in[1], in[2])
	}, condition, onTrue, onFalse)
}

// OptimizationBarrier implements compute.Function.
func (f *Function) OptimizationBarrier(operands ...compute.Value) ([]compute.Value, error) {
	outputs, err := f.record(compute.OpTypeOptimizationBarrier, nil, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return g.OptimizationBarrier(in...)
	}, operands...)
	return asValues(outputs), err
}

// SchedulingBarrier implements compute.Function.
func (f *Function) SchedulingBarrier(operand compute.Value, dependencies ...compute.Value) (compute.Value, error) {
	return f.record1(compute.OpTypeSchedulingBarrier, nil, func(g compute.Function, in []compute.Value) (compute.Value, error) {
		return g.SchedulingBarrier(in[0], in[1:]...)
	}, append([]compute.Value{operand}, dependencies...)...)
}

func asValues(values []*value) []compute.Value {
	list := make([]compute.Value, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}
