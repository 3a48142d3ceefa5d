package kernel

// vectorSet holds the inner loops of everything but products, one set per instruction set.
// The portable loop of the same name is what each one means.
type vectorSet struct {
	binary       [binaryOps]binaryRows
	binaryScalar [binaryOps]scalarFunc // x ⊕ s
	scalarBinary [binaryOps]scalarFunc // s ⊕ x
	unary        [unaryOps]unaryFunc
	axpy         func(dst, x, y []float32, s float32)

	compare       [compareOps]compareFunc
	compareScalar [compareOps]compareScalarFunc
	choose        func(dst []float32, cond []bool, a, b []float32)
	chooseScalar  func(dst []float32, cond []bool, a []float32, s float32, want bool)
	reluGrad      func(dst, dy, x []float32)

	reduce        [reduceOps]func(x []float32) float32
	reduceColumns [reduceOps]func(dst, x []float32, rows int)
	dot           func(a, b []float32) float32

	weightedL1 func(a, b, w []float32) float32
	signSums   func(dst, x, y, v []float32)
	l1Sums     func(dst, x, y, v []float32)

	squaredAt func(dst, x, rows []float32, at []int32)
	dots      func(dst []int32, large []uint64, x []int8, rows []uint8, least []int32)
	leastSums func(dst, y, v []float32)

	moments       func(sums, squares, x []float32, rows int)
	normalize     func(y, x, mean, scale, shift []float32, rows int)
	normalizeRelu func(y, x, mean, scale, shift []float32, rows int)
	normSums      func(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int)
	normGrad      func(dx, dy, x, mean, a, b, c []float32, rows int)

	takeMax      func(best, x []float32)
	takeMaxArg   func(best []float32, arg []uint8, x []float32, at uint8)
	maxPool2     func(dst, x []float32, row, c int)
	maxPool2Arg  func(dst []float32, arg []uint8, x []float32, row, c int)
	scatterArg   func(dx, dy []float32, arg []uint8, at uint8)
	reluArg      func(y []float32, arg []uint8, first uint8)
	maxPool2Grad func(dx, dy []float32, arg []uint8, row, c int)

	adam func(p, m, v, g []float32, a *Adam)

	toBFloat16    func(dst []uint16, x []float32)
	fromBFloat16  func(dst []float32, x []uint16)
	transposeTile func(dst []float32, dstStep int, src []float32, srcStep, rows, cols int)
}

type (
	unaryFunc         = func(dst, x []float32)
	scalarFunc        = func(dst, x []float32, s float32)
	compareFunc       = func(dst []bool, a, b []float32)
	compareScalarFunc = func(dst []bool, a []float32, s float32)
)

func portableVector() vectorSet {
	var s vectorSet
	s.setPortableElementwise()
	s.setPortableReductions()
	s.setPortableL1()
	s.setPortableSearch()
	s.setPortableNorm()
	s.setPortablePool()
	s.setPortableOptim()
	s.setPortableConvert()
	return s
}
