package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWeightedL1AgreesWithFloat64AndThePortableLoop(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 12))
		for _, n := range append(upTo(150), BlockLen, BlockLen+1, 2*BlockLen+33) {
			a, b, w := normals(rng, n, 0), normals(rng, n, 0), normals(rng, n, 0)
			var exact, size float64
			for i := range a {
				term := float64(w[i]) * math.Abs(float64(a[i])-float64(b[i]))
				exact, size = exact+term, size+math.Abs(term)
			}
			got, want := WeightedL1(a, b, w), float32(0)
			withPortable(func() { want = WeightedL1(a, b, w) })
			if ulps(got, want) > 1 {
				t.Errorf("WeightedL1(n=%d) = %v, want the portable loop's %v", n, got, want)
			}
			if math.Abs(float64(got)-exact) > 1e-6*(size+1e-6) {
				t.Errorf("WeightedL1(n=%d) = %v, want %v", n, got, exact)
			}
		}
	})
}

// overRowsCases are the sums over the rows of y, with their terms in float64.
var overRowsCases = map[string]struct {
	sums func(dst, x, y, v []float32)
	term func(d float64) float64
}{
	"SignSums": {SignSums, func(d float64) float64 { return math.Copysign(1, d+0) }},
	"L1Sums":   {L1Sums, math.Abs},
}

func TestSumsOverRowsAgreeWithFloat64AndThePortableLoop(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 12))
		for name, k := range overRowsCases {
			for _, rows := range []int{0, 1, 2, 17} {
				for c := range 150 {
					x, y, v := normals(rng, c, 0), normals(rng, rows*c, 0), normals(rng, rows, 0)
					if rows > 1 {
						copy(y[c:], x) // equal numbers
					}
					got, check := fenced(t, make([]float32, c), 12345)
					want := make([]float32, c)
					k.sums(got, x, y, v)
					check(name)
					withPortable(func() { k.sums(want, x, y, v) })
					for i := range got {
						if !sameBits(got[i], want[i]) {
							t.Fatalf("%s(rows=%d, c=%d)[%d] = %v, want the portable loop's %v", name, rows, c, i, got[i], want[i])
						}
						var exact float64
						for j, g := range v {
							exact += float64(g) * k.term(float64(x[i])-float64(y[j*c+i]))
						}
						if math.Abs(float64(got[i])-exact) > 1e-5*float64(1+rows) {
							t.Fatalf("%s(rows=%d, c=%d)[%d] = %v, want %v", name, rows, c, i, got[i], exact)
						}
					}
				}
			}
		}
	})
}

func TestSignOfNoDifferenceIsOne(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		minus := float32(math.Copysign(0, -1))
		x, y := []float32{3, 0, minus, 0}, []float32{3, minus, 0, 0}
		got := make([]float32, len(x))
		SignSums(got, x, y, []float32{2})
		for i, g := range got {
			if g != 2 {
				t.Errorf("SignSums of %v and %v = %v, want 2", x[i], y[i], g)
			}
		}
	})
}
