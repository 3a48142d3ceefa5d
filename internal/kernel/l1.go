package kernel

// Weighted L1 distances between the rows of two matrices and their gradients, without the differences of all pairs in
// memory:
//
//	D[i,j] = Σ_k w[k]·|a[i,k] − b[j,k]|
//
// The derivative of |t| is 1 for t ≥ 0 and −1 for t < 0, as GoMLX has it.

// WeightedL1 computes Σ w[i]·|a[i] − b[i]|, as [Dot] does its sum.
func WeightedL1(a, b, w []float32) float32 {
	sameLength("WeightedL1", len(a), len(b))
	sameLength("WeightedL1", len(a), len(w))
	var total float64
	for len(a) > BlockLen {
		total += float64(active.vector.weightedL1(a[:BlockLen], b[:BlockLen], w[:BlockLen]))
		a, b, w = a[BlockLen:], b[BlockLen:], w[BlockLen:]
	}
	return float32(total + float64(active.vector.weightedL1(a, b, w)))
}

// SignSums computes the gradient of Σ_j v[j]·|x − y[j]| to x,
//
//	dst[k] = Σ_j v[j]·s(x[k] − y[j,k])    s(t) = 1 for t ≥ 0, −1 for t < 0
//
// adding in the order of j. y is [len(v), len(x)]; dst is neither x nor y.
func SignSums(dst, x, y, v []float32) { overRows("SignSums", active.vector.signSums, dst, x, y, v) }

// L1Sums computes dst[k] = Σ_j v[j]·|x[k] − y[j,k]|, adding in the order of j. y is [len(v), len(x)]; dst is neither x
// nor y.
func L1Sums(dst, x, y, v []float32) { overRows("L1Sums", active.vector.l1Sums, dst, x, y, v) }

func overRows(name string, sums func(dst, x, y, v []float32), dst, x, y, v []float32) {
	sameLength(name, len(dst), len(x))
	sameLength(name, len(v)*len(x), len(y))
	if len(v) == 0 {
		clear(dst)
		return
	}
	sums(dst, x, y, v)
}
