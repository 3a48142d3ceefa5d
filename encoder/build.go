package encoder

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Build adds the encoder to the graph: images [n, h, w, c] or vectors [n, k], float32, to embeddings [n, d]. Its variables live in
// scope's sub-scope "encoder", one scope per layer; those that scope's store lacks are created with the architecture's own initial
// values, drawn from the store's parameter [model.ParamInitialSeed] and the variable's path.
//
// In a graph marked as training, batch normalisation uses the batch's statistics and updates its moving averages, and
// dropout is active; Spec.Mirror counts in other graphs only. Build panics, as GoMLX's graph functions do, when spec fails its Check,
// when the input has another size than spec says, or when the store holds a variable of another shape.
func Build(scope *model.Scope, spec Spec, x *Node) *Node {
	if !spec.Mirror || scope.IsTraining(x.Graph()) {
		return single(scope, spec, x)
	}
	n := x.Shape().Dim(0)
	both := Reshape(Stack([]*Node{x, Reverse(x, 2)}, 1), append([]int{2 * n}, x.Shape().Dimensions[1:]...)...)
	mean := MulScalar(ReduceSum(Reshape(single(scope, spec, both), n, 2, spec.Dim), 1), 0.5)
	if spec.Normalize {
		mean = normalize(mean)
	}
	return mean
}

// single is [Build] without the mirror images.
func single(scope *model.Scope, spec Spec, x *Node) *Node {
	layers := BuildLayers(scope, spec, x)
	return layers[len(layers)-1].Output
}

// BuildLayers is [Build], without the mirror images of Spec.Mirror, that returns the outputs of all layers in order, the last of
// them the embeddings.
func BuildLayers(scope *model.Scope, spec Spec, x *Node) []Layer {
	arch, err := spec.architecture()
	if err == nil {
		err = spec.Check()
	}
	if err != nil {
		panic(fmt.Errorf("encoder: %w", err))
	}
	x.AssertDims(spec.InputShape(-1)...)
	layers := NewLayers(scope.In("encoder"))
	x = arch.Build(layers, spec, x)
	x.AssertDims(-1, spec.Dim)
	if spec.Normalize {
		x = normalize(x)
	}
	return append(layers.Outputs(), Layer{"embedding", x})
}

// normalize scales rows to length 1; a row of zeros stays 0, with a finite gradient.
func normalize(x *Node) *Node {
	const tiny = 1e-12
	length := Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceSum, -1), tiny))
	return Mul(x, Reciprocal(length))
}
