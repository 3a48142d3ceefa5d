package distance

// SNR is the distance of Yuan et al. 2019 ("Signal-to-Noise Ratio"), one over the ratio with the anchor a as the signal and
// b − a as the noise, where variances are over a vector's components:
//
//	var(b − a) / var(a)
//
// It is not symmetric. An anchor whose components are all alike counts as one with variance 1e-6/d.
func SNR() Distance {
	const least = 1e-6 // d times the smallest variance
	return checked("snr", func(a, b []float32) float64 {
		meanA, meanB := meanOf(a), meanOf(b)
		var noise, signal float64
		for j := range a {
			x, y := float64(a[j])-meanA, float64(b[j])-meanB
			noise += (y - x) * (y - x)
			signal += x * x
		}
		return noise / max(signal, least)
	})
}

func meanOf(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}
