package metric

import . "github.com/gomlx/gomlx/core/graph"

// L1 is Σ |a_j − b_j|. Its matrix needs n·m·d numbers.
func L1() Distance {
	return Distance{
		Name: "l1",
		Matrix: func(a, b *Node) *Node {
			return ReduceSum(Abs(Sub(InsertAxes(a, 1), InsertAxes(b, 0))), -1)
		},
	}
}
