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

func buildConv4(n *network, x *Node) *Node {
	for i := 1; i <= 4; i++ {
		x = n.conv(x, fmt.Sprintf("conv%d", i), conv{filters: conv4Filters, size: 3, same: true, bias: true})
		x = n.norm(x, fmt.Sprintf("norm%d", i))
		x = maxPool(relu(x))
	}
	x = n.dropout(flatten(x))
	if x.Shape().Dim(-1) != n.spec.Dim {
		x = n.dense(x, "dense", n.spec.Dim, initial{})
	}
	return x
}

func checkConv4(s Spec) error {
	if err := checkPlain(s); err != nil {
		return err
	}
	return checkSide(s, 16)
}
