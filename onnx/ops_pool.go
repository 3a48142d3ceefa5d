package onnx

import (
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// pooled prepares a pooling of images, with their channels last.
func (c *call) pooled() (x *Node, win window, axes []int) {
	v := c.arg(0)
	if v.rank() < 3 {
		fail("shape %v is no image", v.dims())
	}
	axes = channelsLast(v.rank())
	return c.arrange(v, axes), c.window(nil, v.dims()[2:]), axes
}

// over reduces the pixels of each window to one.
func (win window) over(pool *PoolBuilder) *Node {
	pool = pool.WindowPerAxis(win.size...).StridePerAxis(win.strides...)
	if win.padded() {
		pool = pool.PaddingPerDim(win.pads)
	}
	return pool.Done()
}

// dilated says whether the pixels of a window lie apart.
func (win window) dilated() bool { return product(win.dilations) != 1 }

// apart reduces windows whose pixels lie apart.
func (win window) apart(x *Node, kind compute.ReduceOpType) *Node {
	return BackendReduceWindow(x, kind, around(win.size, 1), around(win.strides, 1), nil, around(win.dilations, 1), around(win.pads, [2]int{}))
}

func maxPool(c *call) []value {
	x, win, axes := c.pooled()
	if win.dilated() {
		return []value{{node: win.apart(x, compute.ReduceOpMax), axes: axes}}
	}
	return []value{{node: win.over(MaxPool(x)), axes: axes}}
}

// averagePool divides by the pixels under the window: those of the image, and of the declared padding with count_include_pad.
func averagePool(c *call) []value {
	x, win, axes := c.pooled()
	if !win.padded() && !win.dilated() {
		return []value{{node: win.over(MeanPool(x)), axes: axes}}
	}
	return []value{{node: Mul(win.sum(x), c.shares(win, c.arg(0).dims()[2:])), axes: axes}}
}

func (win window) sum(x *Node) *Node {
	if win.dilated() {
		return win.apart(x, compute.ReduceOpSum)
	}
	return win.over(SumPool(x))
}

// shares is one over the number of pixels that count in each window, [1, …, 1].
func (c *call) shares(win window, sides []int) *Node {
	declared := c.pads(win, sides)
	if c.integer("count_include_pad", 0) == 0 {
		declared = make([][2]int, len(sides))
	}
	shares, shape := []float32{1}, []int{1}
	for i, side := range sides {
		counts := win.counts(i, side, declared[i])
		next := make([]float32, 0, len(shares)*len(counts))
		for _, share := range shares {
			for _, count := range counts {
				next = append(next, share/float32(count))
			}
		}
		shares, shape = next, append(shape, len(counts))
	}
	return c.constant(floatTensor(append(shape, 1), shares))
}

// counts is, for each window along axis i, how many of its pixels lie in the image or in the pixels around it that count.
func (win window) counts(i, side int, around [2]int) []int {
	counts := make([]int, win.outputs(i, side))
	for k := range counts {
		start := k*win.strides[i] - win.pads[i][0]
		for j := range win.size[i] {
			if at := start + j*win.dilations[i]; at >= -around[0] && at < side+around[1] {
				counts[k]++
			}
		}
		counts[k] = max(counts[k], 1)
	}
	return counts
}

// lpPool is the length of the pixels of each window, as vectors of the norm p.
func lpPool(c *call) []value {
	x, win, axes := c.pooled()
	p := float64(c.integer("p", 2))
	return []value{{node: PowScalar(win.sum(PowScalar(Abs(x), p)), 1/p), axes: axes}}
}

// overPixels makes an operation that reduces all axes but batch and channels to length 1.
func overPixels(f func(x *Node, axes ...int) *Node) graphOp {
	return func(c *call) []value {
		x := c.operand(0)
		if x.rank() < 3 {
			fail("shape %v is no image", x.dims())
		}
		return one(ReduceAndKeep(x.node, f, x.axes[2:]...), x)
	}
}

// globalLp is the length of all pixels of a channel, as vectors of the norm p.
func globalLp(c *call) []value {
	p := float64(c.integer("p", 2))
	return overPixels(func(x *Node, axes ...int) *Node { return PowScalar(ReduceSum(PowScalar(Abs(x), p), axes...), 1/p) })(c)
}

// localNorm divides by what the channels around have: x / (bias + alpha/size·Σ x²)^beta.
func localNorm(c *call) []value {
	x := c.operand(0)
	size := c.integer("size", 0)
	if x.rank() < 2 || size < 1 || size > maxSide {
		fail("shape %v and %d channels to look at", x.dims(), size)
	}
	sizes, pads := ones(x.rank()), make([][2]int, x.rank())
	sizes[x.axes[1]], pads[x.axes[1]] = size, [2]int{(size - 1) / 2, size / 2}
	sum := SumPool(Square(x.node)).FullShape().WindowPerAxis(sizes...).Strides(1).PaddingPerDim(pads).Done()
	scale := AddScalar(MulScalar(sum, float64(c.float("alpha", 1e-4))/float64(size)), c.float("bias", 1))
	return one(Mul(x.node, Exp(MulScalar(Log(scale), -math.Abs(float64(c.float("beta", 0.75)))))), x)
}
