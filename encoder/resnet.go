package encoder

import (
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
func buildResnet(l *Layers, spec Spec, x *Node) *Node {
	x = ReLU(l.Norm(l.Conv(x, "stem", Conv{Filters: spec.Widths[0], Size: 5, Stride: 2, Same: true}), "stem_norm"))
	for i, width := range spec.Widths {
		for j := range spec.Blocks {
			stride := 1
			switch {
			case i == 0 || j > 0:
			case spec.MaxPool:
				x = MaxPool2(x)
			default:
				stride = 2
			}
			x = residual(l, x, fmt.Sprintf("stage%d_block%d", i+1, j+1), width, stride)
		}
	}
	if spec.Flatten {
		x = Flatten(x)
	} else {
		x = ReduceMean(x, 1, 2)
	}
	return l.Dense(l.Dropout(x, spec.Dropout), "dense", spec.Dim, Initial{})
}

// residual is two 3×3 convolutions beside a shortcut, which is a 1×1 convolution where the shape changes.
func residual(l *Layers, x *Node, name string, width, stride int) *Node {
	y := l.Conv(x, name+"_conv1", Conv{Filters: width, Size: 3, Stride: stride, Same: true})
	y = ReLU(l.Norm(y, name+"_norm1"))
	y = l.Conv(y, name+"_conv2", Conv{Filters: width, Size: 3, Same: true})
	y = l.Norm(y, name+"_norm2")
	if stride != 1 || x.Shape().Dim(-1) != width {
		x = l.Conv(x, name+"_shortcut", Conv{Filters: width, Size: 1, Stride: stride})
		x = l.Norm(x, name+"_shortcut_norm")
	}
	return ReLU(Add(x, y))
}

func checkResnet(s Spec) error {
	const most = 8
	if len(s.Widths) < 1 || len(s.Widths) > most || s.Blocks < 1 || s.Blocks > 64 {
		return fmt.Errorf("%d widths and %d blocks, want 1 to %d and 1 to 64", len(s.Widths), s.Blocks, most)
	}
	if err := checkWidths(s.Widths, "channels of a stage"); err != nil {
		return err
	}
	return checkSide(s, 1<<len(s.Widths))
}

// checkWidths reports a width that is too small or too large; what says what it counts.
func checkWidths(widths []int, what string) error {
	for _, width := range widths {
		if width < 1 || width > 4096 {
			return fmt.Errorf("%d %s, want 1 to 4096", width, what)
		}
	}
	return nil
}
