package onnx

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// value is a tensor of the network while its graph is built: known, or a node of the graph.
//
// ONNX's axis i of a node is its axis axes[i]. A Transpose changes axes only; images lie in memory as [n, h, w, c] although
// ONNX speaks of [n, c, h, w].
type value struct {
	known   *Tensor
	node    *Node
	axes    []int
	problem error // why there is neither
}

// given says whether there is a value, rather than an input that was left out.
func (v value) given() bool { return v.known != nil || v.node != nil || v.problem != nil }

// stored is a tensor of the file, the zero value if there is none.
func stored(t *Tensor) value {
	switch {
	case t == nil:
		return value{}
	case t.problem != nil:
		return value{problem: fmt.Errorf("tensor %q: %w", t.Name, t.problem)}
	}
	return value{known: t}
}

// channelsLast is the place of ONNX's axes [n, c, h, w] in [n, h, w, c], for any number of axes.
func channelsLast(rank int) []int {
	axes := []int{0, rank - 1}
	for i := 2; i < rank; i++ {
		axes = append(axes, i-1)
	}
	return axes
}

func identity(rank int) []int {
	axes := make([]int, rank)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// plain is a node whose axes are in ONNX's order.
func plain(n *Node) value { return value{node: n, axes: identity(n.Rank())} }

func (v value) rank() int { return len(v.dims()) }

// dims is the shape in ONNX's order.
func (v value) dims() []int {
	if v.problem != nil {
		panic(v.problem)
	}
	if v.known != nil {
		return v.known.Shape
	}
	dims := make([]int, len(v.axes))
	for i, axis := range v.axes {
		dims[i] = v.node.Shape().Dimensions[axis]
	}
	return dims
}

// dtype is the type of the elements in a graph.
func (v value) dtype() dtypes.DType {
	if v.known != nil {
		return v.known.Type.dtype()
	}
	return v.node.DType()
}

// physical are the places in memory of axes of v, which may count from the end.
func (v value) physical(axes ...int) []int {
	axes = axesOf(axes, v.rank())
	for i, axis := range axes {
		axes[i] = v.axes[axis]
	}
	return axes
}

// permuted gives v's axes another order, in which axis i is the one that was order[i]. Nothing moves.
func (v value) permuted(order []int) value {
	axes := make([]int, len(order))
	for i, axis := range order {
		axes[i] = v.axes[axis]
	}
	return value{node: v.node, axes: axes}
}

// inMemory is the inverse of axes: axis i of the node is ONNX's axis inMemory[i].
func inMemory(axes []int) []int {
	order := make([]int, len(axes))
	for i, axis := range axes {
		order[axis] = i
	}
	return order
}

// inGraph makes v a node.
func (b *builder) inGraph(v value) value {
	if v.problem != nil {
		panic(v.problem)
	}
	if v.node != nil {
		return v
	}
	return plain(b.constant(v.known))
}

// arrange gives the node with its axes laid out as wanted.
func (b *builder) arrange(v value, wanted []int) *Node {
	if v.known != nil {
		return b.constant(v.known.transposed(inMemory(wanted)))
	}
	if slices.Equal(v.axes, wanted) {
		return b.inGraph(v).node
	}
	order := make([]int, len(wanted)) // axis i of the result is axis order[i] of the node
	for i, axis := range wanted {
		order[axis] = v.axes[i]
	}
	if onlyOnesMove(v.node.Shape().Dimensions, order) {
		dims := make([]int, len(order))
		for i, axis := range order {
			dims[i] = v.node.Shape().Dimensions[axis]
		}
		return Reshape(v.node, dims...)
	}
	return TransposeAllAxes(v.node, order...)
}

// onlyOnesMove says whether the axes longer than 1 keep their order, so that nothing moves in memory.
func onlyOnesMove(dims, order []int) bool {
	last := -1
	for _, axis := range order {
		if dims[axis] == 1 {
			continue
		}
		if axis < last {
			return false
		}
		last = axis
	}
	return true
}

// ordered gives the node with its axes in ONNX's order.
func (b *builder) ordered(v value) *Node { return b.arrange(v, identity(v.rank())) }

// constant puts a known tensor into the graph.
func (b *builder) constant(t *Tensor) *Node { return ConstTensor(b.graph(), t.local()) }
