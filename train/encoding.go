package train

import (
	"encoding/json"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// What the tasks that train an encoder have in common: the batch's images, or vectors, are their first tensor.

// encoderInput is the input [n, h, w, c] or [n, k] of an encoder.
func encoderInput(spec encoder.Spec, b *dataset.Batch) (*tensors.Tensor, error) {
	values, what := b.Images, "images"
	if spec.Vector > 0 {
		values, what = b.Vectors, "vectors"
	}
	if b.N < 1 || len(values) != b.N*spec.InputSize() {
		return nil, fmt.Errorf("batch of %d %s with %d numbers, want shape %v for each", b.N, what, len(values), spec.InputShape(1)[1:])
	}
	return tensors.FromFlatDataAndDimensions(values, spec.InputShape(b.N)...), nil
}

// encoderOutputs are the outputs of an encoder's layers.
func encoderOutputs(scope *model.Scope, spec encoder.Spec, inputs []*Node) []Output {
	var all []Output
	for _, layer := range encoder.BuildLayers(scope, spec, inputs[0]) {
		all = append(all, Output{"encoder/" + layer.Name, layer.Output})
	}
	return all
}

// encoderIdentity is the spec as JSON.
func encoderIdentity(spec encoder.Spec) string {
	text, err := json.Marshal(spec)
	if err != nil {
		panic(err) // a spec that passes its Check is names, finite numbers and JSON
	}
	return string(text)
}
