package onnx

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// value is a tensor of the network while its graph is built: known, or a node of the graph.
//
// ONNX's axis i of a node is its axis axes[i]. A Transpose changes axes only; images lie in memory as [n, h, w, c] although
// ONNX speaks of [n, c, h, w].
type value struct {
	known *Tensor
	node  *Node
	axes  []int
}

// channelsLast is the place of ONNX's axes [n, c, h, w] in [n, h, w, c].
func channelsLast() []int { return []int{0, 3, 1, 2} }

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
	if v.known != nil {
		return v.known.Shape
	}
	dims := make([]int, len(v.axes))
	for i, axis := range v.axes {
		dims[i] = v.node.Shape().Dimensions[axis]
	}
	return dims
}

// inMemory is the inverse of axes: axis i of the node is ONNX's axis inMemory[i].
func inMemory(axes []int) []int {
	order := make([]int, len(axes))
	for i, axis := range axes {
		order[axis] = i
	}
	return order
}

// arrange gives the node with its axes laid out as wanted.
func (b *builder) arrange(v value, wanted []int) *Node {
	if v.known != nil {
		return b.constant(v.known.transposed(inMemory(wanted)))
	}
	if slices.Equal(v.axes, wanted) {
		return v.node
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

// constant puts a known tensor into the graph: float32, or int64 for whole numbers.
func (b *builder) constant(t *Tensor) *Node {
	if t.Type.real() {
		return ConstTensor(b.graph, tensors.FromFlatDataAndDimensions(t.Float32s(), t.Shape...))
	}
	return ConstTensor(b.graph, tensors.FromFlatDataAndDimensions(t.Int64s(), t.Shape...))
}

// reshape gives v another shape. It keeps the axes where they lie in memory if each group of axes that become others lies
// together, and brings them into ONNX's order otherwise.
func (b *builder) reshape(v value, shape []int) value {
	if v.known != nil {
		return value{known: v.known.reshaped(shape)}
	}
	if axes, dims, ok := regroup(v, shape); ok {
		return value{node: Reshape(v.node, dims...), axes: axes}
	}
	return plain(Reshape(b.ordered(v), shape...))
}

// regroup finds where the axes of shape lie in memory when v is reshaped without moving a number, and the node's new
// dimensions. It is false when that is impossible.
func regroup(v value, shape []int) (axes, dims []int, ok bool) {
	from := v.dims()
	if product(from) == 0 {
		return nil, nil, false
	}
	place := places(v)
	var groups []group
	for i, j := 0, 0; i < len(from) || j < len(shape); {
		g := group{}
		sizeFrom, sizeTo := 1, 1
		for more := true; more; more = sizeFrom != sizeTo {
			if sizeFrom <= sizeTo && i < len(from) {
				g.add(place[i], from[i])
				sizeFrom *= from[i]
				i++
			} else if j < len(shape) {
				g.to = append(g.to, j)
				sizeTo *= shape[j]
				j++
			} else {
				return nil, nil, false
			}
		}
		if g.scattered {
			return nil, nil, false
		}
		groups = append(groups, g)
	}
	slices.SortStableFunc(groups, func(a, b group) int { return a.place - b.place })
	axes = make([]int, len(shape))
	for _, g := range groups {
		for _, j := range g.to {
			axes[j] = len(dims)
			dims = append(dims, shape[j])
		}
	}
	return axes, dims, true
}

// group is some axes that a reshape turns into others.
type group struct {
	place     int   // of the last old axis longer than 1
	to        []int // new axes
	started   bool  // there is an old axis longer than 1
	scattered bool  // the old axes do not follow each other in memory
}

// places numbers the axes of v that are longer than 1 as they follow each other in memory.
func places(v value) []int {
	place, next := make([]int, len(v.axes)), 0
	for _, i := range inMemory(v.axes) {
		place[i] = next
		if v.node.Shape().Dimensions[v.axes[i]] != 1 {
			next++
		}
	}
	return place
}

// add takes an old axis.
func (g *group) add(place, dim int) {
	if dim == 1 {
		return
	}
	if g.started && place != g.place+1 {
		g.scattered = true
	}
	g.place, g.started = place, true
}
