package metric

import . "github.com/gomlx/gomlx/core/graph"

// ZeroMean adds weight times the mean over embeddings of |Σ_j x_j|, which pulls the mean of an embedding's components to 0, as
// the distance [SNR] supposes (Yuan et al. 2019).
func ZeroMean(weight float64) Regularizer {
	return Regularizer{Name: "zero_mean", Penalty: func(s Subject) *Node {
		return MulScalar(ReduceAllMean(Abs(sums(s.Embeddings))), weight)
	}}
}
