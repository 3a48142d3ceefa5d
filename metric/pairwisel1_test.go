package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// alphas are d weights of both signs.
func alphas(d int) []float64 {
	a := make([]float64, d)
	for k := range a {
		a[k] = math.Cos(float64(3 * k))
	}
	return a
}

// pairWeight is how much the distance from i to j counts in a loss, another number for j to i.
func pairWeight(i, j int) float64 { return math.Sin(float64(7*i + j)) }

func TestPairwiseL1AgreesWithItsDefinition(t *testing.T) {
	const n, d = 6, 5
	e, labels := batch(n, d, false)
	copy(e[3], e[1])
	alpha := alphas(d)
	weights := make([][]float64, n)
	for i := range weights {
		for j := range n {
			weights[i] = append(weights[i], pairWeight(i, j))
		}
	}
	got := run(t, func(x, _ *Node) []*Node {
		a := Const(x.Graph(), alpha)
		y := PairwiseL1(x, a)
		loss := ReduceAllSum(Mul(y, Const(x.Graph(), weights)))
		return append([]*Node{y}, Gradient(loss, x, a)...)
	}, e, labels)
	de, dAlpha := make([]float64, n*d), make([]float64, d)
	for i := range n {
		for j := range n {
			var want float64
			for k := range d {
				x := e[i][k] - e[j][k]
				want += alpha[k] * math.Abs(x)
				sign := 1.0
				if x < 0 {
					sign = -1
				}
				de[i*d+k] += pairWeight(i, j) * alpha[k] * sign
				de[j*d+k] -= pairWeight(i, j) * alpha[k] * sign
				dAlpha[k] += pairWeight(i, j) * math.Abs(x)
			}
			if y := got[0][i*n+j]; !near(y, want, 1e-12) {
				t.Errorf("PairwiseL1[%d,%d] = %v, want %v", i, j, y, want)
			}
		}
	}
	for name, pair := range map[string][2][]float64{"embeddings": {got[1], de}, "weights": {got[2], dAlpha}} {
		for at, want := range pair[1] {
			if g := pair[0][at]; !near(g, want, 1e-12) {
				t.Errorf("gradient to the %s at %d = %v, want %v", name, at, g, want)
			}
		}
	}
}
