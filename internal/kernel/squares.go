package kernel

import (
	"math"
	"slices"
	"unsafe"
)

// Where a processor has a matrix unit, products of bfloat16 go to it in squares: 32×32 sums at a time, over operands that
// are packed for it beforehand, so that all threads share them. A product, a convolution and its gradient to the weights
// differ only in how they pack and in where a square's segments begin.
//
// With [BFloat16x3] both operands are packed twice, rounded and the rest rounded, x ≈ high + low, and a segment becomes
// three:
//
//	a·b ≈ high·low + low·high + high·high
//
// A rounded number is off by at most 2⁻⁹ of itself and the rest by 2⁻⁹ of that, so that a product is off by at most
// 3·2⁻¹⁸ ≈ 1.2e-5 of |a·b|, half of a hundredth of what BFloat16 makes of it. Infinite numbers give NaN.

const (
	squareSide  = 32 // rows, and columns, of a square
	squareSums  = squareSide * squareSide
	squareDepth = 32                           // products of a step
	squareStep  = squareDepth * squareSide * 2 // bytes of a packed step, of either operand
	squareDeep  = 32                           // steps before a square's sums go back to memory, about
	squareRun   = 8                            // squares of one call at most, below each other
)

// squareWork is one call of the matrix unit's loop: some squares below each other, n ≤ i < n+32 being the rows of one.
//
//	c[square, i, j] (+)= Σ_s Σ_t Σ_k a[square·aNext + i·aRow + segments[s].a + t·aStep + 2k] · b[segments[s].b + t·squareStep + (k/2)·128 + 4j + 2(k%2)]
//
// with k < 32 products in each of t < depth steps. a and b are bfloat16, offsets are bytes. b is rows of 32 pairs, which are
// neighbours in the direction of the sum. The assembly knows this layout.
type squareWork struct {
	a                  unsafe.Pointer
	aRow, aStep, aNext int
	b                  unsafe.Pointer
	segments           *segment
	count              int // of segments, 1 or more
	depth              int // 1 or more
	c                  *float32
	squares            int // 1 or more
	accumulate         int // 1 adds to what c holds
}

// squaresPortable is the definition.
func squaresPortable(w *squareWork) {
	sums := unsafe.Slice(w.c, w.squares*squareSums)
	if w.accumulate == 0 {
		clear(sums)
	}
	for i := range w.squares * squareSide {
		row := sums[i*squareSide:][:squareSide]
		a := unsafe.Add(w.a, i/squareSide*w.aNext+i%squareSide*w.aRow)
		for _, s := range unsafe.Slice(w.segments, w.count) {
			for k := range w.depth * squareDepth {
				x := halfAt(a, s.a+k/squareDepth*w.aStep+k%squareDepth*2)
				b := unsafe.Add(w.b, s.b+k/2*4*squareSide+k%2*2)
				for j := range row {
					row[j] += x * halfAt(b, 4*j)
				}
			}
		}
	}
}

func halfAt(p unsafe.Pointer, bytes int) float32 {
	return math.Float32frombits(uint32(*(*uint16)(unsafe.Add(p, bytes))) << 16)
}

// BFloat16x3 is the sum of two bfloat16 for each operand, where there is a matrix unit; see squares.go. Elsewhere it is
// Float32.
const BFloat16x3 Precision = 2

// HasSquares tells whether the active instruction set has a matrix unit.
func HasSquares() bool { return active.product.squares != nil }

// parts is how many bfloat16 numbers stand for one of the operands.
func (p Precision) parts() int {
	if p == BFloat16x3 {
		return 2
	}
	return 1
}

// appendSegments adds the segments of a sum whose operands' parts begin some bytes apart: the small terms first.
func (p Precision) appendSegments(list []segment, at, apart segment) []segment {
	if p == BFloat16x3 {
		list = append(list, segment{at.a, at.b + apart.b}, segment{at.a + apart.a, at.b})
	}
	return append(list, at)
}

// halvesIn views packed memory as bfloat16.
func halvesIn(x []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))
}

// split rounds x to bfloat16 and, unless low is nil, gives the rounded rest.
func split(high, low []uint16, x []float32, w *Workspace) {
	ToBFloat16(high, x)
	if low != nil {
		ToBFloat16(low, restOf(x, high, w))
	}
}

// restOf is x less its rounded numbers.
func restOf(x []float32, high []uint16, w *Workspace) []float32 {
	rest := floats(&w.rest, len(x))
	FromBFloat16(rest, high)
	Binary(OpSub, rest, x, rest)
	return rest
}

// packSteps packs one row of a left operand, whole steps long: they lie squareStep bytes apart.
func packSteps(dst, row []uint16) {
	for t := range len(row) / squareDepth {
		copy(dst[t*squareStep/2:][:squareDepth], row[t*squareDepth:])
	}
}

// packPairsOf packs rows of 32 numbers of a right operand, two at a time, into all parts, which lie apart numbers apart.
func packPairsOf(dst []float32, apart int, rows []float32, p Precision, w *Workspace) {
	pairRows(dst[:len(rows)/2], rows)
	if p.parts() == 2 {
		high := grown(w.high, len(rows))
		w.high = high
		ToBFloat16(high, rows)
		pairRows(dst[apart:][:len(rows)/2], restOf(rows, high, w))
	}
}

// pairRows pairs the rows of 32 numbers two by two.
func pairRows(dst, rows []float32) {
	if k := &active.product; k.cols == squareSide && k.packPairs != nil && len(dst) > 0 {
		k.packPairs(&dst[0], &rows[0], &rows[squareSide], len(dst)/squareSide, 2*squareSide*4)
		return
	}
	for i := range dst {
		at := i/squareSide*2*squareSide + i%squareSide
		dst[i] = pair(rows[at], rows[at+squareSide])
	}
}

// rowsOf32 copies a matrix of depth rows and cols ≤ 32 columns to rows of 32, filling up with zeros:
//
//	dst[32k + j] = src[start + k·kStride + j·jStride]
func rowsOf32(dst, src []float32, start, depth, cols, kStride, jStride int) {
	if cols < squareSide || len(dst) > depth*squareSide {
		clear(dst)
	}
	switch {
	case jStride == 1:
		for k := range depth {
			copy(dst[k*squareSide:][:cols], src[start+k*kStride:])
		}
	case kStride == 1 && jStride >= depth:
		Transpose(dst, squareSide, src[start:], jStride, cols, depth)
	default:
		for k := range depth {
			for j := range cols {
				dst[k*squareSide+j] = src[start+k*kStride+j*jStride]
			}
		}
	}
}

// squareOutput is where the sums of a square go: rows of the output that begin at element start and in column col.
type squareOutput struct {
	kernels   *productKernels // by channel
	c         []float32
	start     int
	col, cols int
	rowStride int
}

// A square is stored as a product by channel with ones, whose epilogue is that of all other products.
var (
	squareRows = offsets(squareSide, squareSide)
	squareOnes = slices.Repeat([]float32{1}, squareSide)
	wholeRow   = []segment{{0, 0}}
)

var squareZeros [squareSide]float32

// finish stores the first rows of a square, each some bytes behind the output's element start, and applies the epilogue.
func (o *squareOutput) finish(square []float32, out []int, ep *Epilogue, w *Workspace) {
	if len(out) == 0 {
		return
	}
	t := &w.tile
	t.a, t.b, t.c = unsafe.Pointer(&square[0]), unsafe.Pointer(&squareOnes[0]), unsafe.Pointer(&o.c[o.start])
	t.segments, t.count, t.depth = &wholeRow[0], 1, 1
	ep.apply(t, o.start, o.col, o.rowStride, true, true)
	w.run(o.kernels, squareRows[:len(out)], out, o.cols)
}
