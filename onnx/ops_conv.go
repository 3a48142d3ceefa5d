package onnx

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// convolution leaves the weights as ONNX has them, [out, in/groups, h, w]: backends read them in any order.
func convolution(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	x, w := in[0], b.inGraph(in[1])
	if x.rank() != 4 || w.rank() != 4 {
		return nil, fmt.Errorf("an image of shape %v and weights of shape %v: only images with height and width are supported", x.dims(), w.dims())
	}
	images, weights := x.dims(), w.dims()
	groups := n.integer("group", 1)
	if groups < 1 || images[1] != weights[1]*groups || weights[0]%groups != 0 {
		return nil, fmt.Errorf("%d channels, %d groups and weights of shape %v do not go together", images[1], groups, weights)
	}
	win, err := n.window(weights[2:], images[2], images[3])
	if err != nil {
		return nil, err
	}
	axes := ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelOutputChannels: 0, KernelInputChannels: 1, KernelSpatial: []int{2, 3},
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
	y := ConvGeneral(b.arrange(x, channelsLast()), b.ordered(w), axes, win.strides, win.pads, nil, win.dilations, groups, 1)
	if given(in, 2) {
		bias := in[2]
		if product(bias.dims()) != weights[0] {
			return nil, fmt.Errorf("a bias of shape %v for %d filters", bias.dims(), weights[0])
		}
		y = Add(y, b.ordered(b.reshape(bias, []int{1, 1, 1, weights[0]})))
	}
	return []value{{node: y, axes: channelsLast()}}, nil
}

// gemm is alpha·A·B + beta·C, A and B transposed if asked.
func gemm(b *builder, n *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	if in[0].rank() != 2 || in[1].rank() != 2 {
		return nil, errors.New("its operands are no matrices")
	}
	y := DotGeneral(b.ordered(in[0]), []int{1 - n.integer("transA", 0)&1}, nil, b.ordered(in[1]), []int{n.integer("transB", 0) & 1}, nil)
	if alpha := n.float("alpha", 1); alpha != 1 {
		y = MulScalar(y, alpha)
	}
	if !given(in, 2) {
		return []value{plain(y)}, nil
	}
	bias := b.laidOut(in[2], identity(2))
	if beta := n.float("beta", 1); beta != 1 {
		bias = MulScalar(bias, beta)
	}
	return []value{plain(Add(y, bias))}, nil
}

// matMul multiplies the last two axes; those before are batches of both, or of the left operand alone.
func matMul(b *builder, _ *node, in []value) ([]value, error) {
	if err := require(in, 2); err != nil {
		return nil, err
	}
	x, y := b.ordered(in[0]), b.ordered(in[1])
	batch := identity(x.Rank() - 2)
	switch {
	case x.Rank() < 2 || y.Rank() < 2:
		return nil, errors.New("its operands are no matrices")
	case y.Rank() == 2:
		return []value{plain(DotGeneral(x, []int{x.Rank() - 1}, nil, y, []int{0}, nil))}, nil
	case x.Rank() == y.Rank():
		return []value{plain(DotGeneral(x, []int{x.Rank() - 1}, batch, y, []int{y.Rank() - 2}, batch))}, nil
	}
	return nil, fmt.Errorf("shapes %v and %v: batches that broadcast are not supported", in[0].dims(), in[1].dims())
}
