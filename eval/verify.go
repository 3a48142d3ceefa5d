package eval

import (
	"math"
	"strconv"

	"github.com/siam-go/siam/stats"
)

// Verification is how well same is told from different at one threshold and over all of them.
type Verification struct {
	stats.Proportion                // accuracy at Threshold
	Threshold        float64        `json:"threshold"` // chosen on other pairs
	FMR              stats.Estimate `json:"fmr"`       // at Threshold
	FNMR             stats.Estimate `json:"fnmr"`      // at Threshold
	// Best is what the best threshold of these very pairs would give: an upper bound, not a result.
	Best Best `json:"best_threshold"`
	Curve
	MeasuredOn Evidence `json:"measured_on"`
	Right      []bool   `json:"-"` // of each pair at Threshold
}

// Curve is what pairs say of all thresholds.
type Curve struct {
	EER stats.Estimate `json:"eer"`
	// TARAtFAR is the true accept rate at false accept rates of 1e-1, 1e-2 … down to LeastFAR, the smallest that the pairs support; see
	// [ROC.LeastFMR].
	TARAtFAR map[string]stats.Estimate `json:"tar_at_far"`
	LeastFAR float64                   `json:"least_far"`
}

// Interval is a 95 % confidence interval [low, high].
type Interval = stats.Interval

// Best is a threshold chosen on the pairs that it is judged on.
type Best struct {
	stats.Proportion
	Threshold float64 `json:"threshold"`
}

// Verify judges pairs by their distances at a threshold that must come from other data, such as validation pairs or the
// model's calibration. It fails like [NewROC].
func Verify(s Scored, threshold float64, seed uint64) (Verification, error) {
	pairs, err := s.sorted()
	if err != nil {
		return Verification{}, err
	}
	roc := s.rocOf(pairs)
	v := Verification{Threshold: threshold, Curve: s.curve(pairs, roc, seed), MeasuredOn: s.evidence()}
	v.Right = rightAt(threshold, s.Distances, s.Same)
	v.Proportion = s.accuracy(v.Right)
	wrong := func(i int) bool { return !v.Right[i] }
	v.FMR, v.FNMR = s.trials(false, "different pairs", wrong).Mean(), s.trials(true, "same pairs", wrong).Mean()
	v.Best = s.best(roc)
	return v, nil
}

// best judges the pairs at the threshold that suits them best.
func (s Scored) best(roc *ROC) Best {
	threshold, _ := roc.Best()
	return Best{s.accuracy(rightAt(threshold, s.Distances, s.Same)), threshold}
}

// curve measures the equal error rate and the true accept rates, with intervals from draws of units.
func (s Scored) curve(pairs scoredPairs, roc *ROC, seed uint64) Curve {
	rates := roc.supported()
	read := func(r *ROC) []float64 {
		values := []float64{r.EER()}
		for _, name := range rates {
			values = append(values, r.TAR(farOf(name)))
		}
		return values
	}
	values, errors := read(roc), pairs.errorsByUnit(seed, 1+len(rates), read)
	every := func(int) bool { return true }
	same, different := s.trials(true, "", every), s.trials(false, "", every)
	spread, other := same.Spread(0), different.Spread(0)
	estimate := func(i int, n int, of string, spread stats.Spread) stats.Estimate {
		spread.Error = errors[i]
		return stats.Estimate{Value: values[i], CI95: spread.CI95(values[i]), N: n, Of: of}
	}
	c := Curve{TARAtFAR: map[string]stats.Estimate{}, LeastFAR: roc.LeastFMR()}
	for i, name := range rates {
		c.TARAtFAR[name] = estimate(1+i, roc.Same, "same pairs", spread)
	}
	spread.Units, spread.Least = min(spread.Units, other.Units), min(spread.Least, other.Least)
	c.EER = estimate(0, len(pairs), "pairs", spread)
	return c
}

// errorsByUnit are the standard errors of so many numbers that read finds in a ROC, by draws of units.
func (pairs scoredPairs) errorsByUnit(seed uint64, numbers int, read func(*ROC) []float64) []float64 {
	place := map[int]int{}
	for i, p := range pairs {
		for side, unit := range p.units {
			if _, known := place[unit]; !known {
				place[unit] = len(place)
			}
			pairs[i].units[side] = place[unit]
		}
	}
	return stats.ErrorsByUnit(len(place), bootstrapResamples, seed, func(times []int) []float64 {
		roc := pairs.rocOf(func(i int) float64 {
			a, b := pairs[i].units[0], pairs[i].units[1]
			if a == b {
				return float64(times[a])
			}
			return float64(times[a] * times[b])
		})
		if roc.Same == 0 || roc.Different == 0 {
			nothing := make([]float64, numbers)
			for i := range nothing {
				nothing[i] = math.NaN()
			}
			return nothing
		}
		return read(roc)
	})
}

// supported names the false accept rates 1e-1, 1e-2 … that the different pairs support.
func (r *ROC) supported() []string {
	var names []string
	for exponent := -1; ; exponent-- {
		name := "1e" + strconv.Itoa(exponent)
		if farOf(name) < r.LeastFMR()*(1-1e-9) {
			return names
		}
		names = append(names, name)
	}
}

// farOf is the rate of a name such as 1e-2.
func farOf(name string) float64 {
	rate, err := strconv.ParseFloat(name, 64)
	if err != nil {
		return 0
	}
	return rate
}

// rightAt says of each pair whether calling it same for a distance of at most threshold is right.
func rightAt(threshold float64, distances []float32, same []bool) []bool {
	right := make([]bool, len(distances))
	for i, d := range distances {
		right[i] = (float64(d) <= threshold) == same[i]
	}
	return right
}
