package onnx

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// pooled prepares a pooling of images.
func (b *builder) pooled(n *node, in []value) (x *Node, win window, err error) {
	if err := require(in, 1); err != nil {
		return nil, win, err
	}
	if in[0].rank() != 4 {
		return nil, win, fmt.Errorf("shape %v: only images with height and width are supported", in[0].dims())
	}
	x = b.arrange(in[0], channelsLast())
	if win, err = n.window(nil, x.Shape().Dim(1), x.Shape().Dim(2)); err != nil {
		return nil, win, err
	}
	if win.dilations[0] != 1 || win.dilations[1] != 1 {
		return nil, win, errors.New("dilations are not supported")
	}
	return x, win, nil
}

func (win window) on(pool *PoolBuilder) *Node {
	pool = pool.WindowPerAxis(win.size...).StridePerAxis(win.strides...)
	if win.padded() {
		pool = pool.PaddingPerDim(win.pads)
	}
	return pool.Done()
}

func maxPool(b *builder, n *node, in []value) ([]value, error) {
	x, win, err := b.pooled(n, in)
	if err != nil {
		return nil, err
	}
	return []value{{node: win.on(MaxPool(x)), axes: channelsLast()}}, nil
}

// averagePool divides by the pixels under the window: those of the image, and of the declared padding with count_include_pad.
func averagePool(b *builder, n *node, in []value) ([]value, error) {
	x, win, err := b.pooled(n, in)
	if err != nil {
		return nil, err
	}
	if !win.padded() {
		return []value{{node: win.on(MeanPool(x)), axes: channelsLast()}}, nil
	}
	h, w := x.Shape().Dim(1), x.Shape().Dim(2)
	declared, err := n.pads(win, h, w)
	if err != nil {
		return nil, err
	}
	if n.integer("count_include_pad", 0) == 0 {
		declared = make([][2]int, 2)
	}
	rows, columns := win.counts(0, h, declared[0]), win.counts(1, w, declared[1])
	shares := make([]float32, 0, len(rows)*len(columns))
	for _, r := range rows {
		for _, c := range columns {
			shares = append(shares, 1/float32(r*c))
		}
	}
	share := b.constant(floatTensor([]int{1, len(rows), len(columns), 1}, shares))
	return []value{{node: Mul(win.on(SumPool(x)), share), axes: channelsLast()}}, nil
}

// counts is, for each window along axis i, how many of its pixels lie in the image or in the pixels around it that count.
func (win window) counts(i, side int, around [2]int) []int {
	counts := make([]int, win.outputs(i, side))
	for k := range counts {
		start := k*win.strides[i] - win.pads[i][0]
		counts[k] = min(start+win.size[i], side+around[1]) - max(start, -around[0])
	}
	return counts
}

func globalAverage(b *builder, _ *node, in []value) ([]value, error) {
	return overPixels(b, in, ReduceMean)
}
func globalMax(b *builder, _ *node, in []value) ([]value, error) { return overPixels(b, in, ReduceMax) }

// overPixels reduces all axes but batch and channels to length 1.
func overPixels(b *builder, in []value, f func(x *Node, axes ...int) *Node) ([]value, error) {
	if err := require(in, 1); err != nil {
		return nil, err
	}
	x := b.inGraph(in[0])
	if x.rank() < 3 {
		return nil, fmt.Errorf("shape %v is no image", x.dims())
	}
	return one(ReduceAndKeep(x.node, f, x.axes[2:]...), x), nil
}

func mean(x *Node, axes ...int) *Node      { return ReduceMean(x, axes...) }
func sum(x *Node, axes ...int) *Node       { return ReduceSum(x, axes...) }
func largest(x *Node, axes ...int) *Node   { return ReduceMax(x, axes...) }
func smallest(x *Node, axes ...int) *Node  { return ReduceMin(x, axes...) }
func sumSquare(x *Node, axes ...int) *Node { return ReduceSum(Square(x), axes...) }
func length(x *Node, axes ...int) *Node    { return Sqrt(sumSquare(x, axes...)) }

// reduce makes an operation over the axes that the node names, all when it names none.
func reduce(f func(x *Node, axes ...int) *Node) graphOp {
	return func(b *builder, n *node, in []value) ([]value, error) {
		if err := require(in, 1); err != nil {
			return nil, err
		}
		lists, err := knownInputs(in, 1)
		if err != nil {
			return nil, err
		}
		x := b.inGraph(in[0])
		list := n.listOr(lists, 0, "axes")
		if len(list) == 0 {
			if n.integer("noop_with_empty_axes", 0) != 0 {
				return []value{x}, nil
			}
			list = identity(x.rank())
		}
		axes, err := x.physical(list)
		if err != nil {
			return nil, err
		}
		y := value{node: ReduceAndKeep(x.node, f, axes...), axes: x.axes}
		if n.integer("keepdims", 1) != 0 {
			return []value{y}, nil
		}
		shape, err := squeezed(y.dims(), list)
		if err != nil {
			return nil, err
		}
		return []value{b.reshape(y, shape)}, nil
	}
}
