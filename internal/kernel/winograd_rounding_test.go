package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPatchesRoundedToBFloat16AreTooCoarse shows why minimal filtering multiplies float32 whatever the precision: of patches rounded to
// bfloat16 after their transforms, sums are off several times as far as those of a direct product of rounded operands.
func TestPatchesRoundedToBFloat16AreTooCoarse(t *testing.T) {
	const channels, trials = 64, 40
	random := rand.New(rand.NewPCG(1, 2))
	var size, direct, minimal float64
	for range trials {
		var want, ofDirect [4][4]float64
		products := newSquare(patchSize)
		for range channels {
			x, w := normal(random, patchSize), normal(random, 3)
			addDirect(&want, x, w)
			addDirect(&ofDirect, roundedSquare(x), roundedSquare(w))
			u, v := roundedSquare(twice(powers(3, weightShares), w)), roundedSquare(twice(patchInput, x))
			for i := range u {
				for j := range u[i] {
					products[i][j] += u[i][j] * v[i][j]
				}
			}
		}
		got := twice(powers(4, outputShares).transposed(), products)
		for i := range want {
			for j, y := range want[i] {
				size += y * y
				direct += math.Pow(ofDirect[i][j]-y, 2)
				minimal += math.Pow(got[i][j]-y, 2)
			}
		}
	}
	direct, minimal = math.Sqrt(direct/size), math.Sqrt(minimal/size)
	t.Logf("off by %.2f %% of the sums' length directly and by %.2f %% with rounded patches", 100*direct, 100*minimal)
	if direct > 0.004 || minimal < 3*direct {
		t.Errorf("off by %v directly and by %v with rounded patches: bfloat16 would do for minimal filtering", direct, minimal)
	}
}

type square [][]float64

func newSquare(n int) square {
	s := make(square, n)
	for i := range s {
		s[i] = make([]float64, n)
	}
	return s
}

func normal(random *rand.Rand, n int) square {
	s := newSquare(n)
	for i := range s {
		for j := range s[i] {
			s[i][j] = random.NormFloat64()
		}
	}
	return s
}

// roundedSquare rounds to bfloat16.
func roundedSquare(s square) square {
	r := newSquare(len(s))
	for i, row := range s {
		for j, x := range row {
			half, back := make([]uint16, 1), make([]float32, 1)
			toBFloat16Loop(half, []float32{float32(x)})
			fromBFloat16Loop(back, half)
			r[i][j] = float64(back[0])
		}
	}
	return r
}

// twice is l·s·lᵀ.
func twice(l patchMatrix, s square) square {
	r := newSquare(len(l))
	for i := range l {
		for j := range l {
			for a, left := range l[i] {
				for b, right := range l[j] {
					r[i][j] += float64(left) * s[a][b] * float64(right)
				}
			}
		}
	}
	return r
}

// addDirect adds the convolution of 6×6 pixels with a 3×3 kernel.
func addDirect(sums *[4][4]float64, x, w square) {
	for i := range sums {
		for j := range sums[i] {
			for a := range w {
				for b := range w[a] {
					sums[i][j] += x[i+a][j+b] * w[a][b]
				}
			}
		}
	}
}
