package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/train"
)

// compatible is spec with embeddings as long as those of the job's older model, with which they are to be compared.
func (j Job) compatible(spec encoder.Spec) (encoder.Spec, error) {
	if j.Compatible == nil {
		return spec, nil
	}
	old, err := encoder.SpecOf(j.Compatible)
	switch {
	case err != nil:
		return spec, fmt.Errorf("being compatible with another model: %w", err)
	case old.PairHead || spec.PairHead:
		return spec, errors.New("being compatible with another model: a pair head compares no other model's embeddings")
	case !old.Normalize:
		return spec, errors.New("being compatible with another model: its embeddings are not scaled to length 1")
	}
	spec.Dim = old.Dim
	return spec, nil
}

// embedOld lets the job's older model, if it has one, embed all that is learned from.
func (j Job) embedOld(ctx context.Context, set *dataset.Set) ([][]float32, error) {
	if j.Compatible == nil {
		return nil, nil
	}
	embeddings, err := j.embedWith(ctx, j.Compatible, set)
	if err != nil {
		return nil, fmt.Errorf("being compatible with another model: %w", err)
	}
	return embeddings, nil
}

// asCompatible is the task that sees the older model's embeddings too.
func asCompatible(task train.Task[*dataset.Batch]) (train.Task[*dataset.Batch], error) {
	labels, ok := task.(train.Labels)
	if !ok {
		return nil, errors.New("being compatible with another model: only objectives that learn from labels can be")
	}
	return train.Compatible{Labels: labels}, nil
}
