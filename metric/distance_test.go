package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/distance"
)

// distanceTable has one row for each distance, with its formula in plain loops.
var distanceTable = map[string]struct {
	distance Distance
	oracle   func(a, b []float64) float64
}{
	"SquaredEuclidean": {SquaredEuclidean(), squared},
	"Euclidean":        {Euclidean(), func(a, b []float64) float64 { return math.Sqrt(squared(a, b)) }},
	"Cosine": {Cosine(), func(a, b []float64) float64 {
		if squared(a, zeros(a)) == 0 || squared(b, zeros(b)) == 0 {
			return 1
		}
		return cosine(a, b)
	}},
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
		return variance(noise) / max(variance(a), 1e-6/float64(len(a)))
	}},
	"L1": {L1(), func(a, b []float64) float64 {
		var sum float64
		for j := range a {
			sum += math.Abs(a[j] - b[j])
		}
		return sum
	}},
}

func zeros(like []float64) []float64 { return make([]float64, len(like)) }

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

// Here and in package distance a name means the same, for vectors of any kind.
func TestGraphAndPackageDistanceAgree(t *testing.T) {
	e, labels := batch(7, 5, false)
	zero := make([]float64, 5)
	e = append(e, e[0], zero, zero, []float64{2e9, 1, 0, -3e9, 5}, []float64{0.01, 0, 0, 0, -0.02})
	long, longLabels := batch(4, 1025, false)
	for _, row := range distanceTable {
		t.Run(row.distance.Name, func(t *testing.T) {
			agree(t, row.distance, row.oracle, e, append(labels, labels[:5]...))
			agree(t, row.distance, row.oracle, long, longLabels)
		})
	}
}

func agree(t *testing.T, inGraph Distance, oracle func(a, b []float64) float64, e [][]float64, labels []int32) {
	t.Helper()
	outside, err := distance.ByName(inGraph.Name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range e {
		e[i] = to64(to32(e[i])) // both see the same numbers
	}
	got := run(t, func(x, _ *Node) []*Node { return []*Node{inGraph.Matrix(x, x)} }, e, labels)[0]
	for i, row := range matrix(oracle, e) {
		for k, want := range row {
			in, of := got[i*len(e)+k], float64(outside.Of(to32(e[i]), to32(e[k])))
			if !near(in, want, 1e-7) && !(i == k && math.Abs(in) < 1e-6*(1+squared(e[i], zeros(e[i])))) {
				t.Errorf("in a graph, of vectors %d and %d (n=%d) = %v, want %v", i, k, len(e[i]), in, want)
			}
			if !near(of, want, 1e-6) {
				t.Errorf("outside, of vectors %d and %d (n=%d) = %v, want %v", i, k, len(e[i]), of, want)
			}
		}
	}
}

func TestGradientsAreFiniteAtEqualAndZeroEmbeddings(t *testing.T) {
	e := [][]float64{{0, 0}, {0, 0}, {1, 2}, {1, 2}}
	for _, d := range Distances() {
		got := run(t, func(x, _ *Node) []*Node {
			return Gradient(ReduceAllSum(d.Matrix(x, x)), x)
		}, e, []int32{0, 0, 0, 0})
		for i, v := range got[0] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: gradient[%d] = %v, want a finite number", d.Name, i, v)
			}
		}
	}
}

func TestDistanceByNameFindsAll(t *testing.T) {
	if len(Distances()) != len(distance.All()) {
		t.Errorf("%d distances, package distance has %d", len(Distances()), len(distance.All()))
	}
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

func to64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}
