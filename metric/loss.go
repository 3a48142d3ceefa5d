package metric

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Loss turns pairs, or the triplets they make, into numbers to minimise. A loss of one's own is a Name and Terms; the rest is for
// losses that need it.
type Loss struct {
	Name string
	// Terms are the loss's parts, which are reduced one by one and then added: those of [TermsOf], [PerAnchor] or
	// [Pairs.TripletTerms]. No value may be NaN or infinite, in its gradient neither, whatever the embeddings.
	Terms func(p Pairs) []Terms
	// Triplets says that the loss sees triplets, by [Pairs.TripletTerms], so that miners that keep triplets apply.
	Triplets bool
	// Proxies says that the pairs must be embeddings against one learned proxy per class.
	Proxies bool
	// Centers above 1 gives every class so many proxies, whose distances Pool turns from [n, classes, Centers] to
	// [n, classes].
	Centers int
	Pool    func(distances *Node) *Node
	// Collapsed is a tuple's value when all distances are equal, 0 where that depends on the batch. The watch for collapse looks at it.
	Collapsed float64
	// Declare creates the variables in scope that the loss learns besides proxies, by [Variable]; nil when there are none. Terms find
	// them again in Pairs.Scope.
	Declare func(scope *model.Scope)
}

// Terms are one part of a loss, split by anchor, each [n]. Only Sum has a gradient.
type Terms struct {
	Sum    *Node // of the anchor's tuples' values
	Count  *Node // how many tuples the anchor has
	Active *Node // how many of them have a value above 0
	Seen   *Node // how many the anchor had before the miner or the loss left out some for their distances
	Labels *Node // the anchors' own; nil where the anchors are the batch's
}

// TermsOf adds up, by anchor, values [n, m] where mask holds.
func TermsOf(values, mask *Node) Terms {
	active := LogicalAnd(mask, GreaterThan(values, ZerosLike(values)))
	count := counts(mask, values)
	return Terms{Sum: sums(Masked(mask, values)), Count: count, Active: counts(active, values), Seen: count}
}

// PerAnchor makes terms of one value per anchor [n], where mask [n] holds.
func PerAnchor(values, mask *Node) Terms {
	return TermsOf(InsertAxes(values, 1), InsertAxes(mask, 1))
}

// counts is how many entries of each row of mask hold, as numbers of like's type.
func counts(mask, like *Node) *Node { return StopGradient(sums(number(mask, like))) }
