package metric

import . "github.com/gomlx/gomlx/core/graph"

// Contrastive pulls same pairs within near and pushes different pairs beyond beyond (after Hadsell, Chopra and LeCun 2006,
// who have near 0 and the squares of these numbers with the Euclidean distance):
//
//	same: max(d − near, 0)      different: max(beyond − d, 0)
//
// Same and different pairs are reduced apart, so that with a mean the few same ones weigh as much as the many different.
func Contrastive(near, beyond float64) Loss {
	return Loss{Name: "contrastive", Terms: func(p Pairs) []Terms {
		pull := relu(AddScalar(p.Distances, -near))
		push := relu(AddScalar(Neg(p.Distances), beyond))
		return []Terms{TermsOf(pull, p.Same), TermsOf(push, p.Different)}
	}}
}
