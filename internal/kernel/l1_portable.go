package kernel

func weightedL1Loop(a, b, w []float32) float32 {
	var acc [lanes]float32
	for i, v := range a {
		acc[i%lanes] = fma(w[i], absOf(v-b[i]), acc[i%lanes])
	}
	return fold(sumOf, &acc)
}

func signSumsLoop(dst, x, y, v []float32) {
	clear(dst)
	for j, g := range v {
		for k, at := range y[j*len(x):][:len(x)] {
			if x[k]-at < 0 {
				dst[k] -= g
			} else {
				dst[k] += g
			}
		}
	}
}

func l1SumsLoop(dst, x, y, v []float32) {
	clear(dst)
	for j, g := range v {
		for k, at := range y[j*len(x):][:len(x)] {
			dst[k] += float32(absOf(x[k]-at) * g)
		}
	}
}

func (s *vectorSet) setPortableL1() {
	s.weightedL1, s.signSums, s.l1Sums = weightedL1Loop, signSumsLoop, l1SumsLoop
}
