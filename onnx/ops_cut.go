package onnx

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// cut is what a Slice takes of one axis: count elements from start, step apart.
type cut struct{ start, step, count int }

// newCut clamps start and end, which may count from the end of an axis of length dim, as ONNX's Slice does.
func newCut(start, end, step, dim int) cut {
	if step == 0 {
		fail("step 0")
	}
	step = min(max(step, -maxElements), maxElements) // the first alone, either way
	low, high := 0, dim                              // bounds of start and end
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
	return cut{from, step, count}
}

func clampIndex(i, dim, low, high int) int {
	if i < 0 && i >= -dim {
		i += dim
	} else if i < 0 {
		i = low
	}
	return min(max(i, low), high)
}

// uncut takes all of every axis.
func uncut(dims []int) []cut {
	cuts := make([]cut, len(dims))
	for i, dim := range dims {
		cuts[i] = cut{0, 1, dim}
	}
	return cuts
}

// cut takes a part of x, one cut per axis in ONNX's order.
func (b *builder) cut(x value, cuts []cut) value {
	x = b.inGraph(x)
	if slices.Equal(cuts, uncut(x.dims())) {
		return x
	}
	specs := make([]SliceAxisSpec, len(cuts))
	var reversed []int
	for i, c := range cuts {
		if c.step < 0 {
			reversed = append(reversed, x.axes[i])
			c = cut{c.start + (c.count-1)*c.step, -c.step, c.count}
		}
		if c.count == 0 {
			return b.empty(x, cuts)
		}
		specs[x.axes[i]] = AxisRange(c.start, c.start+(c.count-1)*c.step+1).Stride(c.step)
	}
	y := Slice(x.node, specs...)
	if reversed != nil {
		y = Reverse(y, reversed...)
	}
	return value{node: y, axes: x.axes}
}

// empty is what cuts leave when they leave nothing.
func (b *builder) empty(x value, cuts []cut) value {
	shape := make([]int, len(cuts))
	for i, c := range cuts {
		shape[i] = c.count
	}
	return value{known: &Tensor{Type: typeOf(x.node.DType()), Shape: shape}}
}

func slice(c *call) []value {
	dims := c.arg(0).dims()
	starts, ends := c.list(1, "starts"), c.list(2, "ends")
	axes, steps := c.list(3, "axes"), c.list(4, "steps")
	if axes == nil {
		axes = identity(len(starts))
	}
	if steps == nil {
		steps = ones(len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		fail("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	cuts := uncut(dims)
	for i, axis := range axesOf(axes, len(dims)) {
		cuts[axis] = newCut(starts[i], ends[i], steps[i], dims[axis])
	}
	return []value{c.cut(c.arg(0), cuts)}
}

// split cuts x along an axis into parts of the sizes listed, or into equal ones, the last of which may be smaller.
func split(c *call) []value {
	x := c.operand(0)
	dims := x.dims()
	axis := c.axis(0, len(dims))
	sizes := c.list(1, "split")
	if sizes == nil {
		each := (dims[axis] + len(c.outputs) - 1) / len(c.outputs)
		for left := dims[axis]; len(sizes) < len(c.outputs); left -= each {
			sizes = append(sizes, max(0, min(each, left)))
		}
	}
	var parts []value
	cuts, start := uncut(dims), 0
	for _, size := range sizes {
		if size < 0 || start+size > dims[axis] {
			fail("parts %v of an axis of %d", sizes, dims[axis])
		}
		cuts[axis] = cut{start, 1, size}
		parts = append(parts, c.cut(x, cuts))
		start += size
	}
	return parts
}

// concat joins along an axis, which old files may leave out.
func concat(c *call) []value {
	like := c.arg(0)
	for i := range c.in {
		if c.arg(i).node != nil {
			like = c.arg(i)
			break
		}
	}
	axis := c.axis(1, like.rank())
	var parts []value
	for i := range c.in {
		v := c.arg(i)
		if v.rank() != like.rank() {
			fail("shapes %v and %v cannot be joined", like.dims(), v.dims())
		}
		if v.dims()[axis] > 0 {
			parts = append(parts, v)
		}
	}
	if len(parts) == 0 {
		return []value{like}
	}
	return []value{c.joined(parts, axis)}
}

// joined lays values one after the other along an axis.
func (b *builder) joined(parts []value, axis int) value {
	like := parts[0]
	for _, v := range parts {
		if v.node != nil {
			like = v
			break
		}
	}
	like = b.inGraph(like)
	nodes := make([]*Node, len(parts))
	for i, v := range parts {
		nodes[i] = b.arrange(v, like.axes)
	}
	return value{node: Concatenate(nodes, like.axes[axis]), axes: like.axes}
}

// pad adds numbers around x, or takes some away: constant ones, or those of its edge, or what mirrors or repeats it.
func pad(c *call) []value {
	x := c.arg(0)
	pads, axes := c.list(1, "pads"), c.list(3, "")
	if c.model.opset < 2 {
		pads = c.integers("paddings")
	}
	if axes == nil {
		axes = identity(x.rank())
	}
	axes = axesOf(axes, x.rank())
	if len(pads) != 2*len(axes) {
		fail("%d pads for %d axes", len(pads), len(axes))
	}
	for _, n := range pads {
		if n < -maxSide || n > maxSide {
			fail("pads %v, want %d to %d", pads, -maxSide, maxSide)
		}
	}
	before, after := pads[:len(axes)], pads[len(axes):]
	mode := c.text("mode", "constant")
	if mode == "constant" {
		return []value{c.padded(c.operand(0), axes, before, after)}
	}
	for i, axis := range axes {
		x = c.pick(x, axis, paddedPlaces(mode, x.dims()[axis], before[i], after[i]))
	}
	return []value{x}
}

// padded adds or takes away constant numbers.
func (c *call) padded(x value, axes, before, after []int) value {
	config, cuts, cutting := make([]compute.PadAxis, x.rank()), uncut(x.dims()), false
	for i, axis := range axes {
		config[x.axes[axis]] = compute.PadAxis{Start: max(0, before[i]), End: max(0, after[i])}
		low, high := max(0, -before[i]), max(0, -after[i])
		cuts[axis] = cut{low, 1, max(0, x.dims()[axis]-low-high)}
		cutting = cutting || low+high > 0
	}
	if cutting {
		x = c.inGraph(c.cut(x, cuts))
	}
	fill := c.bound(2, "value", x.node.DType())
	if fill == nil {
		fill = zero(x.node)
	}
	return value{node: Pad(x.node, fill, config...), axes: x.axes}
}

// paddedPlaces are the places along an axis that a padded axis has its numbers from.
func paddedPlaces(mode string, dim, before, after int) []int {
	var places []int
	for i := -before; i < dim+after; i++ {
		at := i
		switch mode {
		case "edge":
			at = min(max(i, 0), dim-1)
		case "reflect":
			if period := 2*dim - 2; period > 0 {
				at = ((i % period) + period) % period
				at = min(at, period-at)
			} else {
				at = 0
			}
		case "wrap":
			at = ((i % dim) + dim) % dim
		default:
			fail("mode %q is not supported", mode)
		}
		places = append(places, at)
	}
	return places
}
