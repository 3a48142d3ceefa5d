package kernel

// ReduceOp names a reduction.
type ReduceOp uint8

// The reductions. ReduceMax and ReduceMin give NaN when any element is NaN, and +0 for a zero of either sign.
// Of nothing they give 0, -Inf and +Inf.
const (
	ReduceSum ReduceOp = iota
	ReduceMax
	ReduceMin
	reduceOps = iota
)

const (
	// BlockLen is the number of elements whose reduction is one partial of ReduceBlocks.
	BlockLen = 4096
	// BlockRows is the number of matrix rows whose reduction is one partial of the column reductions.
	BlockRows = 128

	lanes = 64 // partial results of a vector reduction: element i belongs to lane i%lanes
)

// Blocks counts the blocks of size elements that hold n, the last one perhaps in part.
func Blocks(n, size int) int { return (n + size - 1) / size }

// Reduce reduces x to one number. It equals ReduceBlocks and ReducePartials one after the other.
//
// A block of BlockLen elements is reduced in 64 lanes that are then folded in halves, and the blocks are combined
// in order, in float64: the result is the same bits on every instruction set and for every division of the work, and
// the error of a sum stays below 80 units in the last place of the sum of |x[i]|, however many there are.
func Reduce(op ReduceOp, x []float32) float32 {
	total := reduceStart(op)
	for len(x) > BlockLen {
		total = combine(op, total, active.vector.reduce[op](x[:BlockLen]))
		x = x[BlockLen:]
	}
	return float32(combine(op, total, active.vector.reduce[op](x)))
}

// ReduceBlocks reduces each block of BlockLen elements of x to one partial. A large vector is divided between cores at
// multiples of BlockLen; len(partials) is Blocks(len(x), BlockLen).
func ReduceBlocks(op ReduceOp, partials, x []float32) {
	sameLength("ReduceBlocks", len(partials), Blocks(len(x), BlockLen))
	for i := range partials {
		partials[i] = active.vector.reduce[op](x[i*BlockLen : min((i+1)*BlockLen, len(x))])
	}
}

// SquareBlocks sums the squares of each block of BlockLen elements of x to one partial, as [Dot] sums products.
func SquareBlocks(partials, x []float32) {
	sameLength("SquareBlocks", len(partials), Blocks(len(x), BlockLen))
	for i := range partials {
		block := x[i*BlockLen : min((i+1)*BlockLen, len(x))]
		partials[i] = active.vector.dot(block, block)
	}
}

// ReducePartials combines the partials of ReduceBlocks.
func ReducePartials(op ReduceOp, partials []float32) float32 {
	total := reduceStart(op)
	for _, p := range partials {
		total = combine(op, total, p)
	}
	return float32(total)
}

// ReduceRows reduces each row of a [len(dst), c] matrix: dst[r] = Reduce(op, x[r, :]).
func ReduceRows(op ReduceOp, dst, x []float32) {
	cols := rowsOf("ReduceRows", len(x), len(dst))
	for r := range dst {
		dst[r] = Reduce(op, x[r*cols:(r+1)*cols])
	}
}

// ReduceColumns reduces blocks of BlockRows rows of the [rows, c] matrix x over their rows: partials is
// [Blocks(rows, BlockRows), c]. A tall matrix is divided between cores at multiples of BlockRows rows.
func ReduceColumns(op ReduceOp, partials, x []float32, c int) {
	rows := rowsOf("ReduceColumns", len(x), c)
	sameLength("ReduceColumns", len(partials), Blocks(rows, BlockRows)*c)
	for lo := 0; lo < rows; lo += BlockRows {
		hi := min(lo+BlockRows, rows)
		active.vector.reduceColumns[op](partials[lo/BlockRows*c:][:c], x[lo*c:hi*c], hi-lo)
	}
}

// combineStrip is how many columns CombineColumns and CombineMoments go through together, row by row.
const combineStrip = 8

// CombineColumns combines the partials [blocks, len(dst)] of ReduceColumns, in order and in float64.
func CombineColumns(op ReduceOp, dst, partials []float32) {
	c := len(dst)
	rowsOf("CombineColumns", len(partials), c)
	for j := 0; j < c; j += combineStrip {
		n := min(combineStrip, c-j)
		var total [combineStrip]float64
		for k := range n {
			total[k] = reduceStart(op)
		}
		for i := j; i < len(partials); i += c {
			for k, p := range partials[i : i+n] {
				total[k] = combine(op, total[k], p)
			}
		}
		for k := range n {
			dst[j+k] = float32(total[k])
		}
	}
}

// Dot computes Σ a[i]·b[i] with the lanes and blocks of Reduce, in fused multiply-adds where the processor has them.
func Dot(a, b []float32) float32 {
	sameLength("Dot", len(a), len(b))
	return blockwise(active.vector.dot, a, b)
}

func blockwise(f func(a, b []float32) float32, a, b []float32) float32 {
	var total float64
	for len(a) > BlockLen {
		total += float64(f(a[:BlockLen], b[:BlockLen]))
		a, b = a[BlockLen:], b[BlockLen:]
	}
	return float32(total + float64(f(a, b)))
}
