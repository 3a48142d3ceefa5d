package onnx

import "slices"

// reshaped is t with another shape of as many elements, sharing its values.
func (t *Tensor) reshaped(shape []int) *Tensor {
	return &Tensor{Name: t.Name, Type: t.Type, Shape: slices.Clone(shape), raw: t.raw}
}

// strides are the distances, in elements, between neighbours along each axis of a tensor of this shape.
func strides(shape []int) []int {
	out := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = step
		step *= shape[i]
	}
	return out
}

// transposed is t with its axes in another order.
func (t *Tensor) transposed(order []int) *Tensor {
	own := strides(t.Shape)
	shape, steps := make([]int, len(order)), make([]int, len(order))
	for i, axis := range order {
		shape[i], steps[i] = t.Shape[axis], own[axis]
	}
	return t.view(shape, steps, 0)
}

// view copies out the elements at base + Σ index_i·steps_i for every index below shape.
func (t *Tensor) view(shape, steps []int, base int) *Tensor {
	size := t.Type.size()
	out := &Tensor{Name: t.Name, Type: t.Type, Shape: slices.Clone(shape), raw: make([]byte, 0, product(shape)*size)}
	if cap(out.raw) == 0 {
		return out
	}
	shape, steps = joinAxes(shape, steps)
	last := len(shape) - 1
	index := make([]int, len(shape))
	for {
		if steps[last] == 1 {
			out.raw = append(out.raw, t.raw[base*size:(base+shape[last])*size]...)
		} else {
			for i := range shape[last] {
				at := (base + i*steps[last]) * size
				out.raw = append(out.raw, t.raw[at:at+size]...)
			}
		}
		axis := last - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			base += steps[axis]
			if index[axis] < shape[axis] {
				break
			}
			base -= shape[axis] * steps[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return out
		}
	}
}

// joinAxes leaves out axes of length 1 and makes one of neighbours that are walked through evenly; at least one axis is left.
func joinAxes(shape, steps []int) (joined, joinedSteps []int) {
	for i, dim := range shape {
		last := len(joined) - 1
		switch {
		case dim == 1:
		case last >= 0 && joinedSteps[last] == dim*steps[i]:
			joined[last] *= dim
			joinedSteps[last] = steps[i]
		default:
			joined, joinedSteps = append(joined, dim), append(joinedSteps, steps[i])
		}
	}
	if joined == nil {
		return []int{1}, []int{1}
	}
	return joined, joinedSteps
}
