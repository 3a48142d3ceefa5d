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

func dotsLoop(dst []int32, large []uint64, x []int8, rows []uint8, least []int32) {
	d, n := len(x)/RowsTogether, len(dst)/RowsTogether
	for p, enough := range least {
		for i := 0; i < n; i += DotRows {
			sums := dst[p*n+i:][:DotRows]
			dotsOfBlock(sums, x[p*d:][:d], rows[i*d:][:DotRows*d])
			var set uint64
			for r, sum := range sums {
				if sum >= enough {
					set |= 1 << r
				}
			}
			large[(p*n+i)/DotRows] = set
		}
	}
}

func dotsOfBlock(sums []int32, x []int8, rows []uint8) {
	clear(sums)
	for j := 0; j < len(x); j += 4 {
		x0, x1, x2, x3 := int32(x[j]), int32(x[j+1]), int32(x[j+2]), int32(x[j+3])
		fours := rows[j*DotRows:][:4*DotRows]
		for r := range sums {
			four := fours[4*r:][:4]
			sums[r] += x0*int32(four[0]) + x1*int32(four[1]) + x2*int32(four[2]) + x3*int32(four[3])
		}
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
