package metric

import . "github.com/gomlx/gomlx/core/graph"

// SNR is the distance of Yuan et al. 2019 ("Signal-to-Noise Ratio"), one over the ratio with the anchor a as the signal and
// b − a as the noise, where variances are over an embedding's components:
//
//	var(b − a) / var(a)
//
// It is not symmetric. An anchor whose components are all alike counts as one with variance 1e-6/d.
func SNR() Distance {
	return Distance{
		Name:   "snr",
		Matrix: func(a, b *Node) *Node { return Div(squaredMatrix(centred(a), centred(b)), signal(a)) },
		Rows:   func(a, b *Node) *Node { return Div(squaredRows(centred(a), centred(b)), Reshape(signal(a), -1)) },
		Of: func(a, b []float32) float32 {
			meanA, meanB := mean(a), mean(b)
			var noise, signal float64
			for j := range a {
				x, y := float64(a[j])-meanA, float64(b[j])-meanB
				noise += (y - x) * (y - x)
				signal += x * x
			}
			return float32(noise / max(signal, leastSignal))
		},
	}
}

// leastSignal is d times the smallest variance.
const leastSignal = 1e-6

// signal is d times the variance of each row's components [n, 1].
func signal(x *Node) *Node {
	return MaxScalar(ReduceAndKeep(Square(centred(x)), ReduceSum, -1), leastSignal)
}

// centred takes the mean of its components from each row.
func centred(x *Node) *Node { return Sub(x, ReduceAndKeep(x, ReduceMean, -1)) }

func mean(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}
