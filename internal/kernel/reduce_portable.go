package kernel

import "math"

func reduceStart(op ReduceOp) float64 {
	switch op {
	case ReduceMax:
		return math.Inf(-1)
	case ReduceMin:
		return math.Inf(1)
	}
	return 0
}

func combine(op ReduceOp, total float64, x float32) float64 {
	switch op {
	case ReduceMax:
		return max(total, float64(x)) + 0 // -0 + 0 = +0
	case ReduceMin:
		return min(total, float64(x)) + 0
	}
	return total + float64(x)
}

// fold combines the lanes in halves: lane i with lane i+32, then i+16, down to 1.
func fold(f func(a, b float32) float32, acc *[lanes]float32) float32 {
	for half := lanes / 2; half > 0; half /= 2 {
		for i := range half {
			acc[i] = f(acc[i], acc[i+half])
		}
	}
	return acc[0]
}

func reduceLoop(op ReduceOp, f func(a, b float32) float32) func(x []float32) float32 {
	start := float32(reduceStart(op))
	return func(x []float32) float32 {
		var acc [lanes]float32
		for i := range acc {
			acc[i] = start
		}
		for i, v := range x {
			acc[i%lanes] = f(acc[i%lanes], v)
		}
		return fold(f, &acc)
	}
}

func reduceColumnsLoop(op ReduceOp, f func(a, b float32) float32) func(dst, x []float32, rows int) {
	start := float32(reduceStart(op))
	return func(dst, x []float32, rows int) {
		c := len(dst)
		for j := range dst {
			dst[j] = start
		}
		for r := range rows {
			for j, v := range x[r*c:][:c] {
				dst[j] = f(dst[j], v)
			}
		}
	}
}

func dotLoop(a, b []float32) float32 {
	var acc [lanes]float32
	for i, v := range a {
		acc[i%lanes] = fma(v, b[i], acc[i%lanes])
	}
	return fold(sumOf, &acc)
}

// fma computes a·b + c; the product of two float32 is exact in float64.
func fma(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

func sumOf(a, b float32) float32 { return a + b }

func (s *vectorSet) setPortableReductions() {
	for op, f := range [reduceOps]func(a, b float32) float32{sumOf, maxOf, minOf} {
		s.reduce[op] = reduceLoop(ReduceOp(op), f)
		s.reduceColumns[op] = reduceColumnsLoop(ReduceOp(op), f)
	}
	s.dot = dotLoop
}
