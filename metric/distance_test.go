package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

var distanceTable = map[string]struct {
	distance Distance
	oracle   func(a, b []float64) float64
}{
	"SquaredEuclidean": {SquaredEuclidean(), squared},
	"Euclidean":        {Euclidean(), func(a, b []float64) float64 { return math.Sqrt(squared(a, b)) }},
	"Cosine":           {Cosine(), cosine},
	"NegativeDot": {NegativeDot(), func(a, b []float64) float64 {
		var sum float64
		for j := range a {
			sum -= a[j] * b[j]
		}
		return sum
	}},
	"SNR": {SNR(), func(a, b []float64) float64 {
		noise := make([]float64, len(a))
		for j := range a {
			noise[j] = b[j] - a[j]
		}
		return variance(noise) / variance(a)
	}},
	"L1": {L1(), func(a, b []float64) float64 {
		var sum float64
		for j := range a {
			sum += math.Abs(a[j] - b[j])
		}
		return sum
	}},
}

func variance(x []float64) float64 {
	var mean, sum float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sum += (v - mean) * (v - mean) / float64(len(x))
	}
	return sum
}

func TestDistanceFormsAgree(t *testing.T) {
	for name, test := range distanceTable {
		t.Run(name, func(t *testing.T) {
			e, labels := batch(7, 5, false)
			got := run(t, func(x, _ *Node) []*Node {
				first := Slice(x, AxisRange(0, 1))
				return []*Node{test.distance.Matrix(x, x), test.distance.Rows(BroadcastToShape(first, x.Shape()), x)}
			}, e, labels)
			for i, row := range matrix(test.oracle, e) {
				for k, want := range row {
					if m := got[0][i*7+k]; !near(m, want, 1e-9) && !(i == k && math.Abs(m) < 1e-6) {
						t.Errorf("Matrix[%d,%d] = %v, want %v", i, k, m, want)
					}
					if of := float64(test.distance.Of(to32(e[i]), to32(e[k]))); !near(of, want, 1e-6) {
						t.Errorf("Of(%d,%d) = %v, want %v", i, k, of, want)
					}
				}
				if r := got[1][i]; !near(r, test.oracle(e[0], e[i]), 1e-9) {
					t.Errorf("Rows[%d] = %v, want %v", i, r, test.oracle(e[0], e[i]))
				}
			}
		})
	}
}

func TestGradientsAreFiniteAtEqualAndZeroEmbeddings(t *testing.T) {
	e := [][]float64{{0, 0}, {0, 0}, {1, 2}, {1, 2}}
	for name, test := range distanceTable {
		got := run(t, func(x, _ *Node) []*Node {
			total := Add(ReduceAllSum(test.distance.Matrix(x, x)), ReduceAllSum(test.distance.Rows(x, x)))
			return Gradient(total, x)
		}, e, []int32{0, 0, 0, 0})
		for i, v := range got[0] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: gradient[%d] = %v, want a finite number", name, i, v)
			}
		}
	}
}

func TestDistanceByNameFindsAll(t *testing.T) {
	for _, want := range Distances() {
		if got, err := DistanceByName(want.Name); err != nil || got.Name != want.Name {
			t.Errorf("DistanceByName(%q) = %q, %v", want.Name, got.Name, err)
		}
	}
	if _, err := DistanceByName("manhattan"); err == nil {
		t.Error("DistanceByName(manhattan) = nil error, want one")
	}
}

func to32(x []float64) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(x[i])
	}
	return y
}
