package train

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

// Compatible trains embeddings that can be compared with those of an older model: FaceNet's harmonic embeddings (Schroff et al.
// 2015, appendix "Harmonic Embedding"). The rows of a batch come twice, once as the encoder in training embeds them and once as
// the older model did, [dataset.Batch].Old, and the objective sees all of them together. No gradient flows into the old ones, so
// what is new has to come near what is old of its own class, and to keep away from that of others.
type Compatible struct{ Labels }

func (c Compatible) check(spec encoder.Spec) error {
	if !spec.Normalize {
		return fmt.Errorf("embeddings that are compatible with an older model's must be scaled to length 1, as those are")
	}
	return c.Labels.check(spec)
}

func (c Compatible) inputs(b *dataset.Batch) ([]*tensors.Tensor, error) {
	if b.N == 0 || len(b.Old) == 0 || len(b.Old)%b.N != 0 {
		return nil, fmt.Errorf("batch of %d images with %d numbers of an older model's embeddings", b.N, len(b.Old))
	}
	twice := *b
	twice.N, twice.Labels = 2*b.N, slices.Concat(b.Labels, b.Labels)
	inputs, err := c.Labels.inputs(&twice)
	if err != nil {
		return nil, err
	}
	return append(inputs, tensors.FromFlatDataAndDimensions(b.Old, b.N, len(b.Old)/b.N)), nil
}

func (c Compatible) build(scope *model.Scope, embeddings *Node, inputs []*Node) metric.Outcome {
	last := len(inputs) - 1
	both := Concatenate([]*Node{embeddings, StopGradient(inputs[last])}, 0)
	return c.Labels.build(scope, both, inputs[:last])
}

func (c Compatible) easier() (Objective, bool) {
	easier, ok := c.Labels.easier()
	if !ok {
		return c, false
	}
	return Compatible{easier.(Labels)}, true
}
