package onnx

import (
	"maps"
	"slices"
)

// branch is one of two graphs; which must be known when the graph is built.
func branch(c *call) []value {
	name := "else_branch"
	if slices.Contains(c.known(0).Int64s(), 1) {
		name = "then_branch"
	}
	g := c.attributes[name].graph
	if g == nil {
		fail("it has no %s", name)
	}
	return c.inside(g)
}

// inside builds a graph that reads tensors of the one around it, and gives its outputs.
func (b *builder) inside(g *graph) []value {
	inner := *b
	inner.values = maps.Clone(b.values)
	for name, t := range g.initializers {
		inner.values[name] = stored(t)
	}
	inner.run(g.nodes)
	b.inner = inner.inner
	outputs := make([]value, len(g.outputs))
	for i, v := range g.outputs {
		outputs[i] = inner.value(v.Name)
	}
	return outputs
}

// nonZero are the places, [axes, count], of the numbers that are not zero; they must be known when the graph is built.
func nonZero(c *call) []value {
	t := c.known(0)
	steps := strides(t.Shape)
	places := make([][]int64, len(t.Shape))
	count := 0
	for i, v := range t.Float32s() {
		if v == 0 {
			continue
		}
		count++
		for axis, step := range steps {
			places[axis] = append(places[axis], int64(i/step%t.Shape[axis]))
		}
	}
	return ready(intTensor(Int64, []int{len(places), count}, slices.Concat(places...)))
}

// compress keeps the places of an axis, or of all numbers as a list, where a known condition is true.
func compress(c *call) []value {
	x, axis := c.arg(0), 0
	if _, given := c.attributes["axis"]; given {
		axis = c.axis(0, x.rank())
	} else {
		x = c.reshape(x, []int{product(x.dims())})
	}
	var places []int
	for i, keep := range c.known(1).Int64s() {
		if keep != 0 && i < x.dims()[axis] {
			places = append(places, i)
		}
	}
	return []value{c.pick(x, axis, places)}
}
