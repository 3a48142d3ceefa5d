package train

import (
	"context"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
)

// Embedder embeds with what the training of an encoder has learned so far.
type Embedder[B any] struct {
	trainer  *Trainer[B]
	spec     encoder.Spec
	embedder *encoder.Embedder // of result
	result   *model.Store      // the trainer's own, or one with copies of the weights' averages
}

// NewEmbedder makes an embedder of the encoder of this spec that t trains.
func NewEmbedder[B any](t *Trainer[B], spec encoder.Spec) (*Embedder[B], error) {
	e := &Embedder[B]{trainer: t, spec: spec, result: t.store}
	if t.config.Average > 0 {
		e.result = model.NewStore()
	}
	var err error
	e.embedder, err = encoder.NewStoreEmbedder(t.backend, spec, e.result)
	return e, err
}

// Embed returns the embeddings [d] of inputs, as [encoder.Embedder] does. The error is a [NotFinite] when they overflow. It must not
// be called during a step.
func (e *Embedder[B]) Embed(ctx context.Context, inputs []float32) ([][]float32, error) {
	if e.result != e.trainer.store {
		weights, err := e.trainer.Weights()
		if err != nil {
			return nil, err
		}
		if err := encoder.SetWeights(e.trainer.backend, e.result, e.spec, weights); err != nil {
			return nil, err
		}
	}
	embeddings, err := e.embedder.Embed(ctx, inputs)
	if err != nil {
		return nil, err
	}
	size := e.spec.InputSize()
	for i, row := range embeddings {
		if slices.ContainsFunc(row, func(v float32) bool { return !finite(float64(v)) }) {
			return nil, e.notFinite(inputs[i*size : (i+1)*size])
		}
	}
	return embeddings, nil
}

// notFinite says which layer makes an embedding of one input that is not finite.
func (e *Embedder[B]) notFinite(input []float32) *NotFinite {
	t := e.trainer
	where := "an embedding is not finite" + t.badLayer(t.Weights, false, func() ([]*tensors.Tensor, error) {
		return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(input, e.spec.InputShape(1)...)}, nil
	})
	return &NotFinite{Step: t.state.Step, Rate: t.rate(max(t.state.Step-1, 0)), Where: where}
}
