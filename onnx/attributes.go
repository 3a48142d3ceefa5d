package onnx

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

// perAxis is a list attribute with one number of at least 1 for each of so many axes; all 1 when there is none.
func (n *node) perAxis(name string, axes int) []int {
	list := n.integers(name)
	if list == nil {
		return ones(axes)
	}
	for _, v := range list {
		if len(list) != axes || v < 1 || v > maxSide {
			fail("%s %v, want %d numbers of 1 to %d", name, list, axes, maxSide)
		}
	}
	return list
}

// maxSide bounds windows, strides and paddings, in pixels.
const maxSide = 1 << 14

func ones(count int) []int {
	list := make([]int, count)
	for i := range list {
		list[i] = 1
	}
	return list
}

// axisOf brings an axis, which may count from the end, into [0, rank).
func axisOf(axis, rank int) int {
	if axis < -rank || axis >= rank {
		fail("axis %d of a tensor with %d axes", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

// axesOf is axisOf for a list.
func axesOf(axes []int, rank int) []int {
	out := make([]int, len(axes))
	for i, axis := range axes {
		out[i] = axisOf(axis, rank)
	}
	return out
}
