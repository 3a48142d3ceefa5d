package train

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

// Labels trains an encoder by the labels of a batch's rows.
type Labels struct {
	Spec      encoder.Spec
	Objective metric.Objective
	// Miners are what to step back to when the encoder collapses, one after the other, such as SemiHard, then All.
	Miners []metric.Miner
}

// Declare implements [Task]. It fails when the spec or the objective fails its Check, or one of the easier miners does not fit.
func (l Labels) Declare(backend compute.Backend, store *model.Store) error {
	if err := encoder.Declare(backend, store, l.Spec); err != nil {
		return err
	}
	if err := l.Objective.Check(); err != nil {
		return err
	}
	for _, miner := range l.Miners {
		easier := l.Objective
		if easier.Miner = miner; easier.Check() != nil {
			return fmt.Errorf("easier miner %s: %w", miner.Name, easier.Check())
		}
	}
	l.Objective.Declare(store.RootScope().At(ObjectiveLayer), l.Spec.Dim)
	return nil
}

// Feed implements [Task]: images, or vectors, labels, and the rows of each row's likes.
func (l Labels) Feed(b *dataset.Batch) ([]*tensors.Tensor, error) {
	input, err := encoderInput(l.Spec, b)
	if err != nil {
		return nil, err
	}
	labels, err := l.feedLabels(b.N, b.Labels)
	return append([]*tensors.Tensor{input}, labels...), err
}

// feedLabels are the tensors of the labels of n rows.
func (l Labels) feedLabels(n int, labels []int32) ([]*tensors.Tensor, error) {
	if len(labels) != n {
		return nil, fmt.Errorf("batch of %d images with %d labels", n, len(labels))
	}
	if err := l.Objective.CheckLabels(labels); err != nil {
		return nil, err
	}
	positives := metric.Positives(labels)
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(labels, n),
		tensors.FromFlatDataAndDimensions(positives, n, len(positives)/n),
	}, nil
}

// Loss implements [Task].
func (l Labels) Loss(scope *model.Scope, inputs []*Node) Outcome {
	return l.apply(scope, encoder.Build(scope, l.Spec, inputs[0]), inputs[1:])
}

// apply is the objective's outcome for embeddings with labels.
func (l Labels) apply(scope *model.Scope, embeddings *Node, labels []*Node) Outcome {
	batch := metric.Batch{Embeddings: embeddings, Labels: labels[0], Positives: labels[1]}
	return Outcome(l.Objective.Apply(scope.At(ObjectiveLayer), batch))
}

// Collapsed implements [Watched].
func (l Labels) Collapsed() float64 { return l.Objective.Collapsed() }

// Easier implements [Watched]: the same objective with the first of the easier miners.
func (l Labels) Easier() (Task[*dataset.Batch], string, bool) {
	easier, what, ok := l.easier()
	return easier, what, ok
}

func (l Labels) easier() (easier Labels, what string, ok bool) {
	if len(l.Miners) == 0 {
		return l, "", false
	}
	l.Objective.Miner, l.Miners = l.Miners[0], l.Miners[1:]
	return l, "miner " + l.Objective.Miner.Name, true
}

// Outputs implements [Layered].
func (l Labels) Outputs(scope *model.Scope, inputs []*Node) []Output {
	return encoderOutputs(scope, l.Spec, inputs)
}

// Identity implements [Identified].
func (l Labels) Identity() string { return encoderIdentity(l.Spec) }
