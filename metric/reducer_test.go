package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// reducerTable gives each reducer's result for anchors with sums 1, 2, 6, counts 2, 3, 5 and active 1, 0, 2.
var reducerTable = map[string]struct {
	reducer Reducer
	want    float64
}{
	"Sum":        {Sum(), 9},
	"Mean":       {Mean(), 0.9},
	"MeanActive": {MeanActive(), 3},
}

func TestReducers(t *testing.T) {
	table := [][]float64{{1, 2, 6}, {2, 3, 5}, {1, 0, 2}}
	for name, test := range reducerTable {
		got := run(t, func(x, _ *Node) []*Node {
			row := func(i int) *Node { return Reshape(Slice(x, AxisRange(i, i+1)), 3) }
			return []*Node{test.reducer.reduce(Terms{Sum: row(0), Count: row(1), Active: row(2)})}
		}, table, []int32{0, 0, 0})[0][0]
		if !near(got, test.want, 1e-12) {
			t.Errorf("%s = %v, want %v", name, got, test.want)
		}
	}
}

func TestReducersGiveZeroWithoutTuples(t *testing.T) {
	for name, test := range reducerTable {
		got := run(t, func(x, l *Node) []*Node {
			loss := Objective{SquaredEuclidean(), All(), Triplet(0.2), test.reducer, 0}.Apply(nil, x, l).Loss
			return append([]*Node{loss}, Gradient(loss, x)...)
		}, [][]float64{{1, 2}, {3, 4}}, []int32{0, 1})
		if got[0][0] != 0 || got[1][0] != 0 {
			t.Errorf("%s of a batch without triplets = %v with gradient %v, want 0 and 0", name, got[0], got[1])
		}
	}
}

func softplus64(x float64) float64 { return math.Log1p(math.Exp(x)) }
