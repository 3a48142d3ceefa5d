package kernel

// The AVX2 loops over bytes and half words take multiples of 8 numbers, see asm/vector; the portable loop does the rest.

func whole(n int) int { return n &^ 7 }

func thenCompare(fast, loop compareFunc) compareFunc {
	return func(dst []bool, a, b []float32) {
		n := whole(len(dst))
		fast(dst[:n], a, b)
		loop(dst[n:], a[n:], b[n:])
	}
}

func thenCompareScalar(fast, loop compareScalarFunc) compareScalarFunc {
	return func(dst []bool, a []float32, s float32) {
		n := whole(len(dst))
		fast(dst[:n], a, s)
		loop(dst[n:], a[n:], s)
	}
}

func chooseThenLoop(dst []float32, cond []bool, a, b []float32) {
	n := whole(len(dst))
	chooseAVX2(dst[:n], cond, a, b)
	chooseLoop(dst[n:], cond[n:], a[n:], b[n:])
}

func chooseScalarThenLoop(dst []float32, cond []bool, a []float32, s float32, want bool) {
	n := whole(len(dst))
	chooseScalarAVX2(dst[:n], cond, a, s, want)
	chooseScalarLoop(dst[n:], cond[n:], a[n:], s, want)
}

func takeMaxArgThenLoop(best []float32, arg []uint8, x []float32, at uint8) {
	n := whole(len(best))
	takeMaxArgAVX2(best[:n], arg, x, at)
	takeMaxArgLoop(best[n:], arg[n:], x[n:], at)
}

func scatterArgThenLoop(dx, dy []float32, arg []uint8, at uint8) {
	n := whole(len(dx))
	scatterArgAVX2(dx[:n], dy, arg, at)
	scatterArgLoop(dx[n:], dy[n:], arg[n:], at)
}

func reluArgThenLoop(y []float32, arg []uint8, first uint8) {
	n := whole(len(y))
	reluArgAVX2(y[:n], arg, first)
	reluArgLoop(y[n:], arg[n:], first)
}

func maxPool2ArgOrLoop(dst []float32, arg []uint8, x []float32, row, c int) {
	if c == whole(c) {
		maxPool2ArgAVX2(dst, arg, x, row, c)
	} else {
		maxPool2ArgLoop(dst, arg, x, row, c)
	}
}

func maxPool2GradOrLoop(dx, dy []float32, arg []uint8, row, c int) {
	if c == whole(c) {
		maxPool2GradAVX2(dx, dy, arg, row, c)
	} else {
		maxPool2GradLoop(dx, dy, arg, row, c)
	}
}

func toBFloat16ThenLoop(dst []uint16, x []float32) {
	n := whole(len(dst))
	toBFloat16AVX2(dst[:n], x)
	toBFloat16Loop(dst[n:], x[n:])
}

func fromBFloat16ThenLoop(dst []float32, x []uint16) {
	n := whole(len(dst))
	fromBFloat16AVX2(dst[:n], x)
	fromBFloat16Loop(dst[n:], x[n:])
}

// transposeTileOrLoop transposes 8×8 numbers at a time.
func transposeTileOrLoop(dst []float32, dstStep int, src []float32, srcStep, rows, cols int) {
	if rows != whole(rows) || cols != whole(cols) {
		transposeTileLoop(dst, dstStep, src, srcStep, rows, cols)
		return
	}
	for r := 0; r < rows; r += 8 {
		for c := 0; c < cols; c += 8 {
			transpose8AVX2(dst[c*dstStep+r:], dstStep, src[r*srcStep+c:], srcStep)
		}
	}
}
