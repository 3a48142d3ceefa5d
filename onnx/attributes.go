package onnx

import "fmt"

// integer is the attribute called name, or otherwise when the node has none.
func (n *node) integer(name string, otherwise int) int {
	if a, given := n.attributes[name]; given {
		return int(a.integer)
	}
	return otherwise
}

func (n *node) float(name string, otherwise float32) float32 {
	if a, given := n.attributes[name]; given {
		return a.float
	}
	return otherwise
}

func (n *node) text(name, otherwise string) string {
	if a, given := n.attributes[name]; given {
		return a.text
	}
	return otherwise
}

// integers is a list attribute, nil when there is none.
func (n *node) integers(name string) []int { return toInts(n.attributes[name].integers) }

func toInts(list []int64) []int {
	if list == nil {
		return nil
	}
	out := make([]int, len(list))
	for i, v := range list {
		out[i] = int(v)
	}
	return out
}

// pair is a list attribute with one entry per spatial axis, height and width, each at least 1; 1 and 1 when there is none.
func (n *node) pair(name string) ([]int, error) {
	list := n.integers(name)
	if list == nil {
		return []int{1, 1}, nil
	}
	if len(list) != 2 || list[0] < 1 || list[1] < 1 || list[0] > maxSide || list[1] > maxSide {
		return nil, fmt.Errorf("%s %v, want two numbers of 1 to %d", name, list, maxSide)
	}
	return list, nil
}

// maxSide bounds windows, strides and paddings, in pixels.
const maxSide = 1 << 14

// axisOf brings an axis, which may count from the end, into [0, rank).
func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d of a tensor with %d axes", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

// axesOf is axisOf for a list.
func axesOf(axes []int, rank int) ([]int, error) {
	out := make([]int, len(axes))
	for i, axis := range axes {
		var err error
		if out[i], err = axisOf(axis, rank); err != nil {
			return nil, err
		}
	}
	return out, nil
}
