package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/judge"
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

// embedOld lets the job's older model, if it has one, embed every image that is learned from.
func (t *training) embedOld(ctx context.Context) error {
	if t.job.Compatible == nil {
		return nil
	}
	model, err := siam.New(t.job.Compatible, siam.WithBackend(t.job.Backend))
	if err != nil {
		return fmt.Errorf("being compatible with another model: %w", err)
	}
	defer model.Close()
	t.old, err = judge.Embed(ctx, model, t.lesson.extended)
	return err
}

// compatibleHash is the hash of the older model, empty without one.
func (j Job) compatibleHash() string {
	if j.Compatible == nil {
		return ""
	}
	return j.Compatible.Hash
}

// asCompatible is the task that sees the older model's embeddings too.
func asCompatible(task train.Task[*dataset.Batch]) (train.Task[*dataset.Batch], error) {
	labels, ok := task.(train.Labels)
	if !ok {
		return nil, errors.New("being compatible with another model: only objectives that learn from labels can be")
	}
	return train.Compatible{Labels: labels}, nil
}
