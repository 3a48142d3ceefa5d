package encoder

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
)

// Resnet is a small residual network (He et al. 2016): 56×56 grey pixels to 128 numbers with about 0.3 million weights.
// Its size follows Spec.Widths and Spec.Blocks.
func Resnet() Spec {
	return Spec{
		Arch:       "resnet",
		Preprocess: imgproc.Preprocess{Height: 56, Width: 56, Channels: 1, Invert: true},
		Dim:        128,
		Normalize:  true,
		Widths:     []int{32, 64, 128},
		Blocks:     1,
	}
}

// buildResnet: a 5×5 convolution that halves the sides, then per stage Spec.Blocks blocks; every stage but the first halves the
// sides again, before its first block with Spec.MaxPool and in it otherwise.
func buildResnet(n *network, x *Node) *Node {
	x = relu(n.norm(n.conv(x, "stem", conv{filters: n.spec.Widths[0], size: 5, stride: 2, same: true}), "stem_norm"))
	for i, width := range n.spec.Widths {
		for j := range n.spec.Blocks {
			stride := 1
			switch {
			case i == 0 || j > 0:
			case n.spec.MaxPool:
				x = maxPool(x)
			default:
				stride = 2
			}
			x = n.residual(x, fmt.Sprintf("stage%d_block%d", i+1, j+1), width, stride)
		}
	}
	if n.spec.Flatten {
		x = flatten(x)
	} else {
		x = ReduceMean(x, 1, 2)
	}
	return n.dense(n.dropout(x), "dense", n.spec.Dim, initial{})
}

// residual is two 3×3 convolutions beside a shortcut, which is a 1×1 convolution where the shape changes.
func (n *network) residual(x *Node, name string, width, stride int) *Node {
	y := n.conv(x, name+"_conv1", conv{filters: width, size: 3, stride: stride, same: true})
	y = relu(n.norm(y, name+"_norm1"))
	y = n.conv(y, name+"_conv2", conv{filters: width, size: 3, same: true})
	y = n.norm(y, name+"_norm2")
	if stride != 1 || x.Shape().Dim(-1) != width {
		x = n.conv(x, name+"_shortcut", conv{filters: width, size: 1, stride: stride})
		x = n.norm(x, name+"_shortcut_norm")
	}
	return relu(Add(x, y))
}

func checkResnet(s Spec) error {
	const most = 8
	if len(s.Widths) < 1 || len(s.Widths) > most || s.Blocks < 1 || s.Blocks > 64 {
		return fmt.Errorf("%d widths and %d blocks, want 1 to %d and 1 to 64", len(s.Widths), s.Blocks, most)
	}
	for _, width := range s.Widths {
		if width < 1 || width > 4096 {
			return fmt.Errorf("a stage of %d channels, want 1 to 4096", width)
		}
	}
	return checkSide(s, 1<<len(s.Widths))
}

// checkPlain reports settings that only "resnet" has.
func checkPlain(s Spec) error {
	if len(s.Widths) > 0 || s.Blocks != 0 || s.MaxPool || s.Flatten {
		return errors.New("it has no settings widths, blocks, max_pool and flatten")
	}
	return nil
}
