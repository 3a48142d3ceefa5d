// Package stats says how sure a measured number is: confidence intervals, the bootstrap and McNemar's test. Every accuracy in this
// project is reported with its number of trials and a 95 % confidence interval.
package stats

import (
	"fmt"

	"gonum.org/v1/gonum/stat"
)

// Interval is a 95 % confidence interval [low, high].
type Interval [2]float64

// Within cuts the interval to what lies between low and high: an accuracy is never above 1.
func (i Interval) Within(low, high float64) Interval {
	return Interval{min(max(i[0], low), high), min(max(i[1], low), high)}
}

// Estimate is a measured number with its 95 % confidence interval.
type Estimate struct {
	Value float64  `json:"value"`
	CI95  Interval `json:"ci95"`
	N     int      `json:"n"`            // observations behind Value
	Of    string   `json:"of,omitempty"` // what N counts, such as "same pairs"
}

// String gives "0.0312 [0.0287, 0.0340] (n=20000)".
func (e Estimate) String() string {
	return fmt.Sprintf("%.4g [%.4g, %.4g] (%s)", e.Value, e.CI95[0], e.CI95[1], counted(e.N, e.Of))
}

// counted is "n=20" or "n=20 pairs".
func counted(n int, of string) string {
	if of == "" {
		return fmt.Sprintf("n=%d", n)
	}
	return fmt.Sprintf("n=%d %s", n, of)
}

// z95 is the 97.5 % quantile of the standard normal distribution.
const z95 = 1.959963984540054

// Mean returns the arithmetic mean of values, 0 when there are none.
func Mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return stat.Mean(values, nil)
}
