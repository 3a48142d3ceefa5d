package metric

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// pytorch-metric-learning's example: points at 0, 20, 40, 60 and 80 degrees, the squared Euclidean distance 2−2cos, and means
// over the same and over the different pairs above 0.
func TestContrastiveMatchesThePublishedExample(t *testing.T) {
	var e [][]float64
	for angle := 0.0; angle < 90; angle += 20 {
		e = append(e, []float64{math.Cos(angle * math.Pi / 180), math.Sin(angle * math.Pi / 180)})
	}
	got := run(t, func(x, l *Node) []*Node {
		o := Objective{Distance: SquaredEuclidean(), Loss: Contrastive(0.25, 1.5), Reducer: MeanActive()}
		return []*Node{o.Apply(nil, Batch{Embeddings: x, Labels: l}).Loss}
	}, e, []int32{0, 0, 1, 1, 2})[0][0]
	d := func(degrees float64) float64 { return 2 - 2*math.Cos(degrees*math.Pi/180) }
	// Same pairs are 20 degrees apart, d 0.12: below 0.25. Different pairs by angle: four of 40, two of 60, two of 80 and 20 apart,
	// of which one each: (0,40) (20,60) (40,80); (0,60) (20,80); (0,80); (20,40) (60,80).
	different := []float64{d(40), d(40), d(40), d(60), d(60), d(80), d(20), d(20)}
	var sum float64
	active := 0.0
	for _, x := range different {
		if x < 1.5 {
			sum += 1.5 - x
			active++
		}
	}
	if want := sum / active; d(20) > 0.25 || !near(got, want, 1e-9) {
		t.Errorf("loss = %v, want %v", got, want)
	}
}
