package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/train"
)

// beCompatible prepares a training whose embeddings are to be compared with those of the job's older model: they become as long as
// the older ones, and the older model embeds every image that is learned from.
func (t *training) beCompatible(ctx context.Context) error {
	old := t.job.Compatible
	switch {
	case old == nil:
		return nil
	case old.Spec.PairHead || t.spec.PairHead:
		return errors.New("being compatible with another model: a pair head compares no other model's embeddings")
	case !old.Spec.Normalize:
		return errors.New("being compatible with another model: its embeddings are not scaled to length 1")
	}
	model, err := siam.New(old, siam.WithBackend(t.job.Backend))
	if err != nil {
		return fmt.Errorf("being compatible with another model: %w", err)
	}
	defer model.Close()
	t.old, err = judge.Embed(ctx, model, t.extended)
	return err
}

// compatibleHash is the hash of the older model, empty without one.
func (j Job) compatibleHash() string {
	if j.Compatible == nil {
		return ""
	}
	return j.Compatible.Hash
}

// asCompatible makes the objective see the older model's embeddings too.
func asCompatible(config *train.Config) error {
	labels, ok := config.Objective.(train.Labels)
	if !ok {
		return errors.New("being compatible with another model: only objectives that learn from labels can be")
	}
	config.Objective = train.Compatible{Labels: labels}
	return nil
}
