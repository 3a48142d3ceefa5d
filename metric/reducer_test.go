package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// reducerTable gives each reducer's result for anchors with sums 1, 2, 6, counts 2, 3, 5, active 1, 0, 2 and labels 0, 1, 0.
var reducerTable = map[string]struct {
	reducer Reducer
	want    float64
}{
	"Sum":        {Sum(), 9},
	"Divisor":    {Divisor(4), 2.25},
	"Mean":       {Mean(), 0.9},
	"MeanActive": {MeanActive(), 3},
	"PerClass":   {PerClass(), (7.0/7 + 2.0/3) / 2},
}

func TestReducers(t *testing.T) {
	table := [][]float64{{1, 2, 6}, {2, 3, 5}, {1, 0, 2}}
	for name, test := range reducerTable {
		got := run(t, func(x, l *Node) []*Node {
			row := func(i int) *Node { return Reshape(Slice(x, AxisRange(i, i+1)), 3) }
			return []*Node{test.reducer.Reduce(Terms{Sum: row(0), Count: row(1), Active: row(2), Labels: l})}
		}, table, []int32{0, 1, 0})[0][0]
		if !near(got, test.want, 1e-12) {
			t.Errorf("%s = %v, want %v", name, got, test.want)
		}
	}
}

func TestReducersGiveZeroWithoutTuples(t *testing.T) {
	for name, test := range reducerTable {
		got := run(t, func(x, l *Node) []*Node {
			loss := Objective{Distance: SquaredEuclidean(), Loss: Triplet(0.2), Reducer: test.reducer}.Apply(nil, Batch{Embeddings: x, Labels: l}).Loss
			return append([]*Node{loss}, Gradient(loss, x)...)
		}, [][]float64{{1, 2}, {3, 4}}, []int32{0, 1})
		if got[0][0] != 0 || got[1][0] != 0 {
			t.Errorf("%s of a batch without triplets = %v with gradient %v, want 0 and 0", name, got[0], got[1])
		}
	}
}

func TestPerClassLeavesOutClassesWithoutTuples(t *testing.T) {
	got := run(t, func(x, l *Node) []*Node {
		row := func(i int) *Node { return Reshape(Slice(x, AxisRange(i, i+1)), 3) }
		return []*Node{PerClass().Reduce(Terms{Sum: row(0), Count: row(1), Labels: l})}
	}, [][]float64{{4, 0, 1}, {2, 0, 1}}, []int32{7, 3, 5})[0][0]
	if want := (4.0/2 + 1) / 2; got != want {
		t.Errorf("PerClass of classes with means 2, none and 1 = %v, want %v", got, want)
	}
}

func softplus64(x float64) float64 { return math.Log1p(math.Exp(x)) }
