package onnx

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// shapeOf is known once the graph is built for images of one size.
func shapeOf(_ *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	dims := in[0].dims()
	c, err := newCut(n.integer("start", 0), n.integer("end", len(dims)), 1, len(dims))
	if err != nil {
		return nil, err
	}
	values := make([]int64, c.count)
	for i := range values {
		values[i] = int64(dims[c.start+i])
	}
	return []value{{known: intTensor(Int64, []int{len(values)}, values)}}, nil
}

func reshapeGraph(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	wanted, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := n.reshapeTo(in[0].dims(), wanted[0])
	if err != nil {
		return nil, err
	}
	return []value{b.reshape(in[0], shape)}, nil
}

func flatten(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	dims, axis := in[0].dims(), n.integer("axis", 1)
	if axis < 0 {
		axis += len(dims)
	}
	if axis < 0 || axis > len(dims) {
		return nil, fmt.Errorf("axis %d of shape %v", axis, dims)
	}
	return []value{b.reshape(in[0], []int{product(dims[:axis]), product(dims[axis:])})}, nil
}

func squeezeGraph(b *builder, n *node, in []value) ([]value, error) {
	return reshapeBy(b, n, in, squeezed)
}

func unsqueezeGraph(b *builder, n *node, in []value) ([]value, error) {
	return reshapeBy(b, n, in, unsqueezed)
}

// reshapeBy is for operations that say which axes of length 1 come or go.
func reshapeBy(b *builder, n *node, in []value, f func(shape, axes []int) ([]int, error)) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	lists, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := f(in[0].dims(), n.listOr(lists, 0, "axes"))
	if err != nil {
		return nil, err
	}
	return []value{b.reshape(in[0], shape)}, nil
}

// transposeGraph moves nothing: it only says that the axes have other names.
func transposeGraph(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	order, err := n.permutation(x.rank())
	if err != nil {
		return nil, err
	}
	axes := make([]int, len(order))
	for i, axis := range order {
		axes[i] = x.axes[axis]
	}
	return []value{{node: x.node, axes: axes}}, nil
}

func concat(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, max(1, len(in))); err != nil {
		return nil, err
	}
	like := in[0]
	for _, v := range in {
		if v.node != nil {
			like = v
			break
		}
	}
	axis, err := like.physical([]int{n.integer("axis", 0)})
	if err != nil {
		return nil, err
	}
	nodes := make([]*Node, len(in))
	for i, v := range in {
		if v.rank() != like.rank() {
			return nil, fmt.Errorf("shapes %v and %v cannot be joined", like.dims(), v.dims())
		}
		nodes[i] = b.arrange(v, like.axes)
	}
	return one(Concatenate(nodes, axis[0]), like), nil
}

func slice(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	lists, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	cuts, err := n.cuts(x.dims(), lists)
	if err != nil {
		return nil, err
	}
	y, err := x.cut(cuts)
	return []value{y}, err
}

// cut takes a part of x, one cut per axis in ONNX's order.
func (x value) cut(cuts []cut) (value, error) {
	specs := make([]SliceAxisSpec, len(cuts))
	var reversed []int
	for i, c := range cuts {
		if c.count == 0 {
			return value{}, errors.New("nothing is left")
		}
		if c.step < 0 {
			reversed = append(reversed, x.axes[i])
			c = cut{c.start + (c.count-1)*c.step, -c.step, c.count}
		}
		specs[x.axes[i]] = AxisRange(c.start, c.start+(c.count-1)*c.step+1).Stride(c.step)
	}
	y := Slice(x.node, specs...)
	if reversed != nil {
		y = Reverse(y, reversed...)
	}
	return value{node: y, axes: x.axes}, nil
}

// split cuts x along an axis into parts of the sizes listed, or into equal ones.
func split(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	lists, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	dims := x.dims()
	axis, err := axisOf(n.integer("axis", 0), len(dims))
	if err != nil {
		return nil, err
	}
	sizes := n.listOr(lists, 0, "split")
	if sizes == nil {
		each := (dims[axis] + len(n.outputs) - 1) / len(n.outputs)
		for left := dims[axis]; left > 0; left -= each {
			sizes = append(sizes, min(each, left))
		}
	}
	var parts []value
	cuts, start := make([]cut, len(dims)), 0
	for i, dim := range dims {
		cuts[i] = cut{0, 1, dim}
	}
	for _, size := range sizes {
		if size < 1 || start+size > dims[axis] {
			return nil, fmt.Errorf("parts %v of an axis of %d", sizes, dims[axis])
		}
		cuts[axis] = cut{start, 1, size}
		part, err := x.cut(cuts)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		start += size
	}
	return parts, nil
}

func expandGraph(b *builder, _ *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	wanted, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	shape, err := broadcast(in[0].dims(), toInts(wanted[0].Int64s()))
	if err != nil {
		return nil, err
	}
	if err := checkSize(shape, maxElements); err != nil {
		return nil, err
	}
	x := b.reshape(b.inGraph(in[0]), leadingOnes(in[0].dims(), len(shape)))
	dims := make([]int, len(shape))
	for i, axis := range x.axes {
		dims[axis] = shape[i]
	}
	return one(BroadcastToDims(x.node, dims...), x), nil
}

// leadingOnes puts axes of length 1 before dims until there are rank of them.
func leadingOnes(dims []int, rank int) []int {
	out := make([]int, rank)
	for i := range out {
		out[i] = dimFromEnd(dims, rank-i)
	}
	return out
}

// pad adds constant numbers around x; negative pads are not supported.
func pad(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	if mode := n.text("mode", "constant"); mode != "constant" {
		return nil, fmt.Errorf("mode %q is not supported", mode)
	}
	lists, err := knownInputs(in, 1)
	if err != nil {
		return nil, err
	}
	fill, err := scalar(in, 2, float64(n.float("value", 0)))
	if err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	pads, axes := n.listOr(lists, 0, "pads"), n.listOr(lists, 2, "")
	if axes == nil {
		axes = identity(x.rank())
	}
	if axes, err = x.physical(axes); err != nil {
		return nil, err
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	config := make([]compute.PadAxis, x.rank())
	for i, axis := range axes {
		before, after := pads[i], pads[len(axes)+i]
		if before < 0 || after < 0 || before > maxSide || after > maxSide {
			return nil, fmt.Errorf("pads %v, want 0 to %d", pads, maxSide)
		}
		config[axis] = compute.PadAxis{Start: before, End: after}
	}
	return one(Pad(x.node, Scalar(b.graph, x.node.DType(), fill), config...), x), nil
}

// depthToSpace spreads channels over blocks of pixels.
func depthToSpace(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x, size := in[0], n.integer("blocksize", 0)
	if x.rank() != 4 || size < 1 || x.dims()[1]%(size*size) != 0 {
		return nil, fmt.Errorf("shape %v in blocks of %d", x.dims(), size)
	}
	d := x.dims()
	apart, order := []int{d[0], size, size, d[1] / (size * size), d[2], d[3]}, []int{0, 3, 4, 1, 5, 2}
	if n.text("mode", "DCR") == "CRD" {
		apart, order = []int{d[0], d[1] / (size * size), size, size, d[2], d[3]}, []int{0, 1, 4, 2, 5, 3}
	}
	y := b.reshape(x, apart)
	axes := make([]int, len(order))
	for i, axis := range order {
		axes[i] = y.axes[axis]
	}
	y.axes = axes
	return []value{b.reshape(y, []int{d[0], d[1] / (size * size), d[2] * size, d[3] * size})}, nil
}
