package kernel

import "time"

// PeakGFLOPS measures how many thousand million floating-point operations a second one core does when it does nothing
// but multiply and add with the active instruction set: the limit of every matrix product. It returns the best of
// several short runs within about the given time.
func PeakGFLOPS(within time.Duration) float64 {
	const n = 100_000
	k := &active.product
	best := 0.0
	for end := time.Now().Add(within); ; {
		start := time.Now()
		k.peak(n)
		seconds := time.Since(start).Seconds()
		best = max(best, float64(2*n*k.rows*k.cols)/seconds/1e9)
		if time.Now().After(end) {
			return best
		}
	}
}

// peakPortable runs n times as many multiply-adds as a portable tile has sums, on independent sums.
func peakPortable(n int) {
	var sums [4][portableCols]float32
	x, y := float32(n), float32(1)/float32(n)
	for range n {
		for r := range sums {
			for j := range sums[r] {
				sums[r][j] += x * y
			}
		}
	}
	if sums[0][0] < 0 {
		panic("kernel: a sum of positive numbers is negative")
	}
}
