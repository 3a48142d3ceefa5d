package encoder

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
)

const conv4Filters = 64

// Conv4 is the network of the few-shot literature (Vinyals et al. 2016, section 4.1): four times 3×3 convolution with 64
// filters, batch normalisation, ReLU and 2×2 max-pooling. size×size grey pixels, at least 16; the embedding is the flattened
// last feature map, 64 numbers at 28×28. Another Spec.Dim adds a dense layer that makes it that long.
func Conv4(size int) Spec {
	last := size / 16
	return Spec{
		Arch:       "conv4",
		Preprocess: imgproc.Preprocess{Height: size, Width: size, Channels: 1, Invert: true},
		Dim:        last * last * conv4Filters,
	}
}

func buildConv4(l *Layers, spec Spec, x *Node) *Node {
	for i := 1; i <= 4; i++ {
		x = l.Conv(x, fmt.Sprintf("conv%d", i), Conv{Filters: conv4Filters, Size: 3, Same: true, Bias: true})
		x = l.Norm(x, fmt.Sprintf("norm%d", i))
		x = MaxPool2(ReLU(x))
	}
	x = l.Dropout(Flatten(x), spec.Dropout)
	if x.Shape().Dim(-1) != spec.Dim {
		x = l.Dense(x, "dense", spec.Dim, Initial{})
	}
	return x
}

func checkConv4(s Spec) error { return checkSide(s, 16) }
