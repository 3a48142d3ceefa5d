package coseg

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/encoder"
)

const (
	docsWidth   = 1024 // channels of conv6 and of the decoder's first convolution
	docsSlope   = 0.2  // of LeakyReLU
	docsSqueeze = 512  // channels of the image's own map beside the correlation
)

// docsEncoder is the published encoder: VGG16's and conv6_1 and conv6_2, to [n, h/32, w/32, 1024].
func docsEncoder(l *encoder.Layers, x *Node) *Node {
	x = vgg16(l, x)
	for j := range 2 {
		x = docsConv(l, x, fmt.Sprintf("conv6_%d", j+1), docsWidth, 3)
	}
	return x
}

func docsConv(l *encoder.Layers, x *Node, name string, filters, size int) *Node {
	return l.LeakyReLU(l.Conv(x, name, encoder.Conv{Filters: filters, Size: size, Same: true, Bias: true}), docsSlope)
}

// docsDecoder are the convolutions after each of the published decoder's up-convolutions.
var docsDecoder = []struct{ width, convs int }{{512, 2}, {512, 2}, {256, 2}, {128, 2}, {64, 2}}

// compareDOCS is the published correlation and decoder. The two classes' logits become one: that of the softmax's object is
// their difference.
func (n Network) compareDOCS(l *encoder.Layers, a, b *Node) *Node {
	r := n.Spec.Displacement
	if r == 0 {
		r = MaxDisplacement(max(a.Shape().Dim(1), a.Shape().Dim(2)))
	}
	x := docsConv(l, a, "conv6_redir", docsSqueeze, 1)
	if n.Spec.Correlated > 0 {
		x = Concatenate([]*Node{x, Correlation(a, b, r)}, -1)
	}
	x = docsConv(l, x, "conv7", docsWidth, 3)
	for i, row := range docsDecoder {
		x = l.Conv(x, fmt.Sprintf("deconv%d", i+1), encoder.Conv{Filters: 4 * row.width, Size: 3, Same: true, Bias: true})
		x = l.LeakyReLU(DepthToSpace(x), docsSlope)
		for j := range row.convs {
			x = docsConv(l, x, fmt.Sprintf("deconv%d_%d", i+1, j+1), row.width, 3)
		}
	}
	x = l.Conv(x, "score", encoder.Conv{Filters: 2, Size: 3, Same: true, Bias: true})
	x = Sub(Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisElem(1)), Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisElem(0)))
	return Reshape(x, x.Shape().Dimensions[:3]...)
}
