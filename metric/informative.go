package metric

import . "github.com/gomlx/gomlx/core/graph"

// Informative is the miner of the multi-similarity loss (Wang et al. 2019, equations 8 and 9): it keeps the positives
// farther than the nearest negative less slack, and the negatives nearer than the farthest positive plus slack. The paper
// has the cosine distance and slack 0.1.
func Informative(slack float64) Miner {
	return Miner{Name: "multi_similarity", Pick: func(p Pairs) Pairs {
		distances := StopGradient(p.Distances)
		low := ReduceAndKeep(Where(p.Different, distances, scalars(distances, far)), ReduceMin, -1)
		high := ReduceAndKeep(Where(p.Same, distances, scalars(distances, -far)), ReduceMax, -1)
		p.Same = LogicalAnd(p.Same, GreaterThan(distances, AddScalar(low, -slack)))
		p.Different = LogicalAnd(p.Different, LessThan(distances, AddScalar(high, slack)))
		return p
	}}
}
