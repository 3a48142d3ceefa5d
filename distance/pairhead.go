package distance

import (
	"fmt"
	"math"
)

// PairHeadName is the Name of a [PairHead], by which [ByName] does not know it: its weights make it.
const PairHeadName = "pair head"

// PairHead is one minus the probability of same that a learned, weighted L1 gives (Koch et al. 2015, section 3.1):
//
//	1 − σ(Σ_j α_j |a_j − b_j| + bias),   σ(x) = 1/(1+exp(−x))
//
// α is [d], and vectors of another length panic. Learned α may be negative, and equal vectors are at 1 − σ(bias), so it is no
// metric.
func PairHead(alpha []float32, bias float32) Distance {
	return checked(PairHeadName, func(a, b []float32) float64 {
		if len(a) != len(alpha) {
			panic(fmt.Sprintf("distance: pair head of %d weights on vectors of %d numbers", len(alpha), len(a)))
		}
		logit := float64(bias)
		for j, weight := range alpha {
			logit += float64(weight) * math.Abs(float64(a[j])-float64(b[j]))
		}
		return 1 / (1 + math.Exp(logit))
	})
}
