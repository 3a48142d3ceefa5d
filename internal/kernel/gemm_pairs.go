package kernel

import (
	"math"
	"unsafe"
)

// Precision is the type of the numbers that products multiply. Sums are float32 always.
type Precision int

// BFloat16 rounds both operands to bfloat16, a float32 without its lower half, as they are packed. Where the active
// instruction set has no products of bfloat16, or where they would gain nothing, plans use Float32 instead.
const (
	Float32 Precision = iota
	BFloat16
)

// HasBFloat16 tells whether the active instruction set has products of bfloat16.
func HasBFloat16() bool { return active.product.pairs || HasSquares() }

// A pair is two bfloat16 in the place of one float32, the first in the lower half: neighbours in the direction that a
// product sums over. Pairs are kept in []float32, but only moved there.

func pair(low, high float32) float32 {
	var halves [2]uint16
	toBFloat16Loop(halves[:], []float32{low, high})
	return math.Float32frombits(uint32(halves[0]) | uint32(halves[1])<<16)
}

// lowOf is a pair with its second number set to 0.
func lowOf(p float32) float32 { return math.Float32frombits(math.Float32bits(p) & 0xffff) }

// halvesOf is the two numbers of a pair.
func halvesOf(p float32) (low, high float32) {
	x := math.Float32bits(p)
	return math.Float32frombits(x << 16), math.Float32frombits(x &^ 0xffff)
}

// packPairsPortable pairs rows of productKernels.cols numbers, one of a and one of b at a time, which lie stride bytes
// apart.
func packPairsPortable(dst, a, b *float32, n, stride int) {
	to := unsafe.Slice(dst, n*portableCols)
	for i := range to {
		at := i/portableCols*stride + i%portableCols*4
		to[i] = pair(floatAt(unsafe.Pointer(a), at), floatAt(unsafe.Pointer(b), at))
	}
}

// pairAhead pairs every number with the one some places ahead, or with 0 behind the end:
//
//	dst[i] = pair(x[i], x[i+ahead])
func (k *productKernels) pairAhead(dst, x []float32, ahead int) {
	whole := max(0, len(x)-ahead) / k.cols
	if whole > 0 {
		k.packPairs(&dst[0], &x[0], &x[ahead], whole, k.cols*4)
	}
	for i := whole * k.cols; i < len(x); i++ {
		dst[i] = pair(x[i], 0)
		if i+ahead < len(x) {
			dst[i] = pair(x[i], x[i+ahead])
		}
	}
}
