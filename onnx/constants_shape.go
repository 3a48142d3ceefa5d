package onnx

import (
	"fmt"
	"slices"
)

// reshaped is t with another shape of as many elements, sharing its values.
func (t *Tensor) reshaped(shape []int) *Tensor {
	return &Tensor{Name: t.Name, Type: t.Type, Shape: slices.Clone(shape), raw: t.raw}
}

// broadcast is the shape that two shapes broadcast to: aligned at their last axes, where one has a 1 the other counts.
func broadcast(a, b []int) ([]int, error) {
	shape := make([]int, max(len(a), len(b)))
	for i := range shape {
		x, y := dimFromEnd(a, len(shape)-i), dimFromEnd(b, len(shape)-i)
		if x != y && x != 1 && y != 1 {
			return nil, fmt.Errorf("shapes %v and %v do not go together", a, b)
		}
		shape[i] = x
		if x == 1 {
			shape[i] = y
		}
	}
	return shape, nil
}

// dimFromEnd is the i-th dimension from the end, counted from 1; 1 beyond the first.
func dimFromEnd(dims []int, i int) int {
	if i > len(dims) {
		return 1
	}
	return dims[len(dims)-i]
}

// maxMade is the largest tensor that operations on constants make out of smaller ones.
const maxMade = 1 << 22

// checkSize reports a shape of more than maxMade elements, unless as many are there already.
func checkSize(shape []int, there int) error {
	size, limit := 1, max(there, maxMade)
	for _, dim := range shape {
		if dim < 0 || dim > limit || size*dim > limit {
			return fmt.Errorf("a tensor of shape %v is impossible or too large", shape)
		}
		size *= dim
	}
	return nil
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

// expand repeats t to fill shape.
func expand(t *Tensor, shape []int) (*Tensor, error) {
	full, err := broadcast(t.Shape, shape)
	if err != nil {
		return nil, err
	}
	if err := checkSize(full, t.Size()); err != nil {
		return nil, err
	}
	return t.repeated(full), nil
}

// repeated is t repeated along the axes in which full, to which it broadcasts, is longer.
func (t *Tensor) repeated(full []int) *Tensor {
	if slices.Equal(full, t.Shape) {
		return t
	}
	own := strides(t.Shape)
	steps := make([]int, len(full))
	for i := range own {
		if t.Shape[i] != 1 {
			steps[len(full)-len(own)+i] = own[i]
		}
	}
	return t.view(full, steps, 0)
}

func expandConstant(_ *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 2)
	if err != nil {
		return nil, err
	}
	return expand(t, toInts(in[1].Int64s()))
}

func transposeConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	order, err := n.permutation(len(t.Shape))
	if err != nil {
		return nil, err
	}
	return t.transposed(order), nil
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

// permutation is the order of axes a Transpose asks for: reversed when it does not say.
func (n *node) permutation(rank int) ([]int, error) {
	order := n.integers("perm")
	if order == nil {
		for axis := rank - 1; axis >= 0; axis-- {
			order = append(order, axis)
		}
		return order, nil
	}
	sorted := slices.Sorted(slices.Values(order))
	for i, axis := range sorted {
		if axis != i || len(order) != rank {
			return nil, fmt.Errorf("perm %v is no order of %d axes", order, rank)
		}
	}
	if len(order) != rank {
		return nil, fmt.Errorf("perm %v is no order of %d axes", order, rank)
	}
	return order, nil
}

func reshapeConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 2)
	if err != nil {
		return nil, err
	}
	shape, err := n.reshapeTo(t.Shape, in[1])
	if err != nil {
		return nil, err
	}
	return t.reshaped(shape), nil
}

// reshapeTo is the shape that a Reshape asks for: 0 keeps the dimension in its place, -1 is what is left.
func (n *node) reshapeTo(from []int, wanted *Tensor) ([]int, error) {
	shape := toInts(wanted.Int64s())
	open, size := -1, 1
	for i, dim := range shape {
		if dim == 0 && i < len(from) && n.integer("allowzero", 0) == 0 {
			shape[i] = from[i]
		}
		if dim == -1 && open < 0 {
			open, shape[i] = i, 1
		}
		if err := checkSize(shape[:i+1], product(from)); err != nil {
			return nil, fmt.Errorf("shape %v cannot become %v", from, wanted.Int64s())
		}
		size *= shape[i]
	}
	if open >= 0 && size > 0 {
		shape[open] = product(from) / size
		size *= shape[open]
	}
	if size != product(from) {
		return nil, fmt.Errorf("shape %v cannot become %v", from, wanted.Int64s())
	}
	return shape, nil
}

// listOr is the list in input i, or else in the attribute called name: where ONNX moved it to and where it was.
func (n *node) listOr(in []*Tensor, i int, name string) []int {
	if i < len(in) && in[i] != nil {
		return toInts(in[i].Int64s())
	}
	return n.integers(name)
}

func squeezeConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := squeezed(t.Shape, n.listOr(in, 1, "axes"))
	if err != nil {
		return nil, err
	}
	return t.reshaped(shape), nil
}

// squeezed leaves out axes, all of length 1 when none is named.
func squeezed(shape, axes []int) ([]int, error) {
	axes, err := axesOf(axes, len(shape))
	if err != nil {
		return nil, err
	}
	out := []int{}
	for i, dim := range shape {
		named := slices.Contains(axes, i)
		if named && dim != 1 {
			return nil, fmt.Errorf("axis %d has length %d, want 1", i, dim)
		}
		if !named && (dim != 1 || len(axes) > 0) {
			out = append(out, dim)
		}
	}
	return out, nil
}

func unsqueezeConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := unsqueezed(t.Shape, n.listOr(in, 1, "axes"))
	if err != nil {
		return nil, err
	}
	return t.reshaped(shape), nil
}

// unsqueezed puts axes of length 1 in, at their places in the result.
func unsqueezed(shape, axes []int) ([]int, error) {
	axes, err := axesOf(axes, len(shape)+len(axes))
	if err != nil {
		return nil, err
	}
	slices.Sort(axes)
	out := slices.Clone(shape)
	for i, axis := range axes {
		if axis > len(out) || i > 0 && axes[i-1] == axis {
			return nil, fmt.Errorf("axes %v cannot be put into shape %v", axes, shape)
		}
		out = slices.Insert(out, axis, 1)
	}
	return out, nil
}
