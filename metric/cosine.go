package metric

import . "github.com/gomlx/gomlx/core/graph"

// Cosine is 1 − a·b/(|a||b|), in [0, 2]. A vector of zeros is at distance 1 from all.
func Cosine() Distance {
	return Distance{
		Name:   "cosine",
		Matrix: func(a, b *Node) *Node { return OneMinus(products(unit(a), unit(b))) },
	}
}

// NegativeDot is −a·b: smaller is more alike, but it can be below 0 and has no lower bound. On unit vectors it is the cosine distance
// less 1; without unit length a long embedding is near to all that point its way.
func NegativeDot() Distance {
	return Distance{
		Name:   "negative_dot",
		Matrix: func(a, b *Node) *Node { return Neg(products(a, b)) },
	}
}

// products is a·bᵀ: a [n, d], b [m, d], giving [n, m].
func products(a, b *Node) *Node { return DotGeneral(a, []int{1}, nil, b, []int{1}, nil) }

// unit scales rows to length 1.
func unit(x *Node) *Node {
	return Mul(x, Reciprocal(Sqrt(AddScalar(ReduceAndKeep(Square(x), ReduceSum, -1), tiny))))
}
