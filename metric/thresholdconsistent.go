package metric

import . "github.com/gomlx/gomlx/core/graph"

// ThresholdConsistent is the threshold-consistent margin loss (Zhang et al. 2024): it sees only the same pairs at near or
// farther and the different pairs at beyond or nearer, so that one threshold serves all classes:
//
//	same: d − near      different: beyond − d
//
// each of them a mean over the pairs it sees, with [Mean]. It is made to be added to another loss, with [Also]. The paper has
// the cosine distance, near 0.1 and beyond 0.5 (its margins 0.9 and 0.5 are similarities), and weight 1.
func ThresholdConsistent(near, beyond float64) Loss {
	return Loss{Name: "threshold_consistent", Terms: func(p Pairs) []Terms {
		hard := func(excess, mask *Node) Terms {
			terms := TermsOf(excess, LogicalAnd(mask, LogicalNot(below(excess, 0))))
			terms.Seen = counts(mask, excess)
			return terms
		}
		return []Terms{
			hard(AddScalar(p.Distances, -near), p.Same),
			hard(AddScalar(Neg(p.Distances), beyond), p.Different),
		}
	}}
}
