package onnx

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

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
