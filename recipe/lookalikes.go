package recipe

import (
	"context"
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

// look finds what the network takes for one another now.
func (e *embedding) look(ctx context.Context) (*dataset.Lookalikes, error) {
	items := dataset.Look(e.extended, lookedAt, e.job.Seed+uint64(e.trainer.Done()))
	var embeddings [][]float32
	for some := range slices.Chunk(items, atOnce) {
		chosen := make([]dataset.Item, len(some))
		for i, item := range some {
			chosen[i] = e.extended.Items[item]
		}
		rows, err := e.embedder.Embed(ctx, prepared(e.spec.Preprocess, chosen))
		if err != nil {
			return nil, err
		}
		embeddings = append(embeddings, rows...)
	}
	if e.spec.PairHead {
		if err := e.weigh(embeddings); err != nil {
			return nil, err
		}
	}
	return dataset.NewLookalikes(e.extended, items, embeddings, neighbours)
}

// weigh multiplies embeddings by the sizes of the pair head's weights, so that what the head looks at counts.
func (e *embedding) weigh(embeddings [][]float32) error {
	weights, err := e.trainer.Weights()
	if err != nil {
		return err
	}
	alpha, _, err := encoder.HeadWeights(weights, e.spec.Dim)
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
