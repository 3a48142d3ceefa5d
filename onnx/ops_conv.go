package onnx

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// convolution leaves the weights as ONNX has them, [out, in/groups, …]: backends read them in any order.
func convolution(c *call) []value {
	x, w := c.arg(0), c.operand(1)
	return []value{c.convolve(x, w, 2)}
}

// convolve adds the bias in input bias, if there is one.
func (c *call) convolve(x, w value, bias int) value {
	rank := x.rank()
	if rank < 3 || w.rank() != rank {
		fail("images of shape %v and weights of shape %v do not go together", x.dims(), w.dims())
	}
	images, weights := x.dims(), w.dims()
	groups := c.integer("group", 1)
	if groups < 1 || images[1] != weights[1]*groups || weights[0]%groups != 0 {
		fail("%d channels, %d groups and weights of shape %v do not go together", images[1], groups, weights)
	}
	win := c.window(weights[2:], images[2:])
	axes := convAxes(rank)
	var y *Node
	if given := c.arrange(x, channelsLast(rank)); c.learns && rank == 4 && groups == images[1] && groups == weights[0] {
		y = byPlaces(given, c.ordered(w), win, win.outputs(0, images[2]), win.outputs(1, images[3]))
	} else {
		y = ConvGeneral(given, c.ordered(w), axes, win.strides, win.pads, nil, win.dilations, groups, 1)
	}
	if c.has(bias) {
		y = c.withBias(y, c.arg(bias), weights[0])
	}
	return value{node: y, axes: channelsLast(rank)}
}

// convAxes say that images have their channels last and weights are as in ONNX.
func convAxes(rank int) ConvolveAxesConfig {
	spatial := identity(rank)[1 : rank-1]
	return ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: spatial, InputChannels: rank - 1,
		KernelOutputChannels: 0, KernelInputChannels: 1, KernelSpatial: identity(rank)[2:],
		OutputBatch: 0, OutputSpatial: spatial, OutputChannels: rank - 1,
	}
}

// withBias adds one number for each filter to images with channels last.
func (c *call) withBias(y *Node, bias value, filters int) *Node {
	if product(bias.dims()) != filters {
		fail("a bias of shape %v for %d filters", bias.dims(), filters)
	}
	shape := ones(y.Rank())
	shape[y.Rank()-1] = filters
	return Add(y, c.ordered(c.reshape(bias, shape)))
}

// transposedConvolution spreads every pixel over a window; its weights are [in, out/groups, …]. It is a convolution with the
// reversed weights over pixels that are set apart.
func transposedConvolution(c *call) []value {
	x, w := c.arg(0), c.operand(1)
	images, weights, rank := x.dims(), w.dims(), x.rank()
	groups := c.integer("group", 1)
	if rank < 3 || w.rank() != rank || groups < 1 || images[1] != weights[0] || weights[0]%groups != 0 {
		fail("images of shape %v, %d groups and weights of shape %v do not go together", images, groups, weights)
	}
	win := window{size: weights[2:], strides: c.perAxis("strides", rank-2), dilations: c.perAxis("dilations", rank-2)}
	pads := c.transposedPads(win, images[2:])
	each := weights[1] // filters of a group
	apart := append([]int{groups, weights[0] / groups, each}, weights[2:]...)
	kernel := Reshape(c.ordered(w), apart...)
	order := identity(len(apart))
	order[1], order[2] = 2, 1
	kernel = Reshape(TransposeAllAxes(kernel, order...), append([]int{groups * each, weights[0] / groups}, weights[2:]...)...)
	kernel = Reverse(kernel, identity(rank)[2:]...)
	y := ConvGeneral(c.arrange(x, channelsLast(rank)), kernel, convAxes(rank), ones(rank-2), pads, win.strides, win.dilations, groups, 1)
	if c.has(2) {
		y = c.withBias(y, c.arg(2), groups*each)
	}
	return []value{{node: y, axes: channelsLast(rank)}}
}

// transposedPads are those of the convolution that a transposed one is.
func (c *call) transposedPads(win window, sides []int) [][2]int {
	auto := c.text("auto_pad", "NOTSET")
	extra, wanted := c.integers("output_padding"), c.integers("output_shape")
	pads := c.pads(win, sides)
	for i, side := range sides {
		full, more := (side-1)*win.strides[i]+win.extent(i), 0
		if i < len(extra) {
			more = extra[i]
		}
		switch {
		case len(wanted) >= len(sides):
			pads[i] = halved(full+more-wanted[len(wanted)-len(sides)+i], auto)
		case auto == "SAME_UPPER" || auto == "SAME_LOWER":
			pads[i] = halved(full+more-side*win.strides[i], auto)
		}
		pads[i] = [2]int{win.extent(i) - 1 - pads[i][0], win.extent(i) - 1 - pads[i][1] + more}
	}
	return pads
}
