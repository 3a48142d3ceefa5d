package onnx

import "slices"

// shapeOf is known once the graph is built for images of one size.
func shapeOf(c *call) []value {
	dims := c.arg(0).dims()
	cut := newCut(c.integer("start", 0), c.integer("end", len(dims)), 1, len(dims))
	return ready(intList(dims[cut.start : cut.start+cut.count]))
}

func sizeOf(c *call) []value {
	return ready(intTensor(Int64, nil, []int64{int64(product(c.arg(0).dims()))}))
}

func reshape(c *call) []value {
	wanted := c.list(1, "shape")
	return []value{c.reshape(c.arg(0), c.reshapedTo(c.arg(0).dims(), wanted, c.integer("allowzero", 0) != 0))}
}

// reshapedTo is the shape that a Reshape asks for: 0 keeps the dimension in its place, unless zeros are allowed, and −1 is what is
// left.
func (b *builder) reshapedTo(from, wanted []int, zeros bool) []int {
	shape, open, size := slices.Clone(wanted), -1, 1
	for i, dim := range shape {
		if dim == 0 && i < len(from) && !zeros {
			shape[i] = from[i]
		}
		if dim == -1 && open < 0 {
			open, shape[i] = i, 1
		}
		b.checkSize(shape[:i+1])
		size *= shape[i]
	}
	if open >= 0 && size > 0 {
		shape[open] = product(from) / size
		size *= shape[open]
	}
	if size != product(from) {
		fail("shape %v cannot become %v", from, wanted)
	}
	return shape
}

func flatten(c *call) []value {
	dims, axis := c.arg(0).dims(), c.integer("axis", 1)
	if axis < 0 {
		axis += len(dims)
	}
	if axis < 0 || axis > len(dims) {
		fail("axis %d of shape %v", axis, dims)
	}
	return []value{c.reshape(c.arg(0), []int{product(dims[:axis]), product(dims[axis:])})}
}

func squeeze(c *call) []value {
	return []value{c.reshape(c.arg(0), squeezed(c.arg(0).dims(), c.list(1, "axes")))}
}

// squeezed leaves out axes, all of length 1 when none is named.
func squeezed(shape, axes []int) []int {
	axes = axesOf(axes, len(shape))
	out := []int{}
	for i, dim := range shape {
		named := slices.Contains(axes, i)
		if named && dim != 1 {
			fail("axis %d has length %d, want 1", i, dim)
		}
		if !named && (dim != 1 || len(axes) > 0) {
			out = append(out, dim)
		}
	}
	return out
}

func unsqueeze(c *call) []value {
	return []value{c.reshape(c.arg(0), unsqueezed(c.arg(0).dims(), c.list(1, "axes")))}
}

// unsqueezed puts axes of length 1 in, at their places in the result.
func unsqueezed(shape, axes []int) []int {
	axes = axesOf(axes, len(shape)+len(axes))
	slices.Sort(axes)
	out := slices.Clone(shape)
	for i, axis := range axes {
		if axis > len(out) || i > 0 && axes[i-1] == axis {
			fail("axes %v cannot be put into shape %v", axes, shape)
		}
		out = slices.Insert(out, axis, 1)
	}
	return out
}

// transpose moves nothing: it only says that the axes have other names.
func transpose(c *call) []value {
	x := c.arg(0)
	order := c.permutation(x.rank())
	if x.known != nil {
		return ready(x.known.transposed(order))
	}
	return []value{x.permuted(order)}
}

// permutation is the order of axes a Transpose asks for: reversed when it does not say.
func (n *node) permutation(rank int) []int {
	order := n.integers("perm")
	if order == nil {
		order = identity(rank)
		slices.Reverse(order)
		return order
	}
	if !slices.Equal(slices.Sorted(slices.Values(order)), identity(rank)) {
		fail("perm %v is no order of %d axes", order, rank)
	}
	return order
}

// expand repeats axes of length 1.
func expand(c *call) []value {
	x := c.arg(0)
	return []value{c.expanded(x, broadcast(x.dims(), c.list(1, "")))}
}

// tile repeats all of x along each axis.
func tile(c *call) []value {
	x, times := c.operand(0), c.list(1, "")
	if c.model.opset < 6 { // one number of times for one axis
		times = ones(x.rank())
		times[axisOf(int(c.number(2, "", 0)), x.rank())] = int(c.number(1, "", 1))
	}
	if len(times) != x.rank() {
		fail("%v repetitions of shape %v", times, x.dims())
	}
	shape := slices.Clone(x.dims())
	var apart, full []int
	for i, dim := range shape {
		apart, full, shape[i] = append(apart, 1, dim), append(full, times[i], dim), dim*times[i]
	}
	c.checkSize(shape)
	return []value{c.reshape(c.expanded(c.reshape(x, apart), full), shape)}
}

// depthToSpace spreads channels over blocks of pixels.
func depthToSpace(c *call) []value {
	x, size := c.arg(0), c.integer("blocksize", 0)
	if x.rank() != 4 || size < 1 || x.dims()[1]%(size*size) != 0 {
		fail("shape %v in blocks of %d", x.dims(), size)
	}
	d := x.dims()
	depth := d[1] / (size * size)
	apart, order := []int{d[0], size, size, depth, d[2], d[3]}, []int{0, 3, 4, 1, 5, 2}
	if c.text("mode", "DCR") == "CRD" {
		apart, order = []int{d[0], depth, size, size, d[2], d[3]}, []int{0, 1, 4, 2, 5, 3}
	}
	y := c.inGraph(c.reshape(x, apart)).permuted(order)
	return []value{c.reshape(y, []int{d[0], depth, d[2] * size, d[3] * size})}
}

// spaceToDepth makes channels of blocks of pixels.
func spaceToDepth(c *call) []value {
	x, size := c.arg(0), c.integer("blocksize", 0)
	if x.rank() != 4 || size < 1 || x.dims()[2]%size != 0 || x.dims()[3]%size != 0 {
		fail("shape %v in blocks of %d", x.dims(), size)
	}
	d := x.dims()
	y := c.inGraph(c.reshape(x, []int{d[0], d[1], d[2] / size, size, d[3] / size, size})).permuted([]int{0, 3, 5, 1, 2, 4})
	return []value{c.reshape(y, []int{d[0], d[1] * size * size, d[2] / size, d[3] / size})}
}
