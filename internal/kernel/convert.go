package kernel

import "math"

// ToBFloat16 rounds x to bfloat16, the upper half of a float32, to nearest and ties to even. NaN stays NaN.
func ToBFloat16(dst []uint16, x []float32) {
	sameLength("ToBFloat16", len(dst), len(x))
	active.vector.toBFloat16(dst, x)
}

// FromBFloat16 widens x to float32.
func FromBFloat16(dst []float32, x []uint16) {
	sameLength("FromBFloat16", len(dst), len(x))
	active.vector.fromBFloat16(dst, x)
}

// Convert converts between number types as Go does; the result is not defined where x does not fit an integer.
func Convert[D, X float32 | float64 | int32 | int64](dst []D, x []X) {
	sameLength("Convert", len(dst), len(x))
	for i, v := range x {
		dst[i] = D(v)
	}
}

// FromBool sets dst[i] to 1 where x[i], 0 elsewhere.
func FromBool(dst []float32, x []bool) {
	sameLength("FromBool", len(dst), len(x))
	for i, v := range x {
		dst[i] = 0
		if v {
			dst[i] = 1
		}
	}
}

// Fill sets all of dst to v.
func Fill(dst []float32, v float32) {
	if len(dst) == 0 {
		return
	}
	if math.Float32bits(v) == 0 {
		clear(dst)
		return
	}
	dst[0] = v
	repeat(dst, 1)
}

// RepeatRow copies row into every row of dst [r, len(row)].
func RepeatRow(dst, row []float32) {
	if rowsOf("RepeatRow", len(dst), len(row)) > 0 {
		repeat(dst, copy(dst, row))
	}
}

// repeat fills dst with copies of its first n elements, n > 0, from a part that stays in the first-level cache.
func repeat(dst []float32, n int) {
	for n < len(dst) && n < 2048 {
		n += copy(dst[n:], dst[:n])
	}
	for at := n; at < len(dst); {
		at += copy(dst[at:], dst[:n])
	}
}

// RepeatColumn copies column[r] into all of row r of dst [len(column), c].
func RepeatColumn(dst, column []float32) {
	c := rowsOf("RepeatColumn", len(dst), len(column))
	for r, v := range column {
		Fill(dst[r*c:(r+1)*c], v)
	}
}

// Transpose writes the transposed matrix src [rows, cols] to dst [cols, rows], rows of which are srcStep and dstStep
// apart. It works in tiles that stay in the first-level cache.
func Transpose(dst []float32, dstStep int, src []float32, srcStep, rows, cols int) {
	const tile = 16
	for r := 0; r < rows; r += tile {
		for c := 0; c < cols; c += tile {
			active.vector.transposeTile(dst[c*dstStep+r:], dstStep, src[r*srcStep+c:], srcStep, min(tile, rows-r), min(tile, cols-c))
		}
	}
}
