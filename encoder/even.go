package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// evenGradient lets a convolution with a kernel of even size have the right gradient to its input, which GoMLX v0.28.1
// shifts by one: it adds a line of zeros before x on both spatial axes, which the padding takes away again, and moves
// the gradient back.
func evenGradient(x *Node) *Node {
	wider := x
	for _, axis := range []int{1, 2} {
		wider = Concatenate([]*Node{lineOfZeros(wider, axis), wider}, axis)
	}
	return IdentityWithCustomGradient(wider, func(_, v *Node) *Node {
		for _, axis := range []int{1, 2} {
			rest := SliceAxis(v, axis, AxisRange(0, v.Shape().Dim(axis)-1))
			v = Concatenate([]*Node{lineOfZeros(v, axis), rest}, axis)
		}
		return v
	})
}

func lineOfZeros(x *Node, axis int) *Node {
	shape := x.Shape().Clone()
	shape.Dimensions[axis] = 1
	return Zeros(x.Graph(), shape)
}
