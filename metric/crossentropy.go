package metric

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// CrossEntropy is the binary cross-entropy of pairs, from logits [p], with same [p] 1 for same and 0 for different:
//
//	−(y log σ(x) + (1−y) log(1−σ(x))) = max(x, 0) − x·y + log(1 + exp(−|x|))
//
// The lecture's equation 1 and Koch et al. 2015 print it without the minus sign. The right-hand form never overflows.
func CrossEntropy(logits, same *Node) Terms {
	values := Sub(softplus(logits), Mul(logits, same))
	return PerAnchor(values, Equal(values, values)) // every pair counts
}

// Penalty is Σ_l λ_l ‖w_l‖² over layers' weights, with one λ per layer.
func Penalty(weights []*Node, lambda []float64) *Node {
	if len(weights) != len(lambda) || len(weights) == 0 {
		panic(fmt.Sprintf("metric: Penalty of %d layers with %d lambdas, want as many, and one at least", len(weights), len(lambda)))
	}
	var total *Node
	for i, w := range weights {
		term := MulScalar(ReduceAllSum(Square(w)), lambda[i])
		if total == nil {
			total = term
		} else {
			total = Add(total, term)
		}
	}
	return total
}
