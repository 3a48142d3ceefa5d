package coseg

import (
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
)

// Export writes a model's network as an ONNX file: images "a" and "b", [1, 3, h, w] prepared as its metadata's siam.preprocess says, to
// "masks" [2, h', w'] of [Spec.OutputSize]: of a and of b, how likely each pixel is of an object that both show, in [0, 1]. As
// [Model.Logits] does, it looks at the pair as it is and mirrored. Where the spec has it so, "likeness" [1] is how alike the objects are
// that the masks show, from −1 to 1. Its metadata's siam.presence is the logit of [Model.Sureness] from which the two share something:
// the mean, over both, of a mask's largest hundredth as logits, and siam.likeness times the likeness. It fails on an encoder alone, which is exported as such.
func Export(backend compute.Backend, file *modelfile.File) ([]byte, error) {
	spec, err := SpecOf(file)
	if err != nil {
		return nil, err
	}
	network, store, err := stored(backend, spec, file)
	if err != nil {
		return nil, err
	}
	defer store.Finalize()
	preprocess, err := json.Marshal(spec.Preprocess)
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{"siam.preprocess": string(preprocess), "siam.hash": file.Hash, "siam.presence": fmt.Sprint(offset(file))}
	outputs := []string{"masks"}
	if spec.Likeness {
		metadata["siam.likeness"] = fmt.Sprint(likenessScale)
		outputs = append(outputs, "likeness")
	}
	shape := []int{1, spec.Preprocess.Height, spec.Preprocess.Width, 3}
	data, err := onnx.Written{
		Store: store, Weights: file.Weights,
		Inputs:  []onnx.ValueInfo{{Name: "a", Shape: shape}, {Name: "b", Shape: shape}},
		Outputs: outputs, Metadata: metadata, Build: network.masks,
	}.Encode(backend)
	if err != nil {
		return nil, fmt.Errorf("export %s of co-segmentation: %w", spec.Arch, err)
	}
	return data, nil
}

// masks are those of a pair, each image [1, h, w, 3] looked at as it is and mirrored, and how alike their objects are where the spec says so.
func (n Network) masks(scope *model.Scope, pair []*Node) []*Node {
	var looks []*Node
	for _, image := range pair {
		looks = append(looks, image, Reverse(image, 2))
	}
	here := n.Encode(scope, Concatenate(looks, 0))
	there := make([]*Node, len(here))
	for i, m := range here {
		there[i] = Concatenate([]*Node{Slice(m, AxisRange(2)), Slice(m, AxisRange(0, 2))}, 0)
	}
	logits := n.Compare(scope, here, there)
	var masks []*Node
	for i := range pair {
		mirrored := Reverse(Slice(logits, AxisRange(2*i+1, 2*i+2)), 2)
		masks = append(masks, Sigmoid(MulScalar(Add(Slice(logits, AxisRange(2*i, 2*i+1)), mirrored), 0.5)))
	}
	outputs := []*Node{Concatenate(masks, 0)}
	if n.Spec.Likeness {
		var seen []*Node // each image as it is
		for _, x := range here[n.maps(len(here)):] {
			seen = append(seen, Concatenate([]*Node{Slice(x, AxisRange(0, 1)), Slice(x, AxisRange(2, 3))}, 0))
		}
		shown := directions(seen, outputs[0])
		cosine := ReduceSum(Mul(Slice(shown, AxisRange(0, 1)), Slice(shown, AxisRange(1))), -1)
		outputs = append(outputs, MulScalar(cosine, 1/float64(n.Spec.Correlated)))
	}
	return outputs
}
