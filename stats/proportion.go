package stats

import (
	"fmt"
	"math"
)

// Proportion is the fraction of trials that came out right, with its 95 % confidence interval. Its JSON is
// {"accuracy":0.9525,"ci95":[0.9271,0.9693],"n":400}.
type Proportion struct {
	Value float64  `json:"accuracy"` // in [0, 1]
	CI95  Interval `json:"ci95"`
	N     int      `json:"n"`            // trials
	Of    string   `json:"of,omitempty"` // what N counts, such as "pairs"
}

// NewProportion returns right/n with Wilson's interval. No trials give 0 with the interval [0, 1]; a right below 0 or above
// n counts as 0 or n.
//
//	(p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//
// Wilson's interval stays inside [0, 1] and is honest for few trials and for proportions near 0 and 1 (E. B. Wilson,
// "Probable inference, the law of succession, and statistical inference", 1927). It takes the trials as independent.
func NewProportion(right, n int) Proportion {
	if n <= 0 {
		return Proportion{CI95: Interval{0, 1}}
	}
	p := float64(min(max(right, 0), n)) / float64(n)
	return Proportion{Value: p, CI95: wilson(p, float64(n)), N: n}
}

// wilson is the interval of a proportion p of n trials, which need not be whole.
func wilson(p, n float64) Interval {
	scale := 1 + z95*z95/n
	centre := (p + z95*z95/(2*n)) / scale
	half := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n)) / scale
	ci := Interval{max(centre-half, 0), min(centre+half, 1)}
	switch p { // the ends are exact; rounding must not push the interval past the value
	case 0:
		ci[0] = 0
	case 1:
		ci[1] = 1
	}
	return ci
}

// Rate is [NewProportion] for a proportion that is not an accuracy, such as an error rate: its JSON says "value".
func Rate(events, n int) Estimate {
	p := NewProportion(events, n)
	return Estimate(p)
}

// Count returns the proportion of the true values in right.
func Count(right []bool) Proportion {
	n := 0
	for _, ok := range right {
		if ok {
			n++
		}
	}
	return NewProportion(n, len(right))
}

// String gives "95.25 % [92.71, 96.93] (n=400)".
func (p Proportion) String() string {
	return fmt.Sprintf("%.2f %% [%.2f, %.2f] (%s)", 100*p.Value, 100*p.CI95[0], 100*p.CI95[1], counted(p.N, p.Of))
}
