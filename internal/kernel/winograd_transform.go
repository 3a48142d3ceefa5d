package kernel

import "unsafe"

// patchTransform turns patches of pixels into patches of another size, channel by channel, for n channels:
//
//	dst[i, j] = Σ l[i, a] · src[a, b] · l[j, b]
//
// dst and src point at the pixels, row by row, from where the channels begin dstAt and srcAt bytes further on.
type patchTransform func(dst, src *unsafe.Pointer, dstAt, srcAt, n int)

// patchTransforms are the transforms of Winograd convolutions.
type patchTransforms struct {
	weights, input, output  patchTransform
	outputGrad, weightsGrad patchTransform
}

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

// The rows are the points 0, near, -near, far, -far and ∞.
var (
	patchWeights = patchMatrix{
		{1 / (near2 * far2), 0, 0},
		{nearShare, nearShare * near1, nearShare * near2},
		{nearShare, -nearShare * near1, nearShare * near2},
		{farShare, farShare * far1, farShare * far2},
		{farShare, -farShare * far1, farShare * far2},
		{0, 0, 1},
	}
	patchInput = patchMatrix{
		{near2 * far2, 0, -near2 - far2, 0, 1, 0},
		{0, -near1 * far2, -far2, near1, 1, 0},
		{0, near1 * far2, -far2, -near1, 1, 0},
		{0, -far1 * near2, -near2, far1, 1, 0},
		{0, far1 * near2, -near2, -far1, 1, 0},
		{0, near2 * far2, 0, -near2 - far2, 0, 1},
	}
	patchOutput = patchMatrix{
		{1, 0, 0, 0},
		{1, near1, near2, near1 * near2},
		{1, -near1, near2, -near1 * near2},
		{1, far1, far2, far1 * far2},
		{1, -far1, far2, -far1 * far2},
		{0, 0, 0, 1},
	}
)

func portablePatchTransforms() patchTransforms {
	return patchTransforms{
		weights: patchWeights.loop, input: patchInput.loop, output: patchOutput.transposed().loop,
		outputGrad: patchOutput.loop, weightsGrad: patchWeights.transposed().loop,
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
