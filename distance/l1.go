package distance

import "math"

// L1 is Σ |a_j − b_j|.
func L1() Distance {
	return checked("l1", func(a, b []float32) float64 {
		var sum float64
		for j := range a {
			sum += math.Abs(float64(a[j]) - float64(b[j]))
		}
		return sum
	})
}
