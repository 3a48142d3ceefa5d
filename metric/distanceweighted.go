package metric

import . "github.com/gomlx/gomlx/core/graph"

// DistanceWeighted draws negatives with a probability that evens out their distances (Wu et al. 2017, "Sampling Matters",
// section 4): proportional to 1/q(x), where
//
//	q(x) = x^(d−2) (1 − x²/4)^((d−3)/2)
//
// is how often random points on the unit sphere of d dimensions lie at the Euclidean distance x. Distances below near count as
// near and those above beyond, which is less than 2, as beyond; the paper has 0.5, and its authors' code 1.4, where a negative
// teaches nothing more. Whatever the objective's distance, x is that of the embeddings scaled to length 1.
//
// All positives are kept. Each negative is drawn on its own, so that an anchor gets as many as it has positives on average,
// or fewer where some are certain; the paper draws exactly as many, and the same one more than once. The draws come from the
// random numbers of the model's store.
func DistanceWeighted(near, beyond float64) Miner {
	return Miner{Name: "distance_weighted", Embeddings: true, Pick: func(p Pairs) Pairs {
		squared := MulScalar(StopGradient(Cosine().Matrix(p.Anchors, p.Others)), 2)
		squared = MinScalar(MaxScalar(squared, near*near), beyond*beyond)
		d := float64(p.Anchors.Shape().Dim(1))
		logWeight := Sub(
			MulScalar(Log(squared), (2-d)/2),
			MulScalar(Log1p(MulScalar(squared, -0.25)), (d-3)/2))
		p.Different = LogicalAnd(p.Different, p.drawn(logWeight))
		return p
	}}
}

// drawn is true at an entry [n, m] with the probability that is its part of exp(logWeight) over the different pairs of its row,
// times the number of same pairs.
func (p Pairs) drawn(logWeight *Node) *Node {
	part := Exp(Sub(logWeight, InsertAxes(LogSumExp(logWeight, p.Different), 1)))
	chance := Mul(part, InsertAxes(counts(p.Same, part), 1))
	return LessThan(p.Scope.RandomUniform(part.Graph(), part.Shape()), StopGradient(chance))
}
