package metric

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// L1 is Σ |a_j − b_j|. Its matrix needs n·m·d numbers.
func L1() Distance {
	return Distance{
		Name: "l1",
		Matrix: func(a, b *Node) *Node {
			return ReduceSum(Abs(Sub(InsertAxes(a, 1), InsertAxes(b, 0))), -1)
		},
		Rows: func(a, b *Node) *Node { return ReduceSum(Abs(Sub(a, b)), -1) },
		Of: func(a, b []float32) float32 {
			var sum float64
			for j := range a {
				sum += math.Abs(float64(a[j]) - float64(b[j]))
			}
			return float32(sum)
		},
	}
}
