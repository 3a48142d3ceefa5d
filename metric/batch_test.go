package metric

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

func TestPositivesListsTheOthersOfALabel(t *testing.T) {
	for _, test := range []struct {
		labels, want []int32
	}{
		{[]int32{3, 5, 3}, []int32{2, -1, 0}},
		{[]int32{1, 2}, []int32{-1, -1}},
		{[]int32{7, 7, 7, 7, 0}, []int32{1, 2, 3, -1, 0, 2, 3, -1, 0, 1, 3, -1, 0, 1, 2, -1, -1, -1, -1, -1}},
	} {
		if got := Positives(test.labels); !slices.Equal(got, test.want) {
			t.Errorf("Positives(%v) = %v, want %v", test.labels, got, test.want)
		}
	}
}

// Losses of triplets give the same, with every miner, whether the positives are listed or not.
func TestListedPositivesChangeNothing(t *testing.T) {
	e, labels := batch(12, 3, true)
	list := Positives(labels)
	losses := map[string]Loss{"triplet": Triplet(0.2), "soft": SoftMarginTriplet(), "quadruplet": Quadruplet(0.2, 0.1)}
	for name, row := range minerTable {
		for kind, loss := range losses {
			o := Objective{Distance: SquaredEuclidean(), Miner: row.miner, Loss: loss, Reducer: MeanActive()}
			outcome := func(listed bool) [][]float64 {
				return compile(t, func(scope *model.Scope, x, l *Node) []*Node {
					b := Batch{Embeddings: x, Labels: l}
					if listed {
						b.Positives = Reshape(Const(x.Graph(), list), len(labels), -1)
					}
					out := o.Apply(scope.In("objective"), b)
					return append([]*Node{out.Loss, out.Active, out.Typical}, Gradient(out.Loss, x)...)
				}).run(e, labels)
			}
			got, want := outcome(true), outcome(false)
			for i := range want {
				for k := range want[i] {
					if !near(got[i][k], want[i][k], 1e-9) {
						t.Errorf("%s with %s: output %d[%d] = %v with positives listed, want %v", kind, name, i, k, got[i][k], want[i][k])
					}
				}
			}
		}
	}
}
