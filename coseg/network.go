package coseg

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/onnx"
)

// Network is a spec with what it needs besides weights.
type Network struct {
	Spec     Spec
	Imported *onnx.Model // of a Pyramid: its outputs, selected
}

// Encode adds the encoder to the graph: images [n, h, w, 3], as Spec.Preprocess makes them, to feature maps [n, h, w, c] from fine to
// coarse. It panics, as GoMLX's graph functions do, when shapes do not fit.
func (n Network) Encode(scope *model.Scope, images *Node) []*Node {
	switch n.Spec.Arch {
	case Small:
		return n.encodeSmall(scope, images)
	case Pyramid:
		maps := n.Imported.Build([]*Node{images}, n.Spec.Outputs)
		for i, m := range maps {
			maps[i] = StopGradient(m)
		}
		return maps
	}
	return []*Node{docsEncoder(encoder.NewLayers(scope.In("encoder")), images)}
}

func (n Network) encodeSmall(scope *model.Scope, x *Node) []*Node {
	l := encoder.NewLayers(scope.In("encoder"))
	var maps []*Node
	for i, width := range n.Spec.Widths {
		x = block(l, x, fmt.Sprintf("down%d", i+1), encoder.Conv{Filters: width, Size: 3, Stride: 2})
		if i > 0 {
			x = block(l, x, fmt.Sprintf("conv%d", i+1), encoder.Conv{Filters: width, Size: 3})
		}
		maps = append(maps, x)
	}
	return maps
}

// Compare adds the decoder to the graph: of the maps of n images a, as Encode made them, and those of n others b, the mask logits
// [n, h, w] of a, whose objects are those that b shows too.
func (n Network) Compare(scope *model.Scope, a, b []*Node) *Node {
	l := encoder.NewLayers(scope.In("decoder"))
	if n.Spec.Arch == DOCS {
		return n.compareDOCS(l, a[0], b[0])
	}
	coarsest := len(a) - 1
	var x *Node
	for i, width := range n.Spec.Decoder {
		at := coarsest - i
		seen := []*Node{block(l, a[at], fmt.Sprintf("own%d", i+1), encoder.Conv{Filters: width, Size: 1})}
		if i < n.Spec.Correlated {
			seen = append(seen, n.matched(l, a[at], b[at], i+1)...)
		}
		if x != nil {
			seen = append(seen, up(l, x, fmt.Sprintf("up%d", i+1), width))
		}
		x = block(l, Concatenate(seen, -1), fmt.Sprintf("conv%d", i+1), encoder.Conv{Filters: width, Size: 3})
	}
	x = l.Conv(x, "mask", encoder.Conv{Filters: 1, Size: 3, Same: true, Bias: true})
	return Reshape(x, x.Shape().Dimensions[:3]...)
}

// matchWidth is how many channels two maps are compared by, after a learned projection.
const matchWidth = 64

// matched says of every place of a how b has its like: the correlation of learned projections, squeezed, with its largest and its
// mean, and those of the maps themselves, which need no learning.
func (n Network) matched(l *encoder.Layers, a, b *Node, number int) []*Node {
	both := Concatenate([]*Node{a, b}, 0)
	pairs := a.Shape().Dim(0)
	r := MaxDisplacement(max(a.Shape().Dim(1), a.Shape().Dim(2)))
	var found []*Node
	learned := l.Norm(l.Conv(both, fmt.Sprintf("project%d", number), encoder.Conv{Filters: matchWidth, Size: 1}), fmt.Sprintf("project%d_norm", number))
	for i, x := range []*Node{learned, both} {
		if n.Spec.Centred {
			x = centred(x)
		}
		x = normalized(x)
		c := MulScalar(Correlation(Slice(x, AxisRange(0, pairs)), Slice(x, AxisRange(pairs)), r), float64(x.Shape().Dim(-1)))
		places := float64(a.Shape().Dim(1) * a.Shape().Dim(2))
		found = append(found, ReduceAndKeep(c, ReduceMax, -1), MulScalar(ReduceAndKeep(c, ReduceSum, -1), 1/places))
		found = append(found, block(l, c, fmt.Sprintf("squeeze%d%c", number, 'a'+i), encoder.Conv{Filters: 32, Size: 1}))
	}
	return found
}
