package kernel

// withNEON gives s with the loops that NEON has. Exponentials, comparisons, positions and conversions stay portable.
func (s vectorSet) withNEON() vectorSet {
	s.binary = [...]binaryRows{addNEON, subNEON, mulNEON, divNEON, maxNEON, minNEON}
	s.binaryScalar = [...]scalarFunc{addScalarNEON, subScalarNEON, mulScalarNEON, divScalarNEON, maxScalarNEON, minScalarNEON}
	s.scalarBinary = [...]scalarFunc{scalarAddNEON, scalarSubNEON, scalarMulNEON, scalarDivNEON, scalarMaxNEON, scalarMinNEON}
	for op, f := range map[UnaryOp]unaryFunc{
		OpAbs: absNEON, OpNeg: negNEON, OpSquare: squareNEON, OpSqrt: sqrtNEON, OpRsqrt: rsqrtNEON, OpReciprocal: reciprocalNEON, OpRelu: reluNEON,
	} {
		s.unary[op] = f
	}
	s.axpy = axpyNEON
	s.reluGrad = reluGradNEON

	lanes := [...]func(acc *[lanes]float32, x []float32){sumLanesNEON, maxLanesNEON, minLanesNEON}
	for op, f := range [...]func(a, b float32) float32{sumOf, maxOf, minOf} {
		s.reduce[op] = reduceNEON(ReduceOp(op), lanes[op], f)
		s.reduceColumns[op] = reduceColumnsNEON(ReduceOp(op), s.binary[[...]BinaryOp{OpAdd, OpMax, OpMin}[op]])
	}
	s.dot = dotNEON

	s.moments, s.normalize, s.normalizeRelu = momentsNEON, normalizeNEON, normalizeReluNEON
	s.normSums, s.normGrad = zeroedNormSumsNEON, normGradNEON
	s.takeMax, s.maxPool2 = takeMaxNEON, maxPool2NEON
	s.adam = adamNEON
	return s
}

// reduceNEON is reduceLoop: the assembly takes whole rounds of the lanes.
func reduceNEON(op ReduceOp, whole func(acc *[lanes]float32, x []float32), f func(a, b float32) float32) func(x []float32) float32 {
	start := float32(reduceStart(op))
	return func(x []float32) float32 {
		var acc [lanes]float32
		for i := range acc {
			acc[i] = start
		}
		n := len(x) / lanes * lanes
		if n > 0 {
			whole(&acc, x[:n])
		}
		for i, v := range x[n:] {
			acc[i] = f(acc[i], v)
		}
		return fold(f, &acc)
	}
}

// reduceColumnsNEON is reduceColumnsLoop.
func reduceColumnsNEON(op ReduceOp, f binaryRows) func(dst, x []float32, rows int) {
	start := float32(reduceStart(op))
	return func(dst, x []float32, rows int) {
		Fill(dst, start)
		for r := range rows {
			f(dst, dst, x[r*len(dst):], 1, len(dst), 0, 0)
		}
	}
}

func dotNEON(a, b []float32) float32 {
	var acc [lanes]float32
	n := len(a) / lanes * lanes
	if n > 0 {
		dotLanesNEON(&acc, a[:n], b)
	}
	for i, v := range a[n:] {
		acc[i] = fma(v, b[n+i], acc[i])
	}
	return fold(sumOf, &acc)
}

func momentsNEON(sums, squares, x []float32, rows int) {
	clear(sums)
	clear(squares)
	for r := range rows {
		addNEON(sums, sums, x[r*len(sums):], 1, len(sums), 0, 0)
	}
	deviationsNEON(squares, sums, x, rows, 1/float32(rows))
}

func zeroedNormSumsNEON(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int) {
	clear(sumDy)
	clear(sumDyX)
	normSumsNEON(sumDy, sumDyX, dy, x, mean, rstd, rows)
}

func maxPool2NEON(dst, x []float32, row, c int) {
	for o := 0; o < len(dst); o += c {
		best := dst[o : o+c]
		copy(best, x[2*o:])
		takeMaxNEON(best, x[2*o+c:])
		takeMaxNEON(best, x[2*o+row:])
		takeMaxNEON(best, x[2*o+row+c:])
	}
}
