package metric

import . "github.com/gomlx/gomlx/core/graph"

// Center adds weight times the mean over embeddings of ½‖x − c‖², where c is the mean of the batch's embeddings of x's label
// (the centre loss of Wen et al. 2016, equation 2, with the batch's centres in place of remembered ones).
func Center(weight float64) Regularizer {
	return Regularizer{Name: "center", Penalty: func(s Subject) *Node {
		together := number(equal(s.Labels, s.Labels), s.Embeddings) // [n, n]
		share := Div(together, InsertAxes(sums(together), 1))
		centers := DotGeneral(share, []int{1}, nil, s.Embeddings, []int{0}, nil)
		return MulScalar(ReduceAllMean(sums(Square(Sub(s.Embeddings, centers)))), weight/2)
	}}
}
