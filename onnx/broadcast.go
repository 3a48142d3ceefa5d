package onnx

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// broadcast is the shape that two shapes broadcast to: aligned at their last axes, where one has a 1 the other counts.
func broadcast(a, b []int) []int {
	shape := make([]int, max(len(a), len(b)))
	for i := range shape {
		x, y := dimFromEnd(a, len(shape)-i), dimFromEnd(b, len(shape)-i)
		if x != y && x != 1 && y != 1 {
			fail("shapes %v and %v do not go together", a, b)
		}
		shape[i] = x
		if x == 1 {
			shape[i] = y
		}
	}
	return shape
}

// dimFromEnd is the i-th dimension from the end, counted from 1; 1 beyond the first.
func dimFromEnd(dims []int, i int) int {
	if i > len(dims) {
		return 1
	}
	return dims[len(dims)-i]
}

// leadingOnes puts axes of length 1 before dims until there are rank of them.
func leadingOnes(dims []int, rank int) []int {
	out := make([]int, rank)
	for i := range out {
		out[i] = dimFromEnd(dims, rank-i)
	}
	return out
}

// aligned gives the nodes of two values that broadcast, laid out alike, and how.
func (b *builder) aligned(x, y value) (xn, yn *Node, axes []int) {
	rank := len(broadcast(x.dims(), y.dims()))
	if x.node == nil && y.node == nil {
		x = b.inGraph(x)
	}
	like := x
	if x.node == nil || y.node != nil && y.rank() > x.rank() {
		like = y
	}
	axes = like.axes
	if len(axes) < rank {
		axes = identity(rank)
	}
	return b.laidOut(x, axes), b.laidOut(y, axes), axes
}

// laidOut gives v with as many axes as wanted; a single constant number becomes a scalar.
func (b *builder) laidOut(v value, wanted []int) *Node {
	if v.known != nil && v.known.Size() == 1 {
		return b.constant(v.known.reshaped(nil))
	}
	if v.rank() < len(wanted) {
		v = b.reshape(v, leadingOnes(v.dims(), len(wanted)))
	}
	return b.arrange(v, wanted)
}

// expanded is v repeated to a shape that it broadcasts to.
func (b *builder) expanded(v value, shape []int) value {
	b.checkSize(shape)
	v = b.inGraph(b.reshape(v, leadingOnes(v.dims(), len(shape))))
	if slices.Equal(v.dims(), shape) {
		return v
	}
	dims := make([]int, len(shape))
	for i, axis := range v.axes {
		dims[axis] = shape[i]
	}
	return value{node: BroadcastToDims(v.node, dims...), axes: v.axes}
}

// channelShape is the shape in which one number for each channel broadcasts to a tensor [n, c, …] of so many axes.
func channelShape(channels, rank int) []int {
	shape := ones(rank - 1)
	shape[0] = channels
	return shape
}
