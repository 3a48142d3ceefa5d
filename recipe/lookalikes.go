package recipe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// How a training looks for what the network takes for one another.
const (
	lookedAt   = 8   // images of a class, at most
	neighbours = 20  // look-alikes that are kept of a class
	atOnce     = 512 // images that are prepared together
)

// prepareRound loads the steps up to the next look through the data set, or to the end. Each look is at the weights of a step that
// is a multiple of Refresh, and a checkpoint holds what it found, so that a resumed training sees the same batches.
func (t *training) prepareRound(ctx context.Context) error {
	s, done := t.recipe.Settings, t.trainer.Done()
	if s.Refresh == 0 {
		return t.load(s.Steps)
	}
	if done > 0 && done%s.Refresh == 0 {
		var err error
		if t.index, err = t.look(ctx); err != nil {
			return fmt.Errorf("looking for look-alikes: %w", err)
		}
	}
	return t.load(min(s.Steps, (done/s.Refresh+1)*s.Refresh))
}

// look finds what the network takes for one another now.
func (t *training) look(ctx context.Context) (*dataset.Lookalikes, error) {
	items := dataset.Look(t.lesson.extended, lookedAt, t.job.Seed+uint64(t.trainer.Done()))
	prepare := t.spec.Preprocess
	size := prepare.Size()
	var embeddings [][]float32
	for some := range slices.Chunk(items, atOnce) {
		input := make([]float32, len(some)*size)
		for i, item := range some {
			prepare.Apply(input[i*size:(i+1)*size], t.lesson.extended.Items[item].Pixels())
		}
		rows, err := t.embedder.Embed(ctx, input)
		if err != nil {
			return nil, err
		}
		embeddings = append(embeddings, rows...)
	}
	if t.spec.PairHead {
		if err := t.weigh(embeddings); err != nil {
			return nil, err
		}
	}
	return dataset.NewLookalikes(t.lesson.extended, items, embeddings, neighbours)
}

// weigh multiplies embeddings by the sizes of the pair head's weights, so that what the head looks at counts.
func (t *training) weigh(embeddings [][]float32) error {
	weights, err := t.trainer.Weights()
	if err != nil {
		return err
	}
	alpha, _, err := encoder.HeadWeights(weights, t.spec.Dim)
	if err != nil {
		return err
	}
	for _, row := range embeddings {
		for j, a := range alpha {
			row[j] *= float32(math.Abs(float64(a)))
		}
	}
	return nil
}
