package kernel

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSquaredAtIsItsLoop(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 0))
		for _, d := range []int{16, 32, 48, 128, 144, 512} {
			for _, n := range []int{0, 4, 8, 20} {
				const of = 37
				rows, x := make([]float32, of*d), make([]float32, d)
				for i := range rows {
					rows[i] = float32(rng.NormFloat64())
				}
				for i := range x {
					x[i] = float32(rng.NormFloat64())
				}
				at := make([]int32, n)
				for i := range at {
					at[i] = int32(rng.IntN(of))
				}
				if n > 0 {
					at[n-1] = of - 1
				}
				got, want := withEnd(n), make([]float32, n)
				SquaredAt(got[:n], x, rows, at)
				withPortable(func() { SquaredAt(want, x, rows, at) })
				for i, r := range at {
					exact := 0.0
					for j := range x {
						exact += (float64(x[j]) - float64(rows[int(r)*d+j])) * (float64(x[j]) - float64(rows[int(r)*d+j]))
					}
					if got[i] != want[i] || math.Abs(float64(got[i])-exact) > 1e-5*exact {
						t.Errorf("SquaredAt(d=%d) of row %d = %v, want the portable loop's %v and about %v", d, r, got[i], want[i], exact)
					}
				}
				if !math.IsNaN(float64(got[n])) {
					t.Errorf("d=%d, n=%d: wrote beyond the end", d, n)
				}
			}
		}
	})
}

func TestDotsAreTheirSums(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 0))
		for _, d := range []int{16, 32, 48, 128, 144, 512} {
			for _, n := range []int{0, 64, 128, 320} {
				checkDots(t, rng, d, n)
			}
		}
	})
}

// checkDots compares Dots with sums of n rows of d random numbers each.
func checkDots(t *testing.T, rng *rand.Rand, d, n int) {
	t.Helper()
	rows, x, codes := make([]int, n*d), make([]int8, RowsTogether*d), make([]uint8, n*d)
	for i := range x {
		x[i] = int8(rng.IntN(255) - 127)
	}
	for i := range rows {
		rows[i] = rng.IntN(256)
		if i < d { // the largest that there are
			rows[i], x[i] = 255, 127
		}
		codes[DotPlace(i/d, i%d, d)] = uint8(rows[i])
	}
	want := make([]int, RowsTogether*n)
	for i := range want {
		for j := range d {
			want[i] += int(x[i/n*d+j]) * rows[i%n*d+j]
		}
	}
	least := []int32{math.MinInt32, math.MaxInt32, 0, 0}
	if n > 0 {
		least[3] = int32(want[3*n+n/2]) // one that is just enough
	}
	got, large := make([]int32, len(want)+1), make([]uint64, len(want)/DotRows+1)
	got[len(want)], large[len(want)/DotRows] = 7, 7
	Dots(got[:len(want)], large[:len(want)/DotRows], x, codes, least)
	for i, dot := range want {
		if int(got[i]) != dot {
			t.Errorf("Dots(d=%d, n=%d) of vector %d and row %d = %d, want %d", d, n, i/n, i%n, got[i], dot)
		}
		if is, want := large[i/DotRows]>>(i%DotRows)&1 == 1, dot >= int(least[i/n]); is != want {
			t.Errorf("Dots(d=%d, n=%d) of vector %d and row %d is large: %v, want %v of %d and %d", d, n, i/n, i%n, is, want, dot, least[i/n])
		}
	}
	if got[len(want)] != 7 || large[len(want)/DotRows] != 7 {
		t.Errorf("d=%d, n=%d: wrote beyond the end", d, n)
	}
}

func TestLeastSumsAreTheirLoop(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 0))
		for c := 1; c < 75; c++ {
			for _, rows := range []int{0, 1, 2, 7} {
				y, v, got, want := make([]float32, rows*c), make([]float32, rows), withEnd(c), make([]float32, c)
				for i := range y {
					y[i] = float32(rng.NormFloat64())
				}
				for i := range v {
					v[i] = float32(rng.NormFloat64())
				}
				if len(y) > 0 {
					y[0] = float32(math.NaN())
				}
				LeastSums(got[:c], y, v)
				withPortable(func() { LeastSums(want, y, v) })
				for k := range want {
					if got[k] != want[k] {
						t.Errorf("LeastSums(%d rows of %d)[%d] = %v, want %v", rows, c, k, got[k], want[k])
					}
				}
				if !math.IsNaN(float64(got[c])) {
					t.Errorf("LeastSums(%d rows of %d) wrote beyond the end", rows, c)
				}
			}
		}
	})
}

// withEnd is n numbers and one more that must stay.
func withEnd(n int) []float32 {
	x := make([]float32, n+1)
	x[n] = float32(math.NaN())
	return x
}

func TestRowsThatAreNotThereArePanics(t *testing.T) {
	for want, do := range map[string]func(){
		"row 2 of 2":  func() { SquaredAt(make([]float32, 4), make([]float32, 16), make([]float32, 32), []int32{0, 1, 2, 0}) },
		"row -1 of 2": func() { SquaredAt(make([]float32, 4), make([]float32, 16), make([]float32, 32), []int32{0, 1, -1, 0}) },
		"Dots of 4": func() {
			Dots(make([]int32, 128), make([]uint64, 2), make([]int8, 64), make([]uint8, 512), make([]int32, 4))
		},
		"lengths": func() {
			Dots(make([]int32, 255), make([]uint64, 4), make([]int8, 64), make([]uint8, 1024), make([]int32, 4))
		},
		"3 rows of 16": func() {
			SquaredAt(make([]float32, 3), make([]float32, 16), make([]float32, 64), []int32{0, 1, 2})
		},
		"4 rows of 15": func() {
			SquaredAt(make([]float32, 4), make([]float32, 15), make([]float32, 64), []int32{0, 1, 2, 3})
		},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, want) {
					t.Errorf("panic %q, want one with %q", got, want)
				}
			}()
			do()
		}()
	}
}
