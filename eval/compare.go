package eval

import (
	"fmt"

	"github.com/siam-go/siam/stats"
)

// Comparison is two systems' answers to the same trials, side by side.
type Comparison struct {
	A          stats.Proportion  `json:"a"`
	B          stats.Proportion  `json:"b"`
	Difference stats.Estimate    `json:"difference"` // accuracy of A minus that of B, paired bootstrap interval
	McNemar    stats.McNemarTest `json:"mcnemar"`
}

// Compare tests whether two systems differ, from which of the same trials each got right. It fails when they have not
// answered as many trials.
func Compare(a, b []bool, seed uint64) (Comparison, error) {
	if len(a) != len(b) {
		return Comparison{}, fmt.Errorf("comparing results: %d and %d trials; both must come from the same trials (same data, kind and seed)", len(a), len(b))
	}
	return Comparison{
		A: stats.Count(a), B: stats.Count(b),
		Difference: stats.PairedDifference(numbers(a), numbers(b), seed),
		McNemar:    stats.McNemar(a, b),
	}, nil
}

func numbers(right []bool) []float64 {
	values := make([]float64, len(right))
	for i, ok := range right {
		if ok {
			values[i] = 1
		}
	}
	return values
}
