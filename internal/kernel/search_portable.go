package kernel

import "math"

func squaredAtLoop(dst, x, rows []float32, at []int32) {
	for i, r := range at {
		row := rows[int(r)*len(x):][:len(x)]
		var acc [RowNumbers]float32
		for j, v := range x {
			d := v - row[j]
			acc[j%RowNumbers] = fma(d, d, acc[j%RowNumbers])
		}
		dst[i] = foldRow(&acc)
	}
}

// foldRow adds lanes i and i+8, then neighbours, then neighbours of those, then the two that are left.
func foldRow(acc *[RowNumbers]float32) float32 {
	var half [2]float32
	for h := range half {
		a, b := acc[4*h:], acc[4*h+8:]
		half[h] = ((a[0] + b[0]) + (a[1] + b[1])) + ((a[2] + b[2]) + (a[3] + b[3]))
	}
	return half[0] + half[1]
}

func dotsLoop(dst []int32, x []int16, rows []int8) {
	d := len(x) / RowsTogether
	for i := range dst {
		row := rows[i/RowsTogether*d:][:d]
		var sum int32
		for j, v := range x[i%RowsTogether*d:][:d] {
			sum += int32(v) * int32(row[j])
		}
		dst[i] = sum
	}
}

func leastSumsLoop(dst, y, v []float32) {
	for k := range dst {
		dst[k] = float32(math.Inf(1))
	}
	for j, g := range v {
		for k, at := range y[j*len(dst):][:len(dst)] {
			if sum := g + at; sum < dst[k] {
				dst[k] = sum
			}
		}
	}
}

func (s *vectorSet) setPortableSearch() {
	s.squaredAt, s.dots, s.leastSums = squaredAtLoop, dotsLoop, leastSumsLoop
}
