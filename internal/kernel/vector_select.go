package kernel

// CompareOp names an element-wise comparison. Comparisons with NaN are false, but for OpNotEqual.
type CompareOp uint8

// The comparisons.
const (
	OpEqual CompareOp = iota
	OpNotEqual
	OpLess
	OpLessOrEqual
	OpGreater
	OpGreaterOrEqual
	compareOps = iota
)

// Compare computes dst[i] = a[i] ⋈ b[i].
func Compare(op CompareOp, dst []bool, a, b []float32) {
	sameLength("Compare", len(dst), len(a))
	sameLength("Compare", len(dst), len(b))
	active.vector.compare[op](dst, a, b)
}

// CompareScalar computes dst[i] = a[i] ⋈ s. For a scalar on the left turn the comparison round.
func CompareScalar(op CompareOp, dst []bool, a []float32, s float32) {
	sameLength("CompareScalar", len(dst), len(a))
	active.vector.compareScalar[op](dst, a, s)
}

// Select computes dst[i] = a[i] where cond[i], b[i] elsewhere.
func Select(dst []float32, cond []bool, a, b []float32) {
	sameLength("Select", len(dst), len(cond))
	sameLength("Select", len(dst), len(a))
	sameLength("Select", len(dst), len(b))
	active.vector.choose(dst, cond, a, b)
}

// SelectScalar computes dst[i] = a[i] where cond[i] is want, s elsewhere.
func SelectScalar(dst []float32, cond []bool, want bool, a []float32, s float32) {
	sameLength("SelectScalar", len(dst), len(cond))
	sameLength("SelectScalar", len(dst), len(a))
	active.vector.chooseScalar(dst, cond, a, s, want)
}

// ReluGrad computes dst[i] = dy[i] where x[i] ≥ 0, 0 elsewhere: the gradient of max(x, 0) as GoMLX has it, 1 at 0.
// x is what went into the ReLU; its output cannot tell 0 from a negative input.
func ReluGrad(dst, dy, x []float32) {
	sameLength("ReluGrad", len(dst), len(dy))
	sameLength("ReluGrad", len(dst), len(x))
	active.vector.reluGrad(dst, dy, x)
}
