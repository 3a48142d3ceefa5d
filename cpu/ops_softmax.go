package cpu

import (
	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

func init() {
	declare(lowerSoftmax, replayedIf(func(_ *splitter, n *node) bool { return n.attrs.(int) != 0 }), compute.OpTypeFusedSoftmax)
}

// lowerSoftmax computes exp(x − largest)/Σ exp(x − largest) of rows. An axis that is not the last one is moved there first.
func lowerSoftmax(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !isFloat32(x) || x.shape.Size() == 0 {
		return false
	}
	axis := n.attrs.(int)
	order := append(without(x.shape.Rank(), []int{axis}), axis)
	rows := c.channelsLast(x, order)
	result, finish := c.channelsLastResult(y, order)
	columns := x.shape.Dimensions[axis]
	c.emit(x.shape.Size()/columns, softmaxCost*x.shape.Size(), func(fr *frame, _, lo, hi int) {
		from, to := fr.f32(rows), fr.f32(result)
		for r := lo; r < hi; r++ {
			softmaxRow(to[r*columns:][:columns], from[r*columns:][:columns])
		}
	})
	finish()
	return true
}

// softmaxCost is about how many simple operations softmaxRow takes for a number.
const softmaxCost = 8

func softmaxRow(y, x []float32) {
	kernel.BinaryScalar(kernel.OpSub, y, x, kernel.Reduce(kernel.ReduceMax, x))
	kernel.Unary(kernel.OpExp, y, y)
	kernel.BinaryScalar(kernel.OpMul, y, y, 1/kernel.Reduce(kernel.ReduceSum, y))
}
