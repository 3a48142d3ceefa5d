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

// repeat fills dst with copies of its first n elements, n > 0, from a part that stays in the first-level cache.
func repeat(dst []float32, n int) {
	for n < len(dst) && n < 2048 {
		n += copy(dst[n:], dst[:n])
	}
	for at := n; at < len(dst); {
		at += copy(dst[at:], dst[:n])
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
