package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
)

// How Koch et al. 2015 (section 3.2) begin: convolution weights N(0, 0.01), dense weights N(0, 0.2), all biases
// N(0.5, 0.01); the second numbers are standard deviations.
var (
	kochBias  = normal{mean: 0.5, std: 0.01}
	kochConv  = initial{std: 0.01, bias: kochBias}
	kochDense = initial{std: 0.2, bias: kochBias}
)

// Koch is the network of Koch, Zemel and Salakhutdinov 2015, "Siamese Neural Networks for One-shot Image Recognition",
// figure 4: 105×105 grey pixels to 4096 numbers in (0, 1), compared by [PairHead]. With that head it has 38,951,745
// parameters.
func Koch() Spec {
	return Spec{
		Arch:       "koch",
		Preprocess: imgproc.Preprocess{Height: 105, Width: 105, Channels: 1, Invert: true},
		Dim:        4096,
		PairHead:   true,
	}
}

// buildKoch: all convolutions count whole windows only, stride 1. Sides: 105, 96, 48, 42, 21, 18, 9, 6.
func buildKoch(n *network, x *Node) *Node {
	x = maxPool(n.kochLayer(x, "conv1", 64, 10))
	x = maxPool(n.kochLayer(x, "conv2", 128, 7))
	x = maxPool(n.kochLayer(x, "conv3", 128, 4))
	x = n.kochLayer(x, "conv4", 256, 4)
	return n.kochEmbedding(x)
}

func checkKoch(s Spec) error {
	const least = 62 // leaves one pixel after the last convolution
	if err := checkPlain(s); err != nil {
		return err
	}
	return checkSide(s, least)
}

// Koch35 is a reduced [Koch] for 35×35 pixels, as the paper's MNIST experiment (section 4.4) needs: 35×35 grey pixels to
// 1024 numbers. The paper does not print its layers; these are ours.
func Koch35() Spec {
	return Spec{
		Arch:       "koch35",
		Preprocess: imgproc.Preprocess{Height: 35, Width: 35, Channels: 1, Invert: true},
		Dim:        1024,
		PairHead:   true,
	}
}

// buildKoch35 has sides 35, 32, 16, 14, 7, 6, 3, 2.
func buildKoch35(n *network, x *Node) *Node {
	x = maxPool(n.kochLayer(x, "conv1", 64, 4))
	x = maxPool(n.kochLayer(x, "conv2", 128, 3))
	x = maxPool(n.kochLayer(x, "conv3", 128, 2))
	x = n.kochLayer(x, "conv4", 256, 2)
	return n.kochEmbedding(x)
}

func checkKoch35(s Spec) error {
	const least = 27 // leaves one pixel after the last convolution
	if err := checkPlain(s); err != nil {
		return err
	}
	return checkSide(s, least)
}

func (n *network) kochLayer(x *Node, name string, filters, size int) *Node {
	return relu(n.conv(x, name, conv{filters: filters, size: size, bias: true, init: kochConv}))
}

// kochEmbedding is the last layer: dense, then a sigmoid.
func (n *network) kochEmbedding(x *Node) *Node {
	return Sigmoid(n.dense(n.dropout(flatten(x)), "dense", n.spec.Dim, kochDense))
}
