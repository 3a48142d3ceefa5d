package cpu

import (
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/siam-go/siam/internal/kernel"
)

func init() {
	declare(lowerLayerNorm, replayedIf(layerNormApart), compute.OpTypeFusedLayerNorm)
}

// layerNormApart also sees to it that scale and offset are the same for all images.
func layerNormApart(s *splitter, n *node) bool {
	axes := n.attrs.(layerNormAttrs).axesOf(n.inputs[0])
	return !slices.Contains(axes, 0) && !slices.ContainsFunc(n.inputs[1:], func(v *value) bool { return s.batched[v] })
}

// axesOf is the axes of x, counted from the first, in order.
func (a layerNormAttrs) axesOf(x *value) []int {
	axes := slices.Clone(a.axes)
	for i, axis := range axes {
		if axis < 0 {
			axes[i] += x.shape.Rank()
		}
	}
	slices.Sort(axes)
	return axes
}

// lowerLayerNorm normalises rows (Ba, Kiros & Hinton, "Layer Normalization", 2016):
//
//	y = (x − mean)/√(variance + ε)·scale + offset
//
// the biased variance and the mean being those of the row. Axes that are not the last ones are moved there first.
func lowerLayerNorm(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	a := n.attrs.(layerNormAttrs)
	normalize := layerNormRows[x.shape.DType]
	if normalize == nil || x.shape.Size() == 0 {
		return false
	}
	axes := a.axesOf(x)
	order := slices.Concat(without(x.shape.Rank(), axes), axes)
	rows := c.channelsLast(x, order)
	result, finish := c.channelsLastResult(y, order)
	memory := func(there bool, i int) func(fr *frame) []byte {
		if !there {
			return func(*frame) []byte { return nil }
		}
		r := c.in(n.inputs[i])
		return func(fr *frame) []byte { return fr.mem[r] }
	}
	scale, offset := memory(a.gamma, 1), memory(a.beta, len(n.inputs)-1)
	columns := axesSize(x.shape, axes)
	c.emit(x.shape.Size()/columns, 4*x.shape.Size(), func(fr *frame, _, lo, hi int) {
		normalize(fr.mem[result], fr.mem[rows], scale(fr), offset(fr), columns, lo, hi, a.epsilon)
	})
	finish()
	return true
}

// layerNormRows normalise rows lo to hi-1 of a number of columns; scale and offset may be nil.
var layerNormRows = map[dtypes.DType]func(y, x, scale, offset []byte, columns, lo, hi int, epsilon float64){
	dtypes.Float32: layerNormRows32,
	dtypes.Float64: layerNormRows64,
}

func layerNormRows32(yMem, xMem, scale, offset []byte, columns, lo, hi int, epsilon float64) {
	for r := lo; r < hi; r++ {
		x, y := as[float32](xMem)[r*columns:][:columns], as[float32](yMem)[r*columns:][:columns]
		mean := kernel.Reduce(kernel.ReduceSum, x) / float32(columns)
		kernel.BinaryScalar(kernel.OpSub, y, x, mean)
		variance := float64(kernel.Dot(y, y)) / float64(columns)
		kernel.BinaryScalar(kernel.OpMul, y, y, float32(1/math.Sqrt(variance+epsilon)))
		if scale != nil {
			kernel.Binary(kernel.OpMul, y, y, as[float32](scale))
		}
		if offset != nil {
			kernel.Binary(kernel.OpAdd, y, y, as[float32](offset))
		}
	}
}

func layerNormRows64(yMem, xMem, scale, offset []byte, columns, lo, hi int, epsilon float64) {
	for r := lo; r < hi; r++ {
		x, y := as[float64](xMem)[r*columns:][:columns], as[float64](yMem)[r*columns:][:columns]
		s := channel64{outer: 1, channels: 1, inner: columns}
		mean, variance := s.moments(x, 0)
		s.normalize(y, x, 0, mean, variance, epsilon, 1, 0)
		for i := range y {
			if scale != nil {
				y[i] *= as[float64](scale)[i]
			}
			if offset != nil {
				y[i] += as[float64](offset)[i]
			}
		}
	}
}
