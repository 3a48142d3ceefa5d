package track

import "math"

// Scores map a detector's own scores to how likely a box is right: 1/(1 + exp(−(Slope·score + Offset))). The zero value leaves them as
// they are.
type Scores struct {
	Slope  float64 `json:"slope"`
	Offset float64 `json:"offset"`
}

// Of maps one score.
func (s Scores) Of(score float64) float64 {
	if s == (Scores{}) {
		return score
	}
	return 1 / (1 + math.Exp(-(s.Slope*score + s.Offset)))
}

// FitScores learns the map from scores of boxes that are right or not, by logistic regression (J. Platt, "Probabilistic outputs for
// support vector machines", 1999, with his counts in the place of 0 and 1).
func FitScores(scores []float64, right []bool) Scores {
	yes := 0.0
	mean, spread := 0.0, 0.0
	for i, v := range scores {
		mean += v / float64(len(scores))
		if right[i] {
			yes++
		}
	}
	for _, v := range scores {
		spread += sq(v-mean) / float64(len(scores))
	}
	no := float64(len(scores)) - yes
	if yes == 0 || no == 0 || spread == 0 {
		return Scores{}
	}
	spread = math.Sqrt(spread)
	target := map[bool]float64{true: (yes + 1) / (yes + 2), false: 1 / (no + 2)}
	loss := func(a, b float64) (sum float64) {
		for i, v := range scores {
			x := a*(v-mean)/spread + b
			sum += max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) - x*target[right[i]]
		}
		return sum
	}
	a, b := 0.0, math.Log((yes+1)/(no+1))
	for range 100 { // Newton's method, with steps that lower the loss
		var ga, gb, haa, hab, hbb float64
		for i, v := range scores {
			x := (v - mean) / spread
			p := 1 / (1 + math.Exp(-(a*x + b)))
			d, w := p-target[right[i]], p*(1-p)
			ga, gb = ga+d*x, gb+d
			haa, hab, hbb = haa+w*x*x, hab+w*x, hbb+w
		}
		haa, hbb = haa+1e-9, hbb+1e-9
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		for now := loss(a, b); math.Abs(da)+math.Abs(db) > 1e-10 && !(loss(a-da, b-db) <= now*(1+1e-12)); {
			da, db = da/2, db/2
		}
		a, b = a-da, b-db
		if math.Abs(da)+math.Abs(db) < 1e-10 {
			break
		}
	}
	return Scores{Slope: a / spread, Offset: b - a*mean/spread}
}
