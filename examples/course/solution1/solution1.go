// Package solution1 is one solution of exercise 1.
package solution1

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/examples/course/triplets"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// Solved are all parts of the exercise.
var Solved = triplets.Parts{
	Distance: distance, Loss: loss, Kind: kind, Triplets: list, GraphLoss: graphLoss, Spec: spec, Task: task,
}

func distance(a, b []float32) float64 {
	var sum float64
	for i := range a {
		difference := float64(a[i]) - float64(b[i])
		sum += difference * difference
	}
	return sum
}

func loss(ap, an, m float64) float64 { return max(ap-an+m, 0) }

func kind(ap, an, m float64) string {
	switch {
	case ap-an+m <= 0:
		return "easy"
	case ap < an:
		return "semi-hard"
	}
	return "hard"
}

func list(labels []int) [][3]int {
	var all [][3]int
	for a := range labels {
		for p := range labels {
			for n := range labels {
				if a != p && labels[a] == labels[p] && labels[a] != labels[n] {
					all = append(all, [3]int{a, p, n})
				}
			}
		}
	}
	return all
}

func graphLoss(ap, an *Node, m float64) *Node {
	return ReduceAllSum(MaxScalar(AddScalar(Sub(ap, an), m), 0))
}

func spec() encoder.Spec {
	s := encoder.Koch35()
	s.PairHead, s.Normalize = false, true
	return s
}

func task(spec encoder.Spec, m float64) train.Task[*dataset.Batch] {
	return train.Labels{Spec: spec, Objective: metric.Objective{
		Distance: metric.SquaredEuclidean(), Miner: metric.SemiHard(m), Loss: metric.Triplet(m), Reducer: metric.MeanActive(),
	}}
}
