package metric

import . "github.com/gomlx/gomlx/core/graph"

// FastAP is 1 minus an average precision of each anchor's ranking that can be differentiated (Cakir et al. 2019): from soft
// histograms of the distances with bins+1 bin centres from 0 to farthest,
//
//	1 − 1/N⁺ Σ_j H⁺_j h⁺_j / H_j
//
// where h⁺ counts the N⁺ same, h all others, and H⁺ and H add them up from distance 0. A distance is shared linearly by the two
// centres around it; one beyond farthest counts as farthest. The paper has the squared Euclidean distance of unit vectors,
// farthest 4 and 10 bins.
func FastAP(bins int, farthest float64) Loss {
	return Loss{Name: "fast_ap", Terms: func(p Pairs) []Terms {
		distances := MulScalar(MinScalar(p.Distances, farthest), float64(bins)/farthest) // in bins
		others := LogicalOr(p.Same, p.Different)
		var same, all, precision *Node // H⁺, H and the sum
		for centre := range bins + 1 {
			share := relu(OneMinus(Abs(AddScalar(distances, -float64(centre)))))
			here := sums(Masked(p.Same, share))
			same, all = plus(same, here), plus(all, sums(Masked(others, share)))
			some := GreaterThan(all, ZerosLike(all))
			precision = plus(precision, Masked(some, Div(Mul(same, here), Where(some, all, OnesLike(all)))))
		}
		positives := MaxScalar(counts(p.Same, precision), 1)
		return []Terms{PerAnchor(OneMinus(Div(precision, positives)), AnyOf(p.Same))}
	}}
}
