package metric

import . "github.com/gomlx/gomlx/core/graph"

// SquaredEuclidean is Σ (a_j − b_j)². On unit vectors it is twice the cosine distance and lies in [0, 4].
func SquaredEuclidean() Distance {
	return Distance{"squared_euclidean", squaredMatrix}
}

// Euclidean is √(Σ (a_j − b_j)²). Its gradient at equal embeddings is 0.
func Euclidean() Distance {
	return Distance{
		Name:   "euclidean",
		Matrix: func(a, b *Node) *Node { return SafeSqrt(squaredMatrix(a, b)) },
	}
}

// squaredMatrix is |a|² − 2a·b + |b|², at least 0: rounding can make it negative.
func squaredMatrix(a, b *Node) *Node {
	aa := ReduceAndKeep(Square(a), ReduceSum, -1)
	bb := ReduceSum(Square(b), -1)
	return MaxScalar(Add(Sub(aa, MulScalar(products(a, b), 2)), InsertAxes(bb, 0)), 0)
}

// SafeSqrt is √x with gradient 0 where x is below tiny.
func SafeSqrt(x *Node) *Node {
	positive := GreaterThan(x, Scalar(x.Graph(), x.DType(), tiny))
	return Where(positive, Sqrt(Where(positive, x, OnesLike(x))), ZerosLike(x))
}
