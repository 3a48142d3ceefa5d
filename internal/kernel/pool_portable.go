package kernel

// takeMaxLoop replaces best by x where x is larger or NaN.
func takeMaxLoop(best, x []float32) {
	for i, v := range x[:len(best)] {
		if v > best[i] || v != v {
			best[i] = v
		}
	}
}

// takeMaxArgLoop replaces best by x, and arg by at, where x is larger or NaN.
func takeMaxArgLoop(best []float32, arg []uint8, x []float32, at uint8) {
	for i, v := range x[:len(best)] {
		if v > best[i] || v != v {
			best[i], arg[i] = v, at
		}
	}
}

func takeMinLoop(best, x []float32) {
	for i, v := range x[:len(best)] {
		if v < best[i] || v != v {
			best[i] = v
		}
	}
}

func takeMinArgLoop(best []float32, arg []uint8, x []float32, at uint8) {
	for i, v := range x[:len(best)] {
		if v < best[i] || v != v {
			best[i], arg[i] = v, at
		}
	}
}

// maxPool2Loop pools two rows of pixels, x[0:] and x[row:], by 2×2 windows into one row.
func maxPool2Loop(dst, x []float32, row, c int) {
	for o := 0; o < len(dst); o += c {
		best := dst[o : o+c]
		copy(best, x[2*o:])
		takeMaxLoop(best, x[2*o+c:])
		takeMaxLoop(best, x[2*o+row:])
		takeMaxLoop(best, x[2*o+row+c:])
	}
}

// maxPool2ArgLoop is maxPool2Loop with positions.
func maxPool2ArgLoop(dst []float32, arg []uint8, x []float32, row, c int) {
	for o := 0; o < len(dst); o += c {
		best, position := dst[o:o+c], arg[o:o+c]
		copy(best, x[2*o:])
		clear(position)
		takeMaxArgLoop(best, position, x[2*o+c:], 1)
		takeMaxArgLoop(best, position, x[2*o+row:], 2)
		takeMaxArgLoop(best, position, x[2*o+row+c:], 3)
	}
}

// scatterArgLoop adds dy to dx where arg is at.
func scatterArgLoop(dx, dy []float32, arg []uint8, at uint8) {
	for i, a := range arg[:len(dx)] {
		if a == at {
			dx[i] += dy[i]
		}
	}
}

// maxPool2GradLoop spreads one row of gradients over the two rows dx[0:] and dx[row:], writing every pixel under a
// window; none is where arg is 4 or more.
func maxPool2GradLoop(dx, dy []float32, arg []uint8, row, c int) {
	for o := 0; o < len(dy); o += c {
		for j, a := range arg[o : o+c] {
			g, at := dy[o+j], 2*o+j
			dx[at], dx[at+c], dx[at+row], dx[at+row+c] = 0, 0, 0, 0
			if a < 4 {
				dx[at+int(a&1)*c+int(a>>1)*row] = g
			}
		}
	}
}

// reluArgLoop applies a ReLU to pooled numbers and marks the positions that lead to no gradient.
func reluArgLoop(y []float32, arg []uint8, first uint8) {
	for i, v := range y {
		if v < 0 || v == 0 && arg[i] != first {
			arg[i] = DeadArg
		}
		y[i] = reluOf(v)
	}
}

func (s *vectorSet) setPortablePool() {
	s.reluArg = reluArgLoop
	s.takeMax, s.takeMaxArg, s.scatterArg = takeMaxLoop, takeMaxArgLoop, scatterArgLoop
	s.maxPool2, s.maxPool2Arg, s.maxPool2Grad = maxPool2Loop, maxPool2ArgLoop, maxPool2GradLoop
}
