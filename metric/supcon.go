package metric

import . "github.com/gomlx/gomlx/core/graph"

// SupCon is the supervised contrastive loss (Khosla et al. 2020, equation 2): for each anchor with positives P,
//
//	−1/|P| Σ_{p∈P} log( exp(−d_p/τ) / Σ_k exp(−d_k/τ) )
//
// where k runs over all others, same and different. With the cosine distance it is the paper's, since a constant added to
// all distances cancels. temperature τ is 0.1 in the paper.
func SupCon(temperature float64) Loss {
	return Loss{Name: "supcon", Terms: func(p Pairs) []Terms {
		logits := MulScalar(p.Distances, -1/temperature)
		positives := counts(p.Same, logits)
		mean := Div(sums(Masked(p.Same, logits)), MaxScalar(positives, 1))
		all := LogSumExp(logits, LogicalOr(p.Same, p.Different))
		return []Terms{PerAnchor(Sub(all, mean), AnyOf(p.Same))}
	}}
}
