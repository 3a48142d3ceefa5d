package metric

import . "github.com/gomlx/gomlx/core/graph"

// Loss turns pairs, or the triplets they make, into numbers to minimise.
type Loss struct {
	Name string
	// triplets says that the loss sees triplets, so that miners that keep triplets by their gap apply.
	triplets bool
	// collapsed is a tuple's value when all distances are equal, 0 where that depends on the batch.
	collapsed float64
	// terms splits the loss by anchor. keep is the miner's choice of triplets, nil for all.
	terms func(p Pairs, keep func(gap *Node) *Node) Terms
}

// Terms are a loss split by anchor, each [n]. Only Sum has a gradient.
type Terms struct {
	Sum    *Node // of the anchor's tuples' values
	Count  *Node // how many tuples the anchor has
	Active *Node // how many of them have a value above 0
	Seen   *Node // how many the anchor had before the miner left out some for their gap
}

// termsOf adds up values [n, m] where mask holds.
func termsOf(values, mask *Node) Terms {
	active := LogicalAnd(mask, GreaterThan(values, ZerosLike(values)))
	count := StopGradient(sums(number(mask, values)))
	return Terms{
		Sum:    sums(masked(mask, values)),
		Count:  count,
		Active: StopGradient(sums(number(active, values))),
		Seen:   count,
	}
}

// one makes terms of one value per anchor [n], where mask [n] holds.
func one(values, mask *Node) Terms {
	return termsOf(InsertAxes(values, 1), InsertAxes(mask, 1))
}

// relu is max(x, 0).
func relu(x *Node) *Node { return MaxScalar(x, 0) }
