package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
)

// The operations that rearrange, multiply and sum up, as ONNX has them.

// acrossBatch says whether one of the axes is the batch, whose size is not known.
func (f *tracedFunction) acrossBatch(axes []int) bool { return f.open && slices.Contains(axes, 0) }

// withLists are the inputs of a node: a tensor and lists of numbers.
func (f *tracedFunction) withLists(tensor string, lists ...[]int64) []string {
	inputs := []string{tensor}
	for _, list := range lists {
		inputs = append(inputs, f.constant(intTensor(Int64, []int{len(list)}, list)))
	}
	return inputs
}

// DotGeneral becomes a MatMul: of rows with weights, or of as many matrices as there are.
func (f *tracedFunction) DotGeneral(lhs compute.Value, lhsContract, lhsBatch []int, rhs compute.Value, rhsContract, rhsBatch []int, config compute.DotGeneralConfig) (compute.Value, error) {
	v, err := f.Function.DotGeneral(lhs, lhsContract, lhsBatch, rhs, rhsContract, rhsBatch, config)
	if err != nil {
		return nil, err
	}
	x, err := f.of(lhs)
	if err != nil {
		return nil, err
	}
	w, err := f.of(rhs)
	if err != nil {
		return nil, err
	}
	rank := len(lhsBatch) + 2
	switch {
	case len(lhsContract) != 1 || len(f.dims(lhs)) != rank || len(f.dims(rhs)) != rank:
		return nil, errors.New("export a product: only those of matrices can be exported")
	case f.acrossBatch(lhsContract) || f.open && w.known == nil && len(lhsBatch) == 0:
		return nil, errors.New("export a product: only rows times weights, or those within one image, can be exported")
	}
	rows := f.arranged(x, matrixAxes(lhsBatch, lhsContract[0], rank, rank-1))
	columns := f.arranged(w, matrixAxes(rhsBatch, rhsContract[0], rank, rank-2))
	return f.set(v, nil, traced{name: f.add("MatMul", "", []string{rows, columns}, nil), axes: identity(rank)})
}

// matrixAxes says where ONNX has the axes of a stack of matrices: those of the batch first, and the one that is summed over at place.
func matrixAxes(batch []int, contract, rank, place int) []int {
	axes := make([]int, rank)
	for i := range axes {
		axes[i] = 2*rank - 3 - place // the other of the last two
	}
	for i, axis := range batch {
		axes[axis] = i
	}
	axes[contract] = place
	return axes
}

// Reshape keeps the batch, if its size is open, as the first axis.
func (f *tracedFunction) Reshape(x compute.Value, dims ...int) (compute.Value, error) {
	v, err := f.Function.Reshape(x, dims...)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	if t.known != nil {
		return f.set(v, nil, traced{known: t.known.reshaped(dims)})
	}
	from, shape := f.dims(x), toInt64s(dims)
	if f.open {
		if len(from) == 0 || len(dims) == 0 || from[0] != tracedBatch || dims[0] != tracedBatch {
			return nil, fmt.Errorf("export a reshape: %v to %v moves the batch", from, dims)
		}
		shape[0] = -1
	}
	return f.set(v, nil, traced{name: f.add("Reshape", "", f.withLists(f.ordered(t, len(from)), shape), nil), axes: identity(len(dims))})
}

// Transpose writes nothing: the axes are remembered.
func (f *tracedFunction) Transpose(x compute.Value, permutation ...int) (compute.Value, error) {
	v, err := f.Function.Transpose(x, permutation...)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	if t.known != nil {
		return f.set(v, nil, traced{known: t.known.transposed(permutation)})
	}
	axes := make([]int, len(permutation))
	for i, axis := range permutation {
		axes[i] = t.axes[axis]
	}
	return f.set(v, nil, traced{name: t.name, axes: axes})
}

// Identity writes nothing.
func (f *tracedFunction) Identity(x compute.Value) (compute.Value, error) {
	v, err := f.Function.Identity(x)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	return f.set(v, nil, t)
}

// Concatenate becomes a Concat.
func (f *tracedFunction) Concatenate(axis int, operands ...compute.Value) (compute.Value, error) {
	v, err := f.Function.Concatenate(axis, operands...)
	if err != nil {
		return nil, err
	}
	all := make([]traced, len(operands))
	var like traced
	for i, operand := range operands {
		if all[i], err = f.of(operand); err != nil {
			return nil, err
		}
		if known := all[i].known; known != nil {
			all[i].known = known.repeated(f.dims(operand))
		}
		if like.name == "" {
			like = all[i]
		}
	}
	if like.name == "" || f.acrossBatch([]int{axis}) || f.open && slices.ContainsFunc(all, func(t traced) bool { return t.known != nil }) {
		return nil, errors.New("export a concatenation: only those within one image, of what depends on it, can be exported")
	}
	inputs := make([]string, len(all))
	for i := range all {
		inputs[i] = f.arranged(all[i], like.axes)
	}
	name := f.add("Concat", "", inputs, map[string]attribute{"axis": {integer: int64(like.axes[axis])}})
	return f.set(v, nil, traced{name: name, axes: like.axes})
}

// repeated is t with its axes of length 1 repeated to a shape.
func (t *Tensor) repeated(shape []int) *Tensor {
	steps := strides(t.Shape)
	for i, dim := range t.Shape {
		if dim == 1 {
			steps[i] = 0
		}
	}
	return t.view(shape, steps, 0)
}

// Slice becomes a Slice of the axes that are cut.
func (f *tracedFunction) Slice(x compute.Value, starts, limits, strides []int) (compute.Value, error) {
	v, err := f.Function.Slice(x, starts, limits, strides)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	var first, end, along, step []int64
	var cut []int
	for axis, dim := range f.dims(x) {
		by := 1
		if len(strides) > 0 {
			by = strides[axis]
		}
		if starts[axis] == 0 && limits[axis] == dim && by == 1 {
			continue
		}
		cut = append(cut, axis)
		first, end, step = append(first, int64(starts[axis])), append(end, int64(limits[axis])), append(step, int64(by))
	}
	if len(cut) == 0 {
		return f.set(v, nil, t)
	}
	if t.known != nil || f.acrossBatch(cut) {
		return nil, errors.New("export a slice: only those within one image can be exported")
	}
	for _, axis := range cut {
		along = append(along, int64(t.axes[axis]))
	}
	return f.set(v, nil, traced{name: f.add("Slice", "", f.withLists(t.name, first, end, along, step), nil), axes: t.axes})
}

// Reverse becomes a Slice that goes backwards.
func (f *tracedFunction) Reverse(x compute.Value, axes ...int) (compute.Value, error) {
	v, err := f.Function.Reverse(x, axes...)
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	if t.known != nil || f.acrossBatch(axes) {
		return nil, errors.New("export a reversal: only those within one image can be exported")
	}
	var along, last, end, step []int64
	for _, axis := range axes {
		along, last, end, step = append(along, int64(t.axes[axis])), append(last, -1), append(end, math.MinInt64), append(step, -1)
	}
	return f.set(v, nil, traced{name: f.add("Slice", "", f.withLists(t.name, last, end, along, step), nil), axes: t.axes})
}

func (f *tracedFunction) ReduceSum(x compute.Value, axes ...int) (compute.Value, error) {
	v, err := f.Function.ReduceSum(x, axes...)
	return f.reduced("ReduceSum", v, err, x, axes)
}

func (f *tracedFunction) ReduceMax(x compute.Value, axes ...int) (compute.Value, error) {
	v, err := f.Function.ReduceMax(x, axes...)
	return f.reduced("ReduceMax", v, err, x, axes)
}

// reduced traces an operation that leaves out the axes it sums up.
func (f *tracedFunction) reduced(op string, v compute.Value, err error, x compute.Value, axes []int) (compute.Value, error) {
	if err != nil {
		return nil, err
	}
	t, err := f.of(x)
	if err != nil {
		return nil, err
	}
	if t.known != nil || len(axes) == 0 || f.acrossBatch(axes) {
		return nil, fmt.Errorf("export %s: only those within one image can be exported", op)
	}
	var over []int64
	var kept []int
	for i, axis := range t.axes {
		if slices.Contains(axes, i) {
			over = append(over, int64(axis))
		} else {
			kept = append(kept, axis)
		}
	}
	sorted := slices.Sorted(slices.Values(kept))
	for i, axis := range kept {
		kept[i] = slices.Index(sorted, axis)
	}
	inputs, attributes := []string{t.name}, map[string]attribute{"keepdims": {integer: 0}}
	if op == "ReduceSum" {
		inputs = f.withLists(t.name, over)
	} else { // an attribute still, in this version
		attributes["axes"] = attribute{integers: over}
	}
	return f.set(v, nil, traced{name: f.add(op, "", inputs, attributes), axes: kept})
}
