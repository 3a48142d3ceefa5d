package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// drawn compiles the masks that the miner leaves.
func drawn(t *testing.T) computation {
	return compile(t, func(scope *model.Scope, x, l *Node) []*Node {
		p := Within(SquaredEuclidean(), x, l)
		p.Scope = scope
		p = DistanceWeighted(0.5, 1.4).narrow(p)
		return []*Node{number(p.Same, x), number(p.Different, x)}
	})
}

func TestDrawsTakeNegativesOnly(t *testing.T) {
	e, labels := batch(14, 4, true)
	got := drawn(t).run(e, labels)
	m := writtenOut(matrix(squared, e), labels)
	total := 0
	for a := range e {
		for k := range e {
			if (got[0][14*a+k] == 1) != m.same[a][k] {
				t.Errorf("anchor %d: same pair with %d has changed", a, k)
			}
			if got[1][14*a+k] == 1 {
				total++
				if !m.different[a][k] {
					t.Errorf("anchor %d: drew %d, which is no negative", a, k)
				}
			}
		}
	}
	if total == 0 {
		t.Error("no negative drawn: the batch tests nothing")
	}
}

func TestDrawsFollowTheirWeights(t *testing.T) {
	const draws, d, positives = 4000, 4, 2
	angles := []float64{0, 1, 2, 20, 50, 75, 110, 170} // degrees from the anchor; the next two are its positives
	labels := []int32{0, 0, 0, 1, 2, 3, 4, 5}
	var e [][]float64
	for _, angle := range angles {
		sin, cos := math.Sincos(angle * math.Pi / 180)
		e = append(e, []float64{3 * cos, 3 * sin, 0, 0}) // the length does not matter
	}
	weights, total := make([]float64, len(angles)), 0.0
	for k := 1 + positives; k < len(angles); k++ {
		x := min(max(2*math.Sin(angles[k]*math.Pi/360), 0.5), 1.4)
		weights[k] = 1 / (math.Pow(x, d-2) * math.Pow(1-x*x/4, (d-3)/2.0))
		total += weights[k]
	}
	c := drawn(t)
	counts := make([]float64, len(angles))
	if err := c.store.SetRNGStateFromSeed(5); err != nil {
		t.Fatal(err)
	}
	for range draws {
		outputs, err := c.exec.Call(e, labels)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range outputs[1].Value().([][]float64)[0] {
			counts[k] += v
		}
	}
	certain := 0
	for k := range angles {
		p := min(positives*weights[k]/total, 1)
		if p == 1 {
			certain++
		}
		if got, deviation := counts[k]/draws, math.Sqrt(p*(1-p)/draws); math.Abs(got-p) > 4*deviation {
			t.Errorf("negative at %v degrees: drawn in %.4f of the cases, want %.4f ± %.4f", angles[k], got, p, 4*deviation)
		}
	}
	if certain != 1 {
		t.Errorf("%d negatives are certain, want 1 to test it", certain)
	}
}
