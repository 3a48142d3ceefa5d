package coseg

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/encoder"
)

// DepthToSpace lays the channels of x [n, h, w, 4c] out as pixels [n, 2h, 2w, c]: channel ((2·dy + dx)·c + k) of a place becomes
// channel k of its pixel (dy, dx). After a convolution it computes what a transposed convolution of stride 2 does.
func DepthToSpace(x *Node) *Node {
	n, h, w, c := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2), x.Shape().Dim(3)/4
	x = TransposeAllAxes(Reshape(x, n, h, w, 2, 2, c), 0, 1, 3, 2, 4, 5)
	return Reshape(x, n, 2*h, 2*w, c)
}

// normalized has every place's channels scaled to length 1; a place of zeros stays so.
func normalized(x *Node) *Node {
	return Mul(x, Reciprocal(Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceSum, -1), 1e-6))))
}

// centred has, of every channel, the mean over the places of both images of a pair taken off. Row i and row n+i of x [2n, h, w, c] are a
// pair. Without it, all places of maps that are never negative look alike.
func centred(x *Node) *Node {
	d := x.Shape().Dimensions
	pairs := Reshape(x, 2, d[0]/2, d[1]*d[2], d[3])
	return Reshape(Sub(pairs, ReduceAndKeep(pairs, ReduceMean, 0, 2)), d...)
}

// block is a convolution with normalisation and ReLU.
func block(l *encoder.Layers, x *Node, name string, c encoder.Conv) *Node {
	c.Same = true
	return encoder.ReLU(l.Norm(l.Conv(x, name, c), name+"_norm"))
}

// up doubles the height and width of x.
func up(l *encoder.Layers, x *Node, name string, filters int) *Node {
	return DepthToSpace(block(l, x, name, encoder.Conv{Filters: 4 * filters, Size: 1}))
}
