package kernel

import "math"

// Batch normalisation over the rows of a matrix x [r, c] (r = n·h·w pixels, c channels), as in Ioffe & Szegedy,
// "Batch Normalization", 2015:
//
//	y = (x - mean)·rstd·γ + β    rstd = 1/√(variance + ε)
//
// Statistics are taken per block of BlockRows rows and combined afterwards, so that any division of the rows at
// multiples of BlockRows gives the same bits.

// Moments computes for each block of BlockRows rows of x [rows, c] the column sums and the column sums of squared
// deviations from the block's own mean, reading x from memory once. sums and squares are [Blocks(rows, BlockRows), c].
func Moments(sums, squares, x []float32, c int) {
	rows := rowsOf("Moments", len(x), c)
	sameLength("Moments", len(sums), Blocks(rows, BlockRows)*c)
	sameLength("Moments", len(squares), len(sums))
	for lo := 0; lo < rows; lo += BlockRows {
		hi, at := min(lo+BlockRows, rows), lo/BlockRows*c
		active.vector.moments(sums[at:at+c], squares[at:at+c], x[lo*c:hi*c], hi-lo)
	}
}

// CombineMoments combines the blocks of Moments over all rows into the mean and the biased variance of each column,
// in float64 (Chan, Golub & LeVeque, "Algorithms for computing the sample variance", 1983, equation 2.1).
func CombineMoments(mean, variance, sums, squares []float32, rows int) {
	c := len(mean)
	sameLength("CombineMoments", c, len(variance))
	sameLength("CombineMoments", Blocks(rows, BlockRows)*c, len(sums))
	sameLength("CombineMoments", len(sums), len(squares))
	for j := 0; j < c; j += combineStrip {
		n := min(combineStrip, c-j)
		combineMoments(mean[j:j+n], variance[j:j+n], sums[j:], squares[j:], c, rows)
	}
}

// combineMoments combines the first len(mean) columns of blocks that are step numbers apart.
func combineMoments(mean, variance, sums, squares []float32, step, rows int) {
	var total, deviation [combineStrip]float64
	n := len(mean)
	for i := 0; i < len(sums); i += step {
		for k, s := range sums[i : i+n] {
			total[k] += float64(s)
		}
	}
	for k := range n {
		total[k] /= float64(rows)
		mean[k] = float32(total[k])
	}
	left := rows
	for i := 0; i < len(sums); i += step {
		size := float64(min(left, BlockRows))
		left -= BlockRows
		for k, s := range sums[i : i+n] {
			d := float64(s)/size - total[k]
			deviation[k] += float64(squares[i+k]) + size*d*d
		}
	}
	for k := range n {
		variance[k] = float32(deviation[k] / float64(rows))
	}
}

// InverseDeviation computes rstd[j] = 1/√(variance[j] + epsilon), rounded once.
func InverseDeviation(rstd, variance []float32, epsilon float32) {
	sameLength("InverseDeviation", len(rstd), len(variance))
	for j, v := range variance {
		rstd[j] = float32(1 / math.Sqrt(float64(v)+float64(epsilon)))
	}
}

// Normalize computes y[r, j] = (x[r, j] - mean[j])·scale[j] + shift[j], scale being γ·rstd and shift β, and 0
// for a negative result when relu is set. y may be x.
func Normalize(y, x, mean, scale, shift []float32, relu bool) {
	c := len(mean)
	sameLength("Normalize", len(y), len(x))
	sameLength("Normalize", c, len(scale))
	sameLength("Normalize", c, len(shift))
	rows := rowsOf("Normalize", len(x), c)
	if relu {
		active.vector.normalizeRelu(y, x, mean, scale, shift, rows)
	} else {
		active.vector.normalize(y, x, mean, scale, shift, rows)
	}
}

// NormSums computes for each block of BlockRows rows the column sums of dy (the gradient of β) and of dy·x̂ (the
// gradient of γ), x̂ = (x - mean)·rstd. Its partials are [Blocks(rows, BlockRows), c] and are combined by
// CombineColumns.
func NormSums(sumDy, sumDyX, dy, x, mean, rstd []float32) {
	c := len(mean)
	rows := rowsOf("NormSums", len(x), c)
	sameLength("NormSums", len(x), len(dy))
	sameLength("NormSums", c, len(rstd))
	sameLength("NormSums", len(sumDy), Blocks(rows, BlockRows)*c)
	sameLength("NormSums", len(sumDyX), len(sumDy))
	for lo := 0; lo < rows; lo += BlockRows {
		hi, at := min(lo+BlockRows, rows), lo/BlockRows*c
		active.vector.normSums(sumDy[at:at+c], sumDyX[at:at+c], dy[lo*c:hi*c], x[lo*c:hi*c], mean, rstd, hi-lo)
	}
}

// NormGrad holds the per-column factors of batch normalisation's gradient to its input:
//
//	dx = A·dy + B·(x - mean) + C    A = γ·rstd, B = -A·rstd·Σdy·x̂/r, C = -A·Σdy/r
type NormGrad struct{ Mean, A, B, C []float32 }

// Set computes the factors for r rows; its slices must have the length of gamma.
func (g *NormGrad) Set(gamma, mean, rstd, sumDy, sumDyX []float32, rows int) {
	copy(g.Mean, mean)
	for j := range gamma {
		a, s := float64(gamma[j])*float64(rstd[j]), float64(rstd[j])
		g.A[j] = float32(a)
		g.B[j] = float32(-a * s * float64(sumDyX[j]) / float64(rows))
		g.C[j] = float32(-a * float64(sumDy[j]) / float64(rows))
	}
}

// Apply computes dx from dy and x [r, c]; dx may be dy or x.
func (g *NormGrad) Apply(dx, dy, x []float32) {
	rows := rowsOf("NormGrad.Apply", len(x), len(g.Mean))
	sameLength("NormGrad.Apply", len(x), len(dx))
	sameLength("NormGrad.Apply", len(x), len(dy))
	active.vector.normGrad(dx, dy, x, g.Mean, g.A, g.B, g.C, rows)
}
