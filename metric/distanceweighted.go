package metric

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// DistanceWeighted draws as many negatives for each anchor as it has positives, without putting back, with a probability
// that evens out their distances (Wu et al. 2017, "Sampling Matters", section 4): proportional to 1/q(x), where
//
//	q(x) = x^(d−2) (1 − x²/4)^((d−3)/2)
//
// is how often random points on the unit sphere of d dimensions lie at the Euclidean distance x. Distances below near count as
// near and those above beyond, which is less than 2, as beyond; the paper has 0.5, and its authors' code 1.4, where a negative
// teaches nothing more.
// Whatever the objective's distance, x is that of the embeddings scaled to length 1. All positives are kept.
//
// The draws come from the random numbers of the model's store.
func DistanceWeighted(near, beyond float64) Miner {
	return Miner{Name: "distance_weighted", embeddings: true, pick: func(p Pairs) Pairs {
		squared := MulScalar(StopGradient(Cosine().Matrix(p.Anchors, p.Others)), 2)
		squared = MinScalar(MaxScalar(squared, near*near), beyond*beyond)
		d := float64(p.Anchors.Shape().Dim(1))
		logWeight := Sub(
			MulScalar(Log(squared), (2-d)/2),
			MulScalar(Log1p(MulScalar(squared, -0.25)), (d-3)/2))
		p.Different = p.drawn(logWeight)
		return p
	}}
}

// drawn narrows the different pairs of each row to as many as there are same ones, drawn without putting back with
// probabilities proportional to exp(logWeight): the largest of logWeight plus Gumbel noise (Efraimidis and Spirakis 2006 in
// logarithms).
func (p Pairs) drawn(logWeight *Node) *Node {
	g := logWeight.Graph()
	uniform := MaxScalar(p.scope.RandomUniform(g, logWeight.Shape()), tiny)
	key := StopGradient(Sub(logWeight, Log(Neg(Log(uniform)))))
	key = Where(p.Different, key, scalars(key, -far))
	wanted := AddScalar(counts(p.Same, key), -1) // index of the last one to take, of the keys in falling order
	last := Equal(Iota(g, key.Shape(), 1), InsertAxes(wanted, 1))
	threshold := sums(masked(last, Sort(key, -1, false)))
	some := InsertAxes(anyOf(p.Same), 1)
	return LogicalAnd(LogicalAnd(p.Different, some), GreaterOrEqual(key, InsertAxes(threshold, 1)))
}
