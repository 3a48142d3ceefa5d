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
// coarse, and after them the learned projections of the Spec.Correlated coarsest ones, from coarse to fine. It panics, as GoMLX's graph
// functions do, when shapes do not fit.
func (n Network) Encode(scope *model.Scope, images *Node) []*Node {
	switch n.Spec.Arch {
	case Small:
		return n.projected(scope, n.encodeSmall(scope, images))
	case Pyramid:
		if n.Spec.Tuned {
			return n.projected(scope, n.Imported.BuildTuned(scope.In("encoder"), []*Node{images}, n.Spec.Outputs))
		}
		maps := n.Imported.Build([]*Node{images}, n.Spec.Outputs)
		for i, m := range maps {
			maps[i] = StopGradient(m)
		}
		return n.projected(scope, maps)
	}
	return []*Node{docsEncoder(encoder.NewLayers(scope.In("encoder")), images)}
}

// maps is how many of what Encode makes are maps of the encoder; projections follow.
func (n Network) maps(encoded int) int {
	if n.Spec.Arch == DOCS {
		return encoded
	}
	return encoded - n.Spec.Correlated
}

// matchWidth is how many channels two maps are compared by, after a learned projection.
const matchWidth = 64

// projected adds the projections of the coarsest maps. Normalised, what all images have in common is not in them.
func (n Network) projected(scope *model.Scope, maps []*Node) []*Node {
	l := encoder.NewLayers(scope.In("projection"))
	coarsest := len(maps) - 1
	for i := range n.Spec.Correlated {
		name := fmt.Sprintf("conv%d", i+1)
		maps = append(maps, l.Norm(l.Conv(maps[coarsest-i], name, encoder.Conv{Filters: matchWidth, Size: 1}), name+"_norm"))
	}
	return maps
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
	maps := n.maps(len(a))
	coarsest := maps - 1
	var x *Node
	for i, width := range n.Spec.Decoder {
		at := coarsest - i
		seen := []*Node{block(l, a[at], fmt.Sprintf("own%d", i+1), encoder.Conv{Filters: width, Size: 1})}
		if i < n.Spec.Correlated {
			seen = append(seen, matched(l, a[maps+i], b[maps+i], fmt.Sprintf("squeeze%da", i+1))...)
		}
		if i == 0 && n.Spec.Correlated > 0 {
			own := Concatenate([]*Node{a[at], b[at]}, 0)
			if n.Spec.Centred {
				own = centred(own)
			}
			half := a[at].Shape().Dim(0)
			seen = append(seen, matched(l, Slice(own, AxisRange(0, half)), Slice(own, AxisRange(half)), "squeeze1b")...)
		}
		if x != nil {
			seen = append(seen, up(l, x, fmt.Sprintf("up%d", i+1), width))
		}
		x = block(l, Concatenate(seen, -1), fmt.Sprintf("conv%d", i+1), encoder.Conv{Filters: width, Size: 3})
	}
	x = l.Conv(x, "mask", encoder.Conv{Filters: 1, Size: 3, Same: true, Bias: true})
	return Reshape(x, x.Shape().Dimensions[:3]...)
}

// matched says of every place of a how b has its like: the correlation of their directions, squeezed, with its largest and its mean.
func matched(l *encoder.Layers, a, b *Node, name string) []*Node {
	h, w, channels := a.Shape().Dim(1), a.Shape().Dim(2), a.Shape().Dim(3)
	c := MulScalar(Correlation(normalized(a), normalized(b), MaxDisplacement(max(h, w))), float64(channels))
	return []*Node{ReduceAndKeep(c, ReduceMax, -1), MulScalar(ReduceAndKeep(c, ReduceSum, -1), 1/float64(h*w)), block(l, c, name, encoder.Conv{Filters: 32, Size: 1})}
}
