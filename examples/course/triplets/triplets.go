// Package triplets checks exercise 1: the parts that turn a Siamese network into a triplet network.
package triplets

import (
	"context"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/examples/course/finding"
	"github.com/siam-go/siam/train"
)

// Parts are what a student writes; nil is what is not written yet.
type Parts struct {
	// Distance is d of equation (2): the squared Euclidean distance Σ (aᵢ − bᵢ)² of two embeddings of the same length.
	Distance func(a, b []float32) float64
	// Loss is equation (2) of one triplet, from its two distances and the margin: max{d(a,p) − d(a,n) + m; 0}.
	Loss func(ap, an, m float64) float64
	// Kind is "easy", "semi-hard" or "hard". Easy triplets have no loss; of the others, hard ones have a negative that is no farther
	// from the anchor than the positive is.
	Kind func(ap, an, m float64) string
	// Triplets lists the rows (a, p, n) of all triplets of a batch, in any order: p is another row of a's label, n a row of another.
	Triplets func(labels []int) [][3]int
	// GraphLoss is the sum of equation (2) over triplets in GoMLX's graph, from distances ap and an of shape [t]: a scalar.
	GraphLoss func(ap, an *Node, m float64) *Node
	// Spec is the encoder of the network given in class, [encoder.Koch35], made fit for triplets.
	Spec func() encoder.Spec
	// Task trains an encoder with equation (2).
	Task func(spec encoder.Spec, m float64) train.Task[*dataset.Batch]
}

// Check looks at every part, in the order of the tutorial.
func Check(ctx context.Context, p Parts) []finding.Finding {
	return []finding.Finding{
		checkDistance(p), checkLoss(p), checkKind(p), checkTriplets(p), checkGraphLoss(p), checkSpec(p), checkTask(ctx, p),
	}
}
