package eval

import (
	"fmt"

	"github.com/siam-go/siam/stats"
)

// Calibration is a threshold and what it does to the pairs that it was chosen on.
type Calibration struct {
	Threshold stats.Estimate   `json:"threshold"` // bootstrap interval over pairs
	FMR       stats.Estimate   `json:"fmr"`       // Wilson's interval over the different pairs
	FNMR      stats.Estimate   `json:"fnmr"`      // Wilson's interval over the same pairs
	Accuracy  stats.Proportion `json:"accuracy"`
}

// CalibrateMinimumError chooses the threshold at which most pairs are judged right. It fails like [NewROC].
func CalibrateMinimumError(distances []float32, same []bool, seed uint64) (Calibration, error) {
	return calibrate(distances, same, seed, func(r *ROC) float64 {
		threshold, _ := r.Best()
		return threshold
	})
}

// CalibrateFMR chooses the most lenient threshold whose false match rate is at most fmr, in (0, 1). It fails like [NewROC],
// and when there are fewer than 1/fmr different pairs, since such a rate cannot be measured on them.
func CalibrateFMR(distances []float32, same []bool, fmr float64, seed uint64) (Calibration, error) {
	different := 0
	for _, s := range same {
		if !s {
			different++
		}
	}
	if fmr <= 0 || fmr >= 1 {
		return Calibration{}, fmt.Errorf("choosing a threshold for a false match rate of %v: want one between 0 and 1", fmr)
	}
	if float64(different)*fmr < 1 {
		return Calibration{}, fmt.Errorf("choosing a threshold for a false match rate of %v: %d different pairs cannot measure it; give at least %.0f",
			fmr, different, 1/fmr)
	}
	return calibrate(distances, same, seed, func(r *ROC) float64 { return r.midway(r.lastWithin(fmr)) })
}

func calibrate(distances []float32, same []bool, seed uint64, choose func(*ROC) float64) (Calibration, error) {
	pairs, err := sortPairs(distances, same)
	if err != nil {
		return Calibration{}, err
	}
	threshold := choose(pairs.roc(nil))
	c := Calibration{Threshold: pairs.bootstrap(seed, choose)}
	falseMatches, falseNonMatches, sames := 0, 0, 0
	for _, p := range pairs {
		accepted := float64(p.distance) <= threshold
		switch {
		case p.same:
			sames++
			if !accepted {
				falseNonMatches++
			}
		case accepted:
			falseMatches++
		}
	}
	c.FMR = stats.Rate(falseMatches, len(pairs)-sames)
	c.FNMR = stats.Rate(falseNonMatches, sames)
	c.Accuracy = stats.NewProportion(len(pairs)-falseMatches-falseNonMatches, len(pairs))
	return c, nil
}

// bootstrapResamples is how many draws of units or pairs an interval is from: each one sweeps all pairs.
const bootstrapResamples = 400

// bootstrap estimates a number read off the ROC, resampling the pairs.
func (pairs scoredPairs) bootstrap(seed uint64, read func(*ROC) float64) stats.Estimate {
	return stats.Bootstrap(len(pairs), bootstrapResamples, seed, func(rows []int) float64 {
		times := make([]int, len(pairs))
		for _, r := range rows {
			times[r]++
		}
		return read(pairs.roc(times))
	})
}
