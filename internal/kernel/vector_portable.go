package kernel

import "math"

// The loops of this file are the specification of the element-wise kernels: an accelerated version gives the same bits,
// apart from NaN payloads and, for exponentials and logarithms, MaxUlp. Products that are added to are converted to
// float32 first, so that no compiler fuses them.

func binaryLoop(f func(a, b float32) float32) binaryRows {
	return func(dst, a, b []float32, rows, cols, aStep, bStep int) {
		for r := range rows {
			d, x, y := dst[r*cols:][:cols], a[r*aStep:][:cols], b[r*bStep:][:cols]
			for i := range d {
				d[i] = f(x[i], y[i])
			}
		}
	}
}

func binaryScalarLoop(f func(a, b float32) float32) scalarFunc {
	return func(dst, a []float32, s float32) {
		for i, v := range a[:len(dst)] {
			dst[i] = f(v, s)
		}
	}
}

func scalarBinaryLoop(f func(a, b float32) float32) scalarFunc {
	return func(dst, b []float32, s float32) {
		for i, v := range b[:len(dst)] {
			dst[i] = f(s, v)
		}
	}
}

var binaryFuncs = [binaryOps]func(a, b float32) float32{
	OpAdd: func(a, b float32) float32 { return a + b },
	OpSub: func(a, b float32) float32 { return a - b },
	OpMul: func(a, b float32) float32 { return a * b },
	OpDiv: func(a, b float32) float32 { return a / b },
	OpMax: maxOf,
	OpMin: minOf,
}

func maxOf(a, b float32) float32 {
	if a > b || a != a {
		return a
	}
	return b
}

func minOf(a, b float32) float32 {
	if a < b || a != a {
		return a
	}
	return b
}

func unaryLoop(f func(x float32) float32) unaryFunc {
	return func(dst, x []float32) {
		for i, v := range x[:len(dst)] {
			dst[i] = f(v)
		}
	}
}

var unaryFuncs = [unaryOps]func(x float32) float32{
	OpAbs:        absOf,
	OpNeg:        func(x float32) float32 { return -x },
	OpSquare:     func(x float32) float32 { return x * x },
	OpSqrt:       func(x float32) float32 { return float32(math.Sqrt(float64(x))) },
	OpRsqrt:      func(x float32) float32 { return 1 / float32(math.Sqrt(float64(x))) },
	OpReciprocal: func(x float32) float32 { return 1 / x },
	OpSign:       signOf,
	OpRelu:       reluOf,
	OpExp:        func(x float32) float32 { return float32(math.Exp(float64(x))) },
	OpLog:        func(x float32) float32 { return float32(math.Log(float64(x))) },
	OpLog1p:      func(x float32) float32 { return float32(math.Log1p(float64(x))) },
	OpLogistic:   func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) },
	OpTanh:       func(x float32) float32 { return float32(math.Tanh(float64(x))) },
	OpErf:        func(x float32) float32 { return float32(math.Erf(float64(x))) },
}

func signOf(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func reluOf(x float32) float32 {
	if x < 0 {
		return 0
	}
	return x
}

func axpyLoop(dst, x, y []float32, s float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = float32(v*s) + y[i]
	}
}

var compareFuncs = [compareOps]func(a, b float32) bool{
	OpEqual:          func(a, b float32) bool { return a == b },
	OpNotEqual:       func(a, b float32) bool { return a != b },
	OpLess:           func(a, b float32) bool { return a < b },
	OpLessOrEqual:    func(a, b float32) bool { return a <= b },
	OpGreater:        func(a, b float32) bool { return a > b },
	OpGreaterOrEqual: func(a, b float32) bool { return a >= b },
}

func compareLoop(f func(a, b float32) bool) compareFunc {
	return func(dst []bool, a, b []float32) {
		for i, v := range a[:len(dst)] {
			dst[i] = f(v, b[i])
		}
	}
}

func compareScalarLoop(f func(a, b float32) bool) compareScalarFunc {
	return func(dst []bool, a []float32, s float32) {
		for i, v := range a[:len(dst)] {
			dst[i] = f(v, s)
		}
	}
}

func chooseLoop(dst []float32, cond []bool, a, b []float32) {
	for i, c := range cond[:len(dst)] {
		if c {
			dst[i] = a[i]
		} else {
			dst[i] = b[i]
		}
	}
}

func chooseScalarLoop(dst []float32, cond []bool, a []float32, s float32, want bool) {
	for i, c := range cond[:len(dst)] {
		if c == want {
			dst[i] = a[i]
		} else {
			dst[i] = s
		}
	}
}

func reluGradLoop(dst, dy, x []float32) {
	for i, v := range x[:len(dst)] {
		if v >= 0 {
			dst[i] = dy[i]
		} else {
			dst[i] = 0
		}
	}
}

func (s *vectorSet) setPortableElementwise() {
	for op, f := range binaryFuncs {
		s.binary[op], s.binaryScalar[op], s.scalarBinary[op] = binaryLoop(f), binaryScalarLoop(f), scalarBinaryLoop(f)
	}
	for op, f := range unaryFuncs {
		s.unary[op] = unaryLoop(f)
	}
	for op, f := range compareFuncs {
		s.compare[op], s.compareScalar[op] = compareLoop(f), compareScalarLoop(f)
	}
	s.axpy = axpyLoop
	s.choose, s.chooseScalar = chooseLoop, chooseScalarLoop
	s.reluGrad = reluGradLoop
}

func absOf(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
