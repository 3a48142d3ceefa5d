package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// exactNorm is batch normalisation as defined, in float64, of one column.
type exactNorm struct{ mean, variance, rstd float64 }

func newExactNorm(x []float32, c, j int, epsilon float64) exactNorm {
	var e exactNorm
	rows := float64(len(x) / c)
	for i := j; i < len(x); i += c {
		e.mean += float64(x[i]) / rows
	}
	for i := j; i < len(x); i += c {
		d := float64(x[i]) - e.mean
		e.variance += d * d / rows
	}
	e.rstd = 1 / math.Sqrt(e.variance+epsilon)
	return e
}

func near32(got float32, want, tolerance float64) bool {
	return math.Abs(float64(got)-want) <= tolerance*max(1, math.Abs(want))
}

func TestMomentsAgreeWithFloat64EvenFarFromZero(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 3))
		for _, rows := range []int{1, 3, BlockRows, 5*BlockRows + 9} {
			for c := 1; c < 140; c += 1 + c/20 {
				for _, center := range []float64{0, 100} {
					x := normals(rng, rows*c, center)
					blocks := Blocks(rows, BlockRows) * c
					sums, checkSums := fenced(t, make([]float32, blocks), 12345)
					squares, checkSquares := fenced(t, make([]float32, blocks), 12345)
					mean, variance := make([]float32, c), make([]float32, c)
					Moments(sums, squares, x, c)
					checkSums("Moments")
					checkSquares("Moments")
					CombineMoments(mean, variance, sums, squares, rows)
					for j := range c {
						want := newExactNorm(x, c, j, 0)
						if !near32(mean[j], want.mean, 1e-6) || !near32(variance[j], want.variance, 2e-5) {
							t.Fatalf("Moments [%d, %d] around %v column %d = %v, %v, want %v, %v", rows, c, center, j, mean[j], variance[j], want.mean, want.variance)
						}
					}
				}
			}
		}
	})
}

// normOperands are the inputs of the normalisation kernels on a matrix [rows, c].
type normOperands struct {
	x, dy                       []float32
	mean, scale, shift, rstd, b []float32
	rows, c                     int
}

func newNormOperands(rng *rand.Rand, rows, c int) normOperands {
	return normOperands{
		x: normals(rng, rows*c, 0.5), dy: normals(rng, rows*c, 0),
		mean: normals(rng, c, 0.5), scale: normals(rng, c, 1), shift: normals(rng, c, 0), rstd: normals(rng, c, 1), b: normals(rng, c, 0),
		rows: rows, c: c,
	}
}

func TestNormKernelsGiveThePortableLoopsBits(t *testing.T) {
	type result = func(o normOperands, dst []float32)
	kernels := map[string]result{
		"Normalize":      func(o normOperands, dst []float32) { Normalize(dst, o.x, o.mean, o.scale, o.shift, false) },
		"Normalize relu": func(o normOperands, dst []float32) { Normalize(dst, o.x, o.mean, o.scale, o.shift, true) },
		"NormGrad": func(o normOperands, dst []float32) {
			g := NormGrad{Mean: o.mean, A: o.scale, B: o.shift, C: o.b}
			g.Apply(dst, o.dy, o.x)
		},
		"NormSums dy": func(o normOperands, dst []float32) {
			n := Blocks(o.rows, BlockRows) * o.c
			NormSums(dst[:n], make([]float32, n), o.dy, o.x, o.mean, o.rstd)
		},
		"NormSums dy·x": func(o normOperands, dst []float32) {
			n := Blocks(o.rows, BlockRows) * o.c
			NormSums(make([]float32, n), dst[:n], o.dy, o.x, o.mean, o.rstd)
		},
		"Moments sums": func(o normOperands, dst []float32) {
			n := Blocks(o.rows, BlockRows) * o.c
			Moments(dst[:n], make([]float32, n), o.x, o.c)
		},
		"Moments squares": func(o normOperands, dst []float32) {
			n := Blocks(o.rows, BlockRows) * o.c
			Moments(make([]float32, n), dst[:n], o.x, o.c)
		},
	}
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 3))
		for name, run := range kernels {
			for _, rows := range []int{1, 2, 3, BlockRows + 3} {
				for c := 1; c < 150; c += 1 + c/70 {
					o := newNormOperands(rng, rows, c)
					got, check := fenced(t, make([]float32, rows*c), 12345)
					want := make([]float32, rows*c)
					run(o, got)
					check(name)
					withPortable(func() { run(o, want) })
					for i := range got {
						if !sameBits(got[i], want[i]) {
							t.Fatalf("%s [%d, %d] at %d = %v, want %v", name, rows, c, i, got[i], want[i])
						}
					}
				}
			}
		}
	})
}

func TestNormalizeKeepsNaNAndInfinity(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		one, zero := []float32{1}, []float32{0}
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), -1, 2} {
			got := make([]float32, 1)
			Normalize(got, []float32{v}, zero, one, zero, true)
			if want := max(v, 0); !sameBits(got[0], want) {
				t.Errorf("Normalize(%v) with relu = %v, want %v", v, got[0], want)
			}
		}
	})
}

// The gradient of Σ dy·y to x, γ and β, from the definition: central differences in float64.
func TestNormGradAgreesWithCentralDifferences(t *testing.T) {
	const rows, c, epsilon, h = 37, 3, 1e-3, 1e-4
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		x, dy, gamma := normals(rng, rows*c, 2), normals(rng, rows*c, 0), normals(rng, c, 1)
		dx := normGradient(x, dy, gamma, epsilon)
		for i := range x {
			loss := func(step float64) float64 {
				y := append([]float32(nil), x...)
				exact := make([]float64, rows)
				for r := range exact {
					exact[r] = float64(y[r*c+i%c])
				}
				exact[i/c] += step
				return normLoss(exact, dy, c, i%c, float64(gamma[i%c]), epsilon)
			}
			want := (loss(h) - loss(-h)) / (2 * h)
			if !near32(dx[i], want, 1e-5) {
				t.Errorf("NormGrad[%d] = %v, want %v", i, dx[i], want)
			}
		}
	})
}

func normGradient(x, dy, gamma []float32, epsilon float32) []float32 {
	c, rows := len(gamma), len(x)/len(gamma)
	row := func() []float32 { return make([]float32, c) }
	sums, squares, mean, variance, rstd := row(), row(), row(), row(), row()
	Moments(sums, squares, x, c)
	CombineMoments(mean, variance, sums, squares, rows)
	InverseDeviation(rstd, variance, epsilon)
	NormSums(sums, squares, dy, x, mean, rstd)
	g := NormGrad{Mean: row(), A: row(), B: row(), C: row()}
	g.Set(gamma, mean, rstd, sums, squares, rows)
	dx := make([]float32, len(x))
	g.Apply(dx, dy, x)
	return dx
}

// normLoss is Σ dy·γ·(x-mean)/√(variance+ε) of one column.
func normLoss(x []float64, dy []float32, c, j int, gamma, epsilon float64) float64 {
	var mean, variance, loss float64
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / n
	}
	for r, v := range x {
		loss += float64(dy[r*c+j]) * gamma * (v - mean) / math.Sqrt(variance+epsilon)
	}
	return loss
}
