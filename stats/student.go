package stats

import (
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// FoldMean returns the mean of the values of n folds with Student's interval on n-1 degrees of freedom.
//
//	mean ± t(0.975, n-1) · s/√n
//
// One value gives an interval of no width, no values give 0.
func FoldMean(values []float64) Estimate {
	mean, n := Mean(values), len(values)
	if n < 2 {
		return Estimate{Value: mean, CI95: Interval{mean, mean}, N: n}
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975)
	half := t * StandardError(values)
	return Estimate{Value: mean, CI95: Interval{mean - half, mean + half}, N: n}
}

// StandardError returns s/√n with s the standard deviation with divisor n-1, as LFW's 10-fold protocol reports it;
// 0 for fewer than two values.
func StandardError(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	return stat.StdErr(stat.StdDev(values, nil), float64(len(values)))
}
