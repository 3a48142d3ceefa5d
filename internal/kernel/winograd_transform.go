package kernel

import "unsafe"

// patchTransform turns patches of pixels into patches of another size, channel by channel, for n channels:
//
//	dst[i, j] = Σ l[i, a] · src[a, b] · l[j, b]
//
// dst and src point at the pixels, row by row, from where the channels begin dstAt and srcAt bytes further on.
type patchTransform func(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

// patchTransforms are the transforms of F(step×step, taps×taps): minimal filtering of patches of step×step pixels of the
// output by kernels of taps×taps, from patches of patchSize×patchSize pixels of the input.
type patchTransforms struct {
	step, taps              int
	cost                    float64 // of a transform of a patch, per channel, in products of the same instruction set
	weights, input, output  patchTransform
	outputGrad, weightsGrad patchTransform
}

const (
	patchSize   = 6                     // pixels of a patch of the input, in each direction
	patchPoints = patchSize * patchSize // products of a patch and a kernel, per channel
)

// patchMatrix is the matrix l of a patchTransform.
type patchMatrix [][]float32

// The points besides 0 and ∞ at which the polynomials are multiplied are ±near and ±far. The usual 1 and 2 give twice
// their rounding error.
const (
	near1, near2 = 0.75, near1 * near1
	far1, far2   = 1.5, far1 * far1
	nearShare    = 1 / (2 * near2 * (near2 - far2))
	farShare     = 1 / (2 * far2 * (far2 - near2))
)

// patchInput transforms patches of the input for all sizes of kernels. The rows are the points 0, near, -near, far, -far
// and ∞.
var patchInput = patchMatrix{
	{near2 * far2, 0, -near2 - far2, 0, 1, 0},
	{0, -near1 * far2, -far2, near1, 1, 0},
	{0, near1 * far2, -far2, -near1, 1, 0},
	{0, -far1 * near2, -near2, far1, 1, 0},
	{0, far1 * near2, -near2, -far1, 1, 0},
	{0, near2 * far2, 0, -near2 - far2, 0, 1},
}

// The factors of the points' rows in the transforms of weights and of outputs.
var (
	weightShares = [patchSize]float32{1 / (near2 * far2), nearShare, nearShare, farShare, farShare, 1}
	outputShares = [patchSize]float32{1, 1, 1, 1, 1, 1}
)

// powers is the matrix that evaluates polynomials of n coefficients at all points.
func powers(n int, shares [patchSize]float32) patchMatrix {
	l := make(patchMatrix, patchSize)
	for i, point := range []float32{0, near1, -near1, far1, -far1} {
		for power := shares[i]; len(l[i]) < n; power *= point {
			l[i] = append(l[i], power)
		}
	}
	l[patchSize-1] = make([]float32, n)
	l[patchSize-1][n-1] = shares[patchSize-1]
	return l
}

// portablePatches is the transforms of F(4×4, 3×3) and F(3×3, 4×4).
func portablePatches() [2]patchTransforms {
	return [2]patchTransforms{portablePatchTransforms(4, 3), portablePatchTransforms(3, 4)}
}

func portablePatchTransforms(step, taps int) patchTransforms {
	weights, output := powers(taps, weightShares), powers(step, outputShares)
	return patchTransforms{
		step: step, taps: taps, cost: portablePatchCost,
		weights: weights.loop, input: patchInput.loop, output: output.transposed().loop,
		outputGrad: output.loop, weightsGrad: weights.transposed().loop,
	}
}

func (l patchMatrix) transposed() patchMatrix {
	t := make(patchMatrix, len(l[0]))
	for c := range t {
		for _, row := range l {
			t[c] = append(t[c], row[c])
		}
	}
	return t
}

// loop is the definition of a patchTransform.
func (l patchMatrix) loop(dst, src *unsafe.Pointer, dstAt, srcAt, n int) {
	rows, cols := len(l), len(l[0])
	to, from := unsafe.Slice(dst, rows*rows), unsafe.Slice(src, cols*cols)
	for k := range n {
		var half [patchSize][patchSize]float32 // l times src
		for i, row := range l {
			for b := range cols {
				for a, m := range row {
					half[i][b] += m * floatAt(from[a*cols+b], srcAt+4*k)
				}
			}
		}
		for i := range rows {
			for j, row := range l {
				sum := float32(0)
				for b, m := range row {
					sum += m * half[i][b]
				}
				*(*float32)(unsafe.Add(to[i*rows+j], dstAt+4*k)) = sum
			}
		}
	}
}
