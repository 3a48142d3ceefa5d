package distance

import "math"

// SquaredEuclidean is Σ (a_j − b_j)². On vectors of length 1 it is twice the cosine distance and lies in [0, 4].
func SquaredEuclidean() Distance {
	d := checked("squared_euclidean", squared)
	d.place, d.of = asItIs, itself
	return d
}

// Euclidean is √(Σ (a_j − b_j)²), of the sum as [SquaredEuclidean] rounds it, so that the two order alike.
func Euclidean() Distance {
	d := checked("euclidean", func(a, b []float32) float64 { return math.Sqrt(float64(float32(squared(a, b)))) })
	d.place, d.of = asItIs, squareRoot
	return d
}

func squared(a, b []float32) float64 {
	var sum float64
	for j := range a {
		d := float64(a[j]) - float64(b[j])
		sum += d * d
	}
	return sum
}
