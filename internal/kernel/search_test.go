package kernel

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestSquaredAtAndDotsAtAreTheirLoops(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 0))
		for _, d := range []int{16, 32, 48, 128, 144, 512} {
			for _, n := range []int{0, 4, 8, 20} {
				const of = 37
				rows, x := make([]float32, of*d), make([]float32, d)
				codes, steps := make([]int8, of*d), make([]int16, d)
				for i := range rows {
					rows[i], codes[i] = float32(rng.NormFloat64()), int8(rng.IntN(256)-128)
				}
				for i := range x {
					x[i], steps[i] = float32(rng.NormFloat64()), int16(rng.IntN(511)-255)
				}
				at := make([]int32, n)
				for i := range at {
					at[i] = int32(rng.IntN(of))
				}
				if n > 0 {
					at[n-1] = of - 1
				}
				got, want := withEnd(n), make([]float32, n)
				gotDots, wantDots := make([]int32, n+1), make([]int32, n)
				gotDots[n] = 7
				SquaredAt(got[:n], x, rows, at)
				DotsAt(gotDots[:n], steps, codes, at)
				withPortable(func() { SquaredAt(want, x, rows, at); DotsAt(wantDots, steps, codes, at) })
				for i, r := range at {
					exact := 0.0
					for j := range x {
						exact += (float64(x[j]) - float64(rows[int(r)*d+j])) * (float64(x[j]) - float64(rows[int(r)*d+j]))
					}
					if got[i] != want[i] || math.Abs(float64(got[i])-exact) > 1e-5*exact {
						t.Errorf("SquaredAt(d=%d) of row %d = %v, want the portable loop's %v and about %v", d, r, got[i], want[i], exact)
					}
					if gotDots[i] != wantDots[i] {
						t.Errorf("DotsAt(d=%d) of row %d = %v, want %v", d, r, gotDots[i], wantDots[i])
					}
				}
				if !math.IsNaN(float64(got[n])) || gotDots[n] != 7 {
					t.Errorf("d=%d, n=%d: wrote beyond the end", d, n)
				}
			}
		}
	})
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
		"row -1 of 2": func() { DotsAt(make([]int32, 4), make([]int16, 16), make([]int8, 32), []int32{0, 1, -1, 0}) },
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
