package metric

import . "github.com/gomlx/gomlx/core/graph"

// SparseCenters pulls the k proxies of a class together, so that those not needed merge (Qian et al. 2019, "SoftTriple", whose
// weight τ is 0.2): over C classes and their proxies w scaled to length 1 it adds
//
//	weight / (C k (k−1)) · Σ_classes Σ_{s<t} √(2 − 2 w_s·w_t)
//
// It is for losses with several proxies per class, such as [SoftTriple].
func SparseCenters(weight float64) Regularizer {
	return Regularizer{Name: "sparse_centers", Centers: 2, Penalty: func(s Subject) *Node {
		classes, k := s.Proxies.Shape().Dim(0), s.Proxies.Shape().Dim(1)
		w := unit(s.Proxies)
		products := DotGeneral(w, []int{2}, []int{0}, w, []int{2}, []int{0}) // [classes, k, k]
		distances := SafeSqrt(relu(MulScalar(OneMinus(products), 2)))
		others := LogicalNot(equal(count(w.Graph(), k), count(w.Graph(), k)))
		twice := ReduceAllSum(Mul(distances, InsertAxes(number(others, w), 0)))
		return MulScalar(twice, weight/float64(2*classes*k*(k-1)))
	}}
}
