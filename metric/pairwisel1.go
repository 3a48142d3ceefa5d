package metric

import . "github.com/gomlx/gomlx/core/graph"

// PairwiseL1 compares every embedding of e [n, d] with every other by L1 distance with a weight alpha [d] for each unit,
// giving [n, n] (Koch, Zemel & Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", 2015, §3.1,
// without the sigmoid and the bias):
//
//	D[i,j] = Σ_k alpha_k·|e_ik − e_jk|
//
// It is differentiable in both; |x|′ is 1 at 0, and the two halves of an embedding compared with itself cancel. Package cpu
// recognises this formula and runs it and its gradients in n²·d steps with n·d numbers of memory. GoMLX's Go backend keeps
// n²·d numbers.
func PairwiseL1(e, alpha *Node) *Node {
	differences := Abs(Sub(InsertAxes(e, 1), InsertAxes(e, 0)))
	return ReduceSum(Mul(differences, InsertAxes(alpha, 0, 0)), -1)
}
