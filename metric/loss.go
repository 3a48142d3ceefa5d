package metric

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Loss turns pairs, or the triplets they make, into numbers to minimise.
type Loss struct {
	Name string
	// triplets says that the loss sees triplets, so that miners that keep triplets apply.
	triplets bool
	// proxies says that the pairs must be embeddings against one learned proxy per class.
	proxies bool
	// centers above 1 gives every class so many proxies, whose distances pool turns from [n, classes, centers] to
	// [n, classes].
	centers int
	pool    func(distances *Node) *Node
	// collapsed is a tuple's value when all distances are equal, 0 where that depends on the batch.
	collapsed float64
	// declare creates the variables in scope that the loss learns besides proxies; nil when there are none.
	declare func(scope *model.Scope)
	// terms are the loss's parts, which are reduced one by one and then added.
	terms func(p Pairs) []Terms
}

// Terms are one part of a loss, split by anchor, each [n]. Only Sum has a gradient.
type Terms struct {
	Sum    *Node // of the anchor's tuples' values
	Count  *Node // how many tuples the anchor has
	Active *Node // how many of them have a value above 0
	Seen   *Node // how many the anchor had before the miner or the loss left out some for their distances
	Labels *Node // the anchors' own; nil where the anchors are the batch's
}

// termsOf adds up values [n, m] where mask holds.
func termsOf(values, mask *Node) Terms {
	active := LogicalAnd(mask, GreaterThan(values, ZerosLike(values)))
	count := counts(mask, values)
	return Terms{Sum: sums(masked(mask, values)), Count: count, Active: counts(active, values), Seen: count}
}

// one makes terms of one value per anchor [n], where mask [n] holds.
func one(values, mask *Node) Terms {
	return termsOf(InsertAxes(values, 1), InsertAxes(mask, 1))
}

// counts is how many entries of each row of mask hold, as numbers of like's type.
func counts(mask, like *Node) *Node { return StopGradient(sums(number(mask, like))) }
