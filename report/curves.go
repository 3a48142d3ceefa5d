package report

import (
	"fmt"
	"math"

	"github.com/siam-go/siam/eval"
)

// Smooth returns a noisy curve as at most points means of as many neighbouring values.
func Smooth(x, y []float64, points int) (xs, ys []float64) {
	n := min(len(x), len(y))
	points = min(max(points, 1), n)
	for p := range points {
		lo, hi := p*n/points, (p+1)*n/points
		sumX, sumY := 0.0, 0.0
		for i := lo; i < hi; i++ {
			sumX, sumY = sumX+x[i], sumY+y[i]
		}
		xs, ys = append(xs, sumX/float64(hi-lo)), append(ys, sumY/float64(hi-lo))
	}
	return xs, ys
}

// Threshold is a distance with a name.
type Threshold struct {
	At   float64
	Name string
}

// DistanceHistogram shows how the distances of same and of different pairs lie about thresholds. Bars are fractions of
// their kind. Distances that are not numbers are left out.
func DistanceHistogram(distances []float32, same []bool, thresholds ...Threshold) Chart {
	const bins = 48
	low, high := math.Inf(1), math.Inf(-1)
	for _, d := range distances {
		if finite(d) {
			low, high = min(low, float64(d)), max(high, float64(d))
		}
	}
	for _, t := range thresholds { // each is to be seen
		low, high = min(low, t.At), max(high, t.At)
	}
	if !(low < high) {
		low, high = low-0.5, low+0.5
	}
	edges := make([]float64, bins+1)
	for i := range edges {
		edges[i] = low + (high-low)*float64(i)/bins
	}
	var counts [2][]float64 // same, different
	var totals [2]float64
	counts[0], counts[1] = make([]float64, bins), make([]float64, bins)
	for i, d := range distances {
		if !finite(d) {
			continue
		}
		kind := 1
		if same[i] {
			kind = 0
		}
		counts[kind][min(int((float64(d)-low)/(high-low)*bins), bins-1)]++
		totals[kind]++
	}
	for kind := range counts {
		for b := range counts[kind] {
			counts[kind][b] /= max(totals[kind], 1)
		}
	}
	c := Chart{
		Title: "Distances of pairs",
		X:     Axis{Label: "distance"}, Y: Axis{Label: "fraction of pairs", Percent: true},
		Series: []Series{{Name: "same", X: edges, Y: counts[0], Bars: true}, {Name: "different", X: edges, Y: counts[1], Bars: true}},
	}
	for _, t := range thresholds {
		c.Marks = append(c.Marks, Mark{t.At, fmt.Sprintf("%s %.3g", t.Name, t.At)})
	}
	return c
}

func finite(d float32) bool { return !math.IsNaN(float64(d)) && !math.IsInf(float64(d), 0) }

// NamedROC is one system's error rates.
type NamedROC struct {
	Name string
	*eval.ROC
}

// ROCChart draws the true accept rate of each system against its false accept rate on a logarithmic axis, with the equal
// error rate as a dot.
func ROCChart(systems ...NamedROC) Chart {
	c := Chart{
		Title: "ROC",
		X:     Axis{Label: "false accept rate", Scale: Log, Percent: true, Min: leastRate(systems), Max: 1}, Y: Axis{Label: "true accept rate", Percent: true, Max: 1},
	}
	for i, s := range systems {
		var x, y []float64
		for _, p := range s.Points {
			x, y = append(x, p.FMR), append(y, 1-p.FNMR)
		}
		c.Series = append(c.Series, Series{Name: s.Name, X: x, Y: y})
		eer := s.EER()
		c.Dots = append(c.Dots, Dot{eer, 1 - eer, fmt.Sprintf("EER %.2f %%", 100*eer), i})
	}
	return c
}

// DETChart draws both error rates of each system against each other in normal deviates (A. Martin et al., "The DET curve in
// assessment of detection task performance", 1997), with the line of equal errors.
func DETChart(systems ...NamedROC) Chart {
	least := max(leastRate(systems), 1e-4)
	axis := Axis{Scale: Probit, Percent: true, Min: least, Max: 0.6}
	c := Chart{Title: "DET", X: axis, Y: axis}
	c.X.Label, c.Y.Label = "false match rate", "false non-match rate"
	for _, s := range systems {
		var x, y []float64
		for _, p := range s.Points {
			x, y = append(x, p.FMR), append(y, p.FNMR)
		}
		c.Series = append(c.Series, Series{Name: s.Name, X: x, Y: y})
	}
	c.Series = append(c.Series, Series{Name: "equal rates", X: []float64{least, 0.6}, Y: []float64{least, 0.6}, Dashed: true})
	for i, s := range systems {
		eer := s.EER()
		c.Dots = append(c.Dots, Dot{eer, eer, fmt.Sprintf("EER %.2f %%", 100*eer), i})
	}
	return c
}

// leastRate is the smallest false match rate that the pairs of all systems support.
func leastRate(systems []NamedROC) float64 {
	least := 1e-6
	for _, s := range systems {
		least = max(least, s.LeastFMR())
	}
	return min(least, 0.5)
}
