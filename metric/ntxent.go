package metric

import . "github.com/gomlx/gomlx/core/graph"

// NTXent is the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020, equation 1), also known as InfoNCE
// (van den Oord, Li and Vinyals 2018): for each same pair,
//
//	−log( exp(−d_p/τ) / (exp(−d_p/τ) + Σ_{n different} exp(−d_n/τ)) )
//
// The other positives of the anchor have no part in it. The paper has the cosine distance and temperatures τ from 0.1 to 0.5.
func NTXent(temperature float64) Loss {
	return Loss{Name: "nt_xent", Terms: func(p Pairs) []Terms { return []Terms{infoNCE(p, temperature)} }}
}

func infoNCE(p Pairs, temperature float64) Terms {
	logits := MulScalar(p.Distances, -1/temperature)
	negatives := InsertAxes(LogSumExp(logits, p.Different), 1)
	some := InsertAxes(AnyOf(p.Different), 1)
	values := softplus(Sub(negatives, logits)) // log(1 + exp(negatives − positive))
	return TermsOf(values, LogicalAnd(p.Same, some))
}
