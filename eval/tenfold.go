package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/stats"
)

// TenFold is the outcome of LFW's protocol: each fold is judged at the threshold that is best on the other folds.
type TenFold struct {
	stats.Proportion           // mean accuracy of the folds, with Student's interval over the folds; N pairs
	StandardError    float64   `json:"-"`          // of the mean, over the folds
	Folds            []float64 `json:"folds"`      // accuracy of each fold
	Thresholds       []float64 `json:"thresholds"` // threshold of each fold
	Right            []bool    `json:"-"`          // of each pair
}

// ContiguousFolds splits n pairs into k consecutive folds whose sizes differ by at most one, the larger first, and returns
// the fold of each pair: LFW's pairs.txt lists its ten folds so.
func ContiguousFolds(n, k int) []int {
	folds := make([]int, 0, n)
	for fold := range k {
		size := n / k
		if fold < n%k {
			size++
		}
		for range size {
			folds = append(folds, fold)
		}
	}
	return folds
}

// FaceNetThresholds are the thresholds 0, step, 2·step … below 4 that davidsandberg/facenet tries: the range of squared
// Euclidean distances between unit vectors.
func FaceNetThresholds(step float64) []float64 {
	thresholds := make([]float64, int(math.Ceil(4/step)))
	for i := range thresholds {
		thresholds[i] = float64(i) * step
	}
	return thresholds
}

// JudgeTenFold judges pairs by their distances, fold by fold; fold[i] in [0, k) is the fold of pair i. Thresholds, ascending,
// are those to try; nil tries every one that makes a difference on the training folds. The first of equally good thresholds
// is taken. It fails like [NewROC] for each training part, and on fewer than two folds or an empty fold.
func JudgeTenFold(distances []float32, same []bool, fold []int, thresholds []float64) (TenFold, error) {
	result := TenFold{Right: make([]bool, len(distances))}
	err := eachFold(distances, same, fold, func(train *ROC, test []int) error {
		threshold := bestOf(train, thresholds)
		right := 0
		for _, i := range test {
			result.Right[i] = (float64(distances[i]) <= threshold) == same[i]
			if result.Right[i] {
				right++
			}
		}
		result.Folds = append(result.Folds, float64(right)/float64(len(test)))
		result.Thresholds = append(result.Thresholds, threshold)
		return nil
	})
	if err != nil {
		return TenFold{}, err
	}
	mean := stats.FoldMean(result.Folds)
	result.Proportion = stats.Proportion{Value: mean.Value, CI95: mean.CI95.Within(0, 1), N: len(distances)}
	result.StandardError = stats.StandardError(result.Folds)
	return result, nil
}

func bestOf(roc *ROC, thresholds []float64) float64 {
	if thresholds == nil {
		best, _ := roc.Best()
		return best
	}
	best, most := 0.0, -1.0
	for _, t := range thresholds {
		if right := roc.right(roc.At(t)); right > most+1e-12 {
			best, most = t, right
		}
	}
	return best
}

// ValidationRate is FaceNet's VAL at a wanted false accept rate, fold by fold.
type ValidationRate struct {
	VAL       float64 `json:"val"`       // mean true accept rate of the folds
	Deviation float64 `json:"deviation"` // standard deviation of VAL over the folds, divisor k
	FAR       float64 `json:"far"`       // mean false accept rate that the thresholds gave on the test folds
}

// JudgeValidationRate measures VAL at the false accept rate far as davidsandberg/facenet does (FaceNet's equations 5 to 7):
// on the other folds the threshold for far is interpolated between the thresholds to try, ascending, whose FARs lie around
// it; it is 0 when none reaches far. It fails like [JudgeTenFold].
func JudgeValidationRate(distances []float32, same []bool, fold []int, thresholds []float64, far float64) (ValidationRate, error) {
	var vals, fars []float64
	err := eachFold(distances, same, fold, func(train *ROC, test []int) error {
		threshold := interpolateThreshold(train, thresholds, far)
		d, s := take(distances, test), take(same, test)
		roc, err := NewROC(d, s)
		if err != nil {
			return err
		}
		at := roc.At(threshold)
		vals, fars = append(vals, 1-at.FNMR), append(fars, at.FMR)
		return nil
	})
	if err != nil {
		return ValidationRate{}, err
	}
	v := ValidationRate{VAL: stats.Mean(vals), FAR: stats.Mean(fars)}
	for _, val := range vals {
		v.Deviation += (val - v.VAL) * (val - v.VAL)
	}
	v.Deviation = math.Sqrt(v.Deviation / float64(len(vals)))
	return v, nil
}

// interpolateThreshold returns where the line through (FAR(t), t) of neighbouring thresholds reaches far first.
func interpolateThreshold(roc *ROC, thresholds []float64, far float64) float64 {
	previous := Point{}
	for i, t := range thresholds {
		p := roc.At(t)
		if p.FMR >= far {
			if i == 0 || p.FMR == far {
				return t
			}
			return previous.Threshold + (far-previous.FMR)/(p.FMR-previous.FMR)*(t-previous.Threshold)
		}
		previous = p
	}
	return 0
}

// eachFold calls judge for every fold with the ROC of the pairs outside it and the pairs in it.
func eachFold(distances []float32, same []bool, fold []int, judge func(train *ROC, test []int) error) error {
	if len(fold) != len(distances) || len(same) != len(distances) || len(fold) == 0 {
		return fmt.Errorf("judging folds: %d distances, %d pairs and %d folds of pairs, want as many of each", len(distances), len(same), len(fold))
	}
	folds := slices.Max(fold) + 1
	if folds < 2 {
		return fmt.Errorf("judging folds: there is only one fold, want a second one to choose the threshold on")
	}
	for f := range folds {
		var train, test []int
		for i := range fold {
			if fold[i] == f {
				test = append(test, i)
			} else {
				train = append(train, i)
			}
		}
		if len(test) == 0 {
			return fmt.Errorf("judging fold %d of %d: it has no pairs", f+1, folds)
		}
		roc, err := NewROC(take(distances, train), take(same, train))
		if err == nil {
			err = judge(roc, test)
		}
		if err != nil {
			return fmt.Errorf("judging fold %d of %d: %w", f+1, folds, err)
		}
	}
	return nil
}

func take[T any](from []T, rows []int) []T {
	taken := make([]T, len(rows))
	for i, r := range rows {
		taken[i] = from[r]
	}
	return taken
}
