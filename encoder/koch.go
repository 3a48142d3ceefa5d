package encoder

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
)

// How Koch et al. 2015 (section 3.2) begin: convolution weights N(0, 0.01), dense weights N(0, 0.2), all biases
// N(0.5, 0.01); the second numbers are standard deviations.
var (
	kochBias  = Normal{Mean: 0.5, Std: 0.01}
	kochConv  = Initial{Std: 0.01, Bias: kochBias}
	kochDense = Initial{Std: 0.2, Bias: kochBias}
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
func buildKoch(l *Layers, spec Spec, x *Node) *Node {
	layer := kochLayer(l, spec)
	x = MaxPool2(layer(x, "conv1", 64, 10))
	x = MaxPool2(layer(x, "conv2", 128, 7))
	x = MaxPool2(layer(x, "conv3", 128, 4))
	x = layer(x, "conv4", 256, 4)
	return kochEmbedding(l, spec, x)
}

func checkKoch(s Spec) error {
	const least = 62 // leaves one pixel after the last convolution
	return s.checkKoch(least)
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
func buildKoch35(l *Layers, spec Spec, x *Node) *Node {
	layer := kochLayer(l, spec)
	x = MaxPool2(layer(x, "conv1", 64, 4))
	x = MaxPool2(layer(x, "conv2", 128, 3))
	x = MaxPool2(layer(x, "conv3", 128, 2))
	x = layer(x, "conv4", 256, 2)
	return kochEmbedding(l, spec, x)
}

func checkKoch35(s Spec) error {
	const least = 27 // leaves one pixel after the last convolution
	return s.checkKoch(least)
}

// checkKoch is what both networks want, of images of least pixels a side.
func (s Spec) checkKoch(least int) error {
	if s.Init != "" && s.Init != InitHe {
		return fmt.Errorf("init %q, want %s or none", s.Init, InitHe)
	}
	return checkSide(s, least)
}

// kochLayer makes the convolutions of both networks.
func kochLayer(l *Layers, spec Spec) func(x *Node, name string, filters, size int) *Node {
	return func(x *Node, name string, filters, size int) *Node {
		return ReLU(l.Conv(x, name, Conv{Filters: filters, Size: size, Bias: true, Initial: kochInitial(spec, kochConv)}))
	}
}

// kochEmbedding is the last layer: dense, then a sigmoid.
func kochEmbedding(l *Layers, spec Spec, x *Node) *Node {
	return Sigmoid(l.Dense(l.Dropout(Flatten(x), spec.Dropout), "dense", spec.Dim, kochInitial(spec, kochDense)))
}

// kochInitial is how a layer begins: as the paper has it, or with [InitHe] by the zero Initial.
func kochInitial(spec Spec, paper Initial) Initial {
	if spec.Init == InitHe {
		return Initial{}
	}
	return paper
}
