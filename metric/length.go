package metric

import . "github.com/gomlx/gomlx/core/graph"

// Length adds weight times the mean of the embeddings' squared lengths, which keeps those of a loss of dot products from
// growing (Sohn 2016, section 3.2.2). It is constant where the encoder scales embeddings to length 1.
func Length(weight float64) Regularizer {
	return Regularizer{Name: "length", Penalty: func(s Subject) *Node {
		return MulScalar(ReduceAllMean(sums(Square(s.Embeddings))), weight)
	}}
}
