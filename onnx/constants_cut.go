package onnx

import (
	"errors"
	"fmt"
	"slices"
)

func concatConstants(n *node, in []*Tensor) (*Tensor, error) {
	first, err := need(in, max(1, len(in)))
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(n.integer("axis", 0), len(first.Shape))
	if err != nil {
		return nil, err
	}
	shape := slices.Clone(first.Shape)
	shape[axis] = 0
	size := 0
	for _, t := range in {
		if t.Type != first.Type || !equalExcept(t.Shape, first.Shape, axis) {
			return nil, fmt.Errorf("%s %v and %s %v cannot be joined along axis %d", first.Type, first.Shape, t.Type, t.Shape, axis)
		}
		shape[axis] += t.Shape[axis]
		size += t.Size()
	}
	if err := checkSize(shape, size); err != nil {
		return nil, err
	}
	out := &Tensor{Type: first.Type, Shape: shape}
	for row := range product(shape[:axis]) {
		for _, t := range in {
			block := product(t.Shape[axis:]) * t.Type.size()
			out.raw = append(out.raw, t.raw[row*block:(row+1)*block]...)
		}
	}
	return out, nil
}

// equalExcept says whether two shapes agree in all axes but one.
func equalExcept(a, b []int, axis int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}

func gatherConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 2)
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(n.integer("axis", 0), len(t.Shape))
	if err != nil {
		return nil, err
	}
	shape := slices.Concat(t.Shape[:axis], in[1].Shape, t.Shape[axis+1:])
	if err := checkSize(shape, t.Size()); err != nil {
		return nil, err
	}
	out := &Tensor{Type: t.Type, Shape: shape}
	block := product(t.Shape[axis+1:]) * t.Type.size()
	for row := range product(t.Shape[:axis]) {
		for _, v := range in[1].Int64s() {
			i, err := axisOf(int(v), t.Shape[axis])
			if err != nil {
				return nil, fmt.Errorf("index %d of %d", v, t.Shape[axis])
			}
			at := (row*t.Shape[axis] + i) * block
			out.raw = append(out.raw, t.raw[at:at+block]...)
		}
	}
	return out, nil
}

// cut is what a Slice takes of one axis: count elements from start, step apart.
type cut struct{ start, step, count int }

// cuts are those of every axis of shape; in are the inputs of the node after the first, or attributes hold the lists.
func (n *node) cuts(shape []int, in []*Tensor) ([]cut, error) {
	starts, ends := n.listOr(in, 0, "starts"), n.listOr(in, 1, "ends")
	axes, steps := n.listOr(in, 2, "axes"), n.listOr(in, 3, "steps")
	if axes == nil {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		return nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	axes, err := axesOf(axes, len(shape))
	if err != nil {
		return nil, err
	}
	all := make([]cut, len(shape))
	for i, dim := range shape {
		all[i] = cut{0, 1, dim}
	}
	for i, axis := range axes {
		step := 1
		if steps != nil {
			step = steps[i]
		}
		if all[axis], err = newCut(starts[i], ends[i], step, shape[axis]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// newCut clamps start and end, which may count from the end of an axis of length dim, as ONNX's Slice does.
func newCut(start, end, step, dim int) (cut, error) {
	if step == 0 || step < -maxElements || step > maxElements {
		return cut{}, errors.New("step 0 or too large")
	}
	low, high := 0, dim // bounds of start and end
	if step < 0 {
		low, high = -1, dim-1
	}
	from, to := clampIndex(start, dim, max(low, 0), high), clampIndex(end, dim, low, high)
	count := 0
	if step > 0 && to > from {
		count = (to - from + step - 1) / step
	}
	if step < 0 && to < from {
		count = (from - to - step - 1) / -step
	}
	return cut{from, step, count}, nil
}

func clampIndex(i, dim, low, high int) int {
	if i < 0 && i >= -dim {
		i += dim
	} else if i < 0 {
		i = low
	}
	return min(max(i, low), high)
}

func sliceConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	cuts, err := n.cuts(t.Shape, in[1:])
	if err != nil {
		return nil, err
	}
	own, base := strides(t.Shape), 0
	shape, steps := make([]int, len(cuts)), make([]int, len(cuts))
	for i, c := range cuts {
		base += c.start * own[i]
		shape[i], steps[i] = c.count, c.step*own[i]
	}
	return t.view(shape, steps, base), nil
}
