package kernel

import "fmt"

// BinaryOp names an element-wise operation on two operands.
type BinaryOp uint8

// The binary operations. Max and Min give NaN when either operand is NaN, and the second operand when both are equal
// (which matters for zeros of different sign only).
const (
	OpAdd BinaryOp = iota
	OpSub
	OpMul
	OpDiv
	OpMax
	OpMin
	binaryOps = iota
)

// UnaryOp names an element-wise operation on one operand.
type UnaryOp uint8

// The unary operations. The accelerated OpExp, OpLog, OpLog1p, OpLogistic, OpTanh and OpErf stay within MaxUlp units in the
// last place of the true value; all others are exactly the portable loop's.
const (
	OpAbs UnaryOp = iota
	OpNeg
	OpSquare
	OpSqrt
	OpRsqrt      // 1/√x, rounded twice
	OpReciprocal // 1/x
	OpSign       // -1, +1, or x itself where x is ±0 or NaN
	OpRelu       // 0 where x < 0, x elsewhere
	OpExp
	OpLog
	OpLog1p
	OpLogistic // 1/(1+e⁻ˣ)
	OpTanh
	OpErf
	unaryOps = iota
)

// MaxUlp bounds the error of the accelerated exponentials, logarithms and their kin, in units in the last place of float32.
// Results below the smallest normal float32 may be rounded to that absolute precision.
const MaxUlp = 2

// binaryRows is the loop under the element-wise binary operations:
//
//	dst[r*cols+c] = a[r*aStep+c] ⊕ b[r*bStep+c]    0 ≤ r < rows, 0 ≤ c < cols
//
// dst may be the same memory as a or b, but not overlap them otherwise.
type binaryRows func(dst, a, b []float32, rows, cols, aStep, bStep int)

// Binary computes dst[i] = a[i] ⊕ b[i]. Like every function of this package it panics when lengths disagree,
// and dst may be an operand itself.
func Binary(op BinaryOp, dst, a, b []float32) {
	sameLength("Binary", len(dst), len(a))
	sameLength("Binary", len(dst), len(b))
	active.vector.binary[op](dst, a, b, 1, len(dst), 0, 0)
}

// BinaryScalar computes dst[i] = a[i] ⊕ s.
func BinaryScalar(op BinaryOp, dst, a []float32, s float32) {
	sameLength("BinaryScalar", len(dst), len(a))
	active.vector.binaryScalar[op](dst, a, s)
}

// ScalarBinary computes dst[i] = s ⊕ b[i].
func ScalarBinary(op BinaryOp, dst []float32, s float32, b []float32) {
	sameLength("ScalarBinary", len(dst), len(b))
	active.vector.scalarBinary[op](dst, b, s)
}

// Unary computes dst[i] = op(x[i]).
func Unary(op UnaryOp, dst, x []float32) {
	sameLength("Unary", len(dst), len(x))
	active.vector.unary[op](dst, x)
}

// Axpy computes dst[i] = s·x[i] + y[i], rounding twice.
func Axpy(dst []float32, s float32, x, y []float32) {
	sameLength("Axpy", len(dst), len(x))
	sameLength("Axpy", len(dst), len(y))
	active.vector.axpy(dst, x, y, s)
}

// sameLength panics unless got is want.
func sameLength(name string, want, got int) {
	if got != want {
		panic(fmt.Sprintf("kernel: %s: lengths %d and %d differ", name, want, got))
	}
}

// rowsOf gives how many times n elements hold cols, and panics unless they do so exactly.
func rowsOf(name string, n, cols int) int {
	if n == 0 {
		return 0
	}
	if cols <= 0 || n%cols != 0 {
		panic(fmt.Sprintf("kernel: %s: %d elements are no matrix with a side of %d", name, n, cols))
	}
	return n / cols
}
