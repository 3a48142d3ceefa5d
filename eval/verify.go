package eval

import (
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
	Best    Best     `json:"best_threshold"`
	EER     float64  `json:"eer"`
	EERCI95 Interval `json:"eer_ci95"`
	// TARAtFAR is the true accept rate at false accept rates of 1e-1, 1e-2 … down to what the different pairs can measure.
	TARAtFAR map[string]float64 `json:"tar_at_far"`
	Right    []bool             `json:"-"` // of each pair at Threshold
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
func Verify(distances []float32, same []bool, threshold float64, seed uint64) (Verification, error) {
	pairs, err := sortPairs(distances, same)
	if err != nil {
		return Verification{}, err
	}
	roc := pairs.roc(nil)
	v := Verification{Threshold: threshold, EER: roc.EER(), TARAtFAR: roc.TARs()}
	v.Right = rightAt(threshold, distances, same)
	v.Proportion = stats.Count(v.Right)
	at := roc.At(threshold)
	v.FMR = stats.Rate(int(at.FMR*float64(roc.Different)+0.5), roc.Different)
	v.FNMR = stats.Rate(int(at.FNMR*float64(roc.Same)+0.5), roc.Same)
	v.Best.Threshold, v.Best.Proportion = roc.Best()
	v.EERCI95 = pairs.bootstrap(seed, (*ROC).EER).CI95
	return v, nil
}

// TARs returns the true accept rates at false accept rates of 1e-1, 1e-2 … down to what the different pairs can measure.
func (r *ROC) TARs() map[string]float64 {
	rates := map[string]float64{}
	for exponent := -1; ; exponent-- {
		name := "1e" + strconv.Itoa(exponent)
		far, err := strconv.ParseFloat(name, 64)
		if err != nil || far*float64(r.Different) < 1 {
			return rates
		}
		rates[name] = r.TAR(far)
	}
}

// rightAt says of each pair whether calling it same for a distance of at most threshold is right.
func rightAt(threshold float64, distances []float32, same []bool) []bool {
	right := make([]bool, len(distances))
	for i, d := range distances {
		right[i] = (float64(d) <= threshold) == same[i]
	}
	return right
}
