package kernel

import (
	"fmt"
	"math"
)

const (
	// RowNumbers divides the length of the rows that [SquaredAt] and [Dots] read; shorter ones are filled up with zeros.
	RowNumbers = 16
	// RowsTogether divides the number of rows that SquaredAt reads, and is the number of vectors that Dots takes.
	RowsTogether = 4
	// DotRows divides the number of rows that Dots reads.
	DotRows = 64
)

// SquaredAt computes the squared distances of x from some rows of a matrix,
//
//	dst[i] = Σ_j (x[j] − rows[at[i]·len(x) + j])²
//
// in 16 lanes, with fused multiply-adds where the processor has them: the same bits on every instruction set. It panics unless
// len(x) is a multiple of [RowNumbers], len(at) one of [RowsTogether], and dst as long; rows at places outside the matrix are the
// caller's mistake, and panic too.
func SquaredAt(dst, x, rows []float32, at []int32) {
	sameLength("SquaredAt", len(dst), len(at))
	checkRows("SquaredAt", len(x), len(rows), at)
	active.vector.squaredAt(dst, x, rows, at)
}

// Dots computes the inner products of four vectors x, [4, d] of numbers from −127 to 127, with rows of bytes, exactly, and tells which are
// at least a number, one for each vector:
//
//	dst[p·n + i] = Σ_j x[p·d + j]·rows[DotPlace(i, j, d)]
//	bit i%64 of large[p·n/64 + i/64] is whether dst[p·n + i] ≥ least[p]
//
// It panics unless d is a multiple of [RowNumbers], n one of [DotRows], and all are as long as that says.
func Dots(dst []int32, large []uint64, x []int8, rows []uint8, least []int32) {
	d := len(x) / RowsTogether
	if d == 0 || d%RowNumbers != 0 || len(x)%RowsTogether != 0 || len(rows)%(DotRows*d) != 0 {
		panic(fmt.Sprintf("kernel: Dots of %d vectors' %d numbers with %d, want multiples of %d, and %d rows", RowsTogether, len(x), len(rows), RowNumbers, DotRows))
	}
	sameLength("Dots", len(dst), len(rows)/d*RowsTogether)
	sameLength("Dots", DotRows*len(large), len(dst))
	sameLength("Dots", len(least), RowsTogether)
	active.vector.dots(dst, large, x, rows, least)
}

// DotPlace is where [Dots] expects number j of row i of d numbers: four numbers of each of [DotRows] rows lie together.
func DotPlace(i, j, d int) int {
	return (i/DotRows*d+j/4*4)*DotRows + i%DotRows*4 + j%4
}

// LeastSums computes dst[k] = min_j (v[j] + y[j,k]), +Inf of no rows; y is [len(v), len(dst)], and sums that are not a number are left out.
func LeastSums(dst, y, v []float32) {
	sameLength("LeastSums", len(v)*len(dst), len(y))
	if len(v) == 0 {
		for k := range dst {
			dst[k] = float32(math.Inf(1))
		}
		return
	}
	active.vector.leastSums(dst, y, v)
}

func checkRows(name string, d, numbers int, at []int32) {
	if d == 0 || d%RowNumbers != 0 || len(at)%RowsTogether != 0 {
		panic(fmt.Sprintf("kernel: %s of %d rows of %d numbers, want multiples of %d and %d", name, len(at), d, RowsTogether, RowNumbers))
	}
	n := uint32(numbers / d)
	for _, i := range at {
		if uint32(i) >= n {
			panic(fmt.Sprintf("kernel: %s of row %d of %d", name, i, n))
		}
	}
}
