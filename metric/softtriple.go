package metric

import . "github.com/gomlx/gomlx/core/graph"

// SoftTriple gives every class k proxies (Qian et al. 2019): the distance to a class is the mean of the
// distances to its proxies, weighted by softmax(−d/γ), and the loss is that of [CosFace] with those distances. The paper has
// the cosine distance, scale 20, γ 0.1, margin 0.01, 10 proxies and the regularizer [SparseCenters]; see also [SubCenters].
func SoftTriple(scale, gamma, margin float64, k int) Loss {
	loss := CosFace(margin, scale)
	loss.Name = "soft_triple"
	loss.Centers = k
	loss.Pool = func(distances *Node) *Node {
		return ReduceSum(Mul(Softmax(MulScalar(distances, -1/gamma), -1), distances), -1)
	}
	return loss
}
