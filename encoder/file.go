package encoder

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/siam-go/siam/modelfile"
)

// The keys of an encoder's [modelfile.File.Networks].
const (
	EncoderNetwork  = "encoder"  // an [Imported] model's own network
	DetectorNetwork = "detector" // finds the faces that the model compares, in photographs
)

// NewFile is a model file of an encoder with these weights, whose embeddings are compared by the named distance, or by its pair
// head where name is empty. It fails when spec fails its Check.
func NewFile(spec Spec, distance string, weights []modelfile.Tensor) (*modelfile.File, error) {
	if err := spec.Check(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encoder %s: %w", spec.Arch, err)
	}
	return &modelfile.File{Kind: modelfile.Encoder, Spec: text, Distance: distance, Weights: weights}, nil
}

// SpecOf is the spec of an encoder's model file, checked. Where its architecture is none of Siam's, it must be among own.
func SpecOf(file *modelfile.File, own ...Architecture) (Spec, error) {
	var spec Spec
	if file.Kind != modelfile.Encoder {
		return spec, fmt.Errorf("the model is of kind %q, not an encoder: want one that makes embeddings, as siam train or siam import writes", file.Kind)
	}
	if err := file.DecodeSpec(&spec); err != nil {
		return spec, err
	}
	if at := slices.IndexFunc(own, func(a Architecture) bool { return a.Name == spec.Arch }); at >= 0 {
		spec.Own = &own[at]
	}
	return spec, spec.Check()
}

// HeadWeights finds the weights of a [PairHead] for embeddings of d numbers: α [d] and the bias. It fails when there is none.
func HeadWeights(weights []modelfile.Tensor, d int) (alpha []float32, bias float32, err error) {
	for _, t := range weights {
		switch {
		case t.Name == "head/weights" && len(t.Values) == d:
			alpha = t.Values
		case t.Name == "head/bias" && len(t.Values) == 1:
			bias = t.Values[0]
		}
	}
	if alpha == nil {
		return nil, 0, fmt.Errorf("the model has no pair head of %d weights", d)
	}
	return alpha, bias, nil
}
