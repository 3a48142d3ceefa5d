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
