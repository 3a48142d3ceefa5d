package metric

import . "github.com/gomlx/gomlx/core/graph"

// MultiSimilarity is the loss of Wang et al. 2019 (equation 11), written with distances: for each anchor
//
//	1/α log(1 + Σ_same exp(α(d − center))) + 1/β log(1 + Σ_different exp(−β(d − center)))
//
// The paper has the cosine distance, α = 2, β = 50 and center = 0.5 (its λ is 1 − center), after [Informative].
func MultiSimilarity(alpha, beta, center float64) Loss {
	return Loss{Name: "multi_similarity", Terms: func(p Pairs) []Terms {
		offset := AddScalar(p.Distances, -center)
		same := onePlusSum(MulScalar(offset, alpha), p.Same)
		different := onePlusSum(MulScalar(offset, -beta), p.Different)
		values := Add(MulScalar(same, 1/alpha), MulScalar(different, 1/beta))
		return []Terms{PerAnchor(values, LogicalOr(AnyOf(p.Same), AnyOf(p.Different)))}
	}}
}

// onePlusSum is log(1 + Σ exp(x)) over the entries of each row in mask, giving [n]; 0 for a row without any.
func onePlusSum(x, mask *Node) *Node {
	return Masked(AnyOf(mask), softplus(LogSumExp(x, mask)))
}
