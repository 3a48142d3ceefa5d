package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

func TestCrossEntropyMatchesItsDefinition(t *testing.T) {
	logits := []float64{-3, -0.5, 0, 0.25, 2, 0}
	same := []float64{0, 1, 1, 0, 1, 0}
	got := run(t, func(x, _ *Node) []*Node {
		row := func(i int) *Node { return Reshape(Slice(x, AxisRange(i, i+1)), len(logits)) }
		terms := CrossEntropy(row(0), row(1))
		return append([]*Node{terms.Sum, terms.Count}, Gradient(ReduceAllSum(terms.Sum), x)...)
	}, [][]float64{logits, same}, []int32{0})
	for i, x := range logits {
		p := 1 / (1 + math.Exp(-x))
		want := -(same[i]*math.Log(p) + (1-same[i])*math.Log(1-p))
		if !near(got[0][i], want, 1e-12) || got[1][i] != 1 {
			t.Errorf("CrossEntropy(%v, %v) = %v, count %v; want %v, 1", x, same[i], got[0][i], got[1][i], want)
		}
		if slope := p - same[i]; !near(got[2][i], slope, 1e-12) {
			t.Errorf("derivative at (%v, %v) = %v, want %v", x, same[i], got[2][i], slope)
		}
	}
}

func TestCrossEntropyFallsWhenThePredictionImproves(t *testing.T) {
	got := run(t, func(x, _ *Node) []*Node { return []*Node{CrossEntropy(Reshape(x, 2), OnesLike(Reshape(x, 2))).Sum} },
		[][]float64{{-1, 4}}, []int32{0})[0]
	if !(got[0] > got[1]) || got[1] < 0 {
		t.Errorf("losses of a same pair at logits -1 and 4 = %v, want them falling and above 0", got)
	}
}

func TestCrossEntropyStaysFiniteAtLargeLogits(t *testing.T) {
	got := run(t, func(x, _ *Node) []*Node {
		logits := Reshape(x, 2)
		terms := CrossEntropy(logits, OnesLike(logits))
		return append([]*Node{terms.Sum}, Gradient(ReduceAllSum(terms.Sum), x)...)
	}, [][]float64{{-1e5, 1e5}}, []int32{0})
	if got[0][0] != 1e5 || got[0][1] != 0 || got[1][0] != -1 || got[1][1] != 0 {
		t.Errorf("losses %v and derivatives %v, want [100000 0] and [-1 0]", got[0], got[1])
	}
}

func TestPenaltyHasOneLambdaPerLayer(t *testing.T) {
	got := run(t, func(x, _ *Node) []*Node {
		total := Penalty([]*Node{Slice(x, AxisRange(0, 1)), Slice(x, AxisRange(1, 2))}, []float64{0.5, 2})
		return append([]*Node{total}, Gradient(total, x)...)
	}, [][]float64{{1, 2}, {3, 0}}, []int32{0})
	if got[0][0] != 0.5*5+2*9 {
		t.Errorf("Penalty = %v, want 20.5", got[0][0])
	}
	for i, want := range []float64{1, 2, 12, 0} { // 2λw
		if got[1][i] != want {
			t.Errorf("derivative[%d] = %v, want %v", i, got[1][i], want)
		}
	}
}
