package distance

import "math"

// tiny keeps the length of a vector of zeros away from 0.
const tiny = 1e-12

// Cosine is 1 − a·b/(|a||b|), in [0, 2], where |x| is √(Σ x_j² + 1e-12): a vector of zeros is at distance 1 from all.
func Cosine() Distance {
	d := checked("cosine", func(a, b []float32) float64 {
		length := math.Sqrt(dot(a, a)+tiny) * math.Sqrt(dot(b, b)+tiny)
		return 1 - dot(a, b)/length
	})
	d.place, d.of = onSphere, half
	return d
}

// onSphere scales v to length 1. What is missing there because v is tiny, or all of it when v is 0, stands in one of two more
// numbers, another one for queries, so that it is alike to nothing: the squared distance of two such points is twice the cosine
// distance.
func onSphere(v []float32, query bool) []float32 {
	square := dot(v, v)
	length := math.Sqrt(square + tiny)
	point := make([]float32, len(v)+2)
	for j, x := range v {
		point[j] = float32(float64(x) / length)
	}
	rest := len(v)
	if query {
		rest++
	}
	point[rest] = float32(math.Sqrt(tiny) / length)
	return point
}

// NegativeDot is −a·b: it can be below 0 and has no lower bound. On vectors of length 1 it is the cosine distance less 1;
// without unit length a long vector is near to all that point its way.
func NegativeDot() Distance {
	return checked("negative_dot", func(a, b []float32) float64 { return -dot(a, b) })
}

func dot(a, b []float32) float64 {
	var sum float64
	for j := range a {
		sum += float64(a[j]) * float64(b[j])
	}
	return sum
}
