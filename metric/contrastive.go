package metric

import . "github.com/gomlx/gomlx/core/graph"

// Contrastive pulls same pairs within near and pushes different pairs beyond beyond (after Hadsell, Chopra and LeCun 2006):
//
//	same: max(d − near, 0)      different: max(beyond − d, 0)
func Contrastive(near, beyond float64) Loss {
	return Loss{Name: "contrastive", terms: func(p Pairs, _ func(*Node) *Node) Terms {
		same := relu(AddScalar(p.Distances, -near))
		different := relu(AddScalar(Neg(p.Distances), beyond))
		return termsOf(Where(p.Same, same, different), LogicalOr(p.Same, p.Different))
	}}
}
