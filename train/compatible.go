package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// Compatible trains embeddings that can be compared with those of an older model: FaceNet's harmonic embeddings (Schroff et al.
// 2015, appendix "Harmonic Embedding"). The rows of a batch come twice, once as the encoder in training embeds them and once as
// the older model did, [dataset.Batch].Old, and the objective sees all of them together. No gradient flows into the old ones, so
// what is new has to come near what is old of its own class, and to keep away from that of others.
type Compatible struct{ Labels }

// Declare implements [Task]. It fails as that of [Labels] does, and when embeddings are not scaled to length 1.
func (c Compatible) Declare(backend compute.Backend, store *model.Store) error {
	if !c.Spec.Normalize {
		return errors.New("embeddings that are compatible with an older model's must be scaled to length 1, as those are")
	}
	return c.Labels.Declare(backend, store)
}

// Feed implements [Task].
func (c Compatible) Feed(b *dataset.Batch) ([]*tensors.Tensor, error) {
	if b.N == 0 || len(b.Old) == 0 || len(b.Old)%b.N != 0 {
		return nil, fmt.Errorf("batch of %d images with %d numbers of an older model's embeddings", b.N, len(b.Old))
	}
	input, err := encoderInput(c.Spec, b)
	if err != nil {
		return nil, err
	}
	labels, err := c.feedLabels(2*b.N, slices.Concat(b.Labels, b.Labels))
	if err != nil {
		return nil, err
	}
	old := tensors.FromFlatDataAndDimensions(b.Old, b.N, len(b.Old)/b.N)
	return slices.Concat([]*tensors.Tensor{input}, labels, []*tensors.Tensor{old}), nil
}

// Loss implements [Task].
func (c Compatible) Loss(scope *model.Scope, inputs []*Node) Outcome {
	last := len(inputs) - 1
	embeddings := encoder.Build(scope, c.Spec, inputs[0])
	both := Concatenate([]*Node{embeddings, StopGradient(inputs[last])}, 0)
	return c.apply(scope, both, inputs[1:last])
}

// Easier implements [Watched].
func (c Compatible) Easier() (Task[*dataset.Batch], string, bool) {
	easier, what, ok := c.easier()
	return Compatible{easier}, what, ok
}
