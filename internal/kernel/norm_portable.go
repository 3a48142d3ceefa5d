package kernel

func momentsLoop(sums, squares, x []float32, rows int) {
	c := len(sums)
	reduceColumnsLoop(ReduceSum, sumOf)(sums, x, rows)
	clear(squares)
	inverse := 1 / float32(rows)
	for r := range rows {
		for j, v := range x[r*c:][:c] {
			d := v - float32(sums[j]*inverse)
			squares[j] += float32(d * d)
		}
	}
}

func normalizeLoop(y, x, mean, scale, shift []float32, rows int) {
	c := len(mean)
	for r := range rows {
		d := y[r*c:][:c]
		for j, v := range x[r*c:][:c] {
			d[j] = float32((v-mean[j])*scale[j]) + shift[j]
		}
	}
}

func normalizeReluLoop(y, x, mean, scale, shift []float32, rows int) {
	normalizeLoop(y, x, mean, scale, shift, rows)
	for i, v := range y {
		y[i] = reluOf(v)
	}
}

func normSumsLoop(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int) {
	c := len(mean)
	clear(sumDy)
	clear(sumDyX)
	for r := range rows {
		g := dy[r*c:][:c]
		for j, v := range x[r*c:][:c] {
			sumDy[j] += g[j]
			sumDyX[j] += float32(g[j] * float32((v-mean[j])*rstd[j]))
		}
	}
}

func normGradLoop(dx, dy, x, mean, a, b, c []float32, rows int) {
	n := len(mean)
	for r := range rows {
		d, g := dx[r*n:][:n], dy[r*n:][:n]
		for j, v := range x[r*n:][:n] {
			d[j] = float32(a[j]*g[j]) + (float32(b[j]*(v-mean[j])) + c[j])
		}
	}
}

func (s *vectorSet) setPortableNorm() {
	s.moments, s.normalize, s.normalizeRelu = momentsLoop, normalizeLoop, normalizeReluLoop
	s.normSums, s.normGrad = normSumsLoop, normGradLoop
}
