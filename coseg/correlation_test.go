package coseg

import (
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// maps are random feature maps.
type maps struct {
	n, h, w, c int
	values     []float32
}

func randomMaps(seed uint64, n, h, w, c int) maps {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := maps{n, h, w, c, make([]float32, n*h*w*c)}
	for i := range m.values {
		m.values[i] = float32(rng.NormFloat64())
	}
	return m
}

func (m maps) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(m.values, m.n, m.h, m.w, m.c)
}

// at is a place's vector, nil outside the map.
func (m maps) at(n, y, x int) []float32 {
	if y < 0 || y >= m.h || x < 0 || x >= m.w {
		return nil
	}
	return m.values[((n*m.h+y)*m.w+x)*m.c:][:m.c]
}

// direct is the lecture's sum: with m = i + dx and n = j + dy, k = (n − j)·D + (m − i), counted from the middle channel on.
func direct(a, b maps, r int) []float32 {
	d := 2*r + 1
	out := make([]float32, a.n*a.h*a.w*d*d)
	for n := range a.n {
		for j := range a.h {
			for i := range a.w {
				for dy := -r; dy <= r; dy++ {
					for dx := -r; dx <= r; dx++ {
						k := dy*d + dx + d*d/2
						for c, v := range b.at(n, j+dy, i+dx) {
							out[((n*a.h+j)*a.w+i)*d*d+k] += v * a.at(n, j, i)[c] / float32(a.c)
						}
					}
				}
			}
		}
	}
	return out
}

func correlate(t *testing.T, a, b maps, r int) []float32 {
	t.Helper()
	out := MustExecOnce(backend(t), func(x, y *Node) *Node { return Correlation(x, y, r) }, a.tensor(), b.tensor())
	return tensors.MustCopyFlatData[float32](out)
}

func TestCorrelationIsTheLecturesSum(t *testing.T) {
	for _, c := range []struct{ n, h, w, c, r int }{{1, 4, 4, 3, 3}, {2, 3, 5, 4, 2}, {1, 5, 2, 1, 6}, {2, 1, 1, 2, 0}, {1, 4, 3, 8, 4}, {1, 6, 6, 2, 0}} {
		a, b := randomMaps(1, c.n, c.h, c.w, c.c), randomMaps(2, c.n, c.h, c.w, c.c)
		got, want := correlate(t, a, b, c.r), direct(a, b, c.r)
		if len(got) != len(want) {
			t.Fatalf("Correlation(%+v) has %d numbers, want %d", c, len(got), len(want))
		}
		for i := range got {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Fatalf("Correlation(%+v)[%d] = %v, want %v", c, i, got[i], want[i])
			}
		}
	}
}

func TestTheMiddleChannelOfEqualMapsIsTheSquaredLength(t *testing.T) {
	a := randomMaps(3, 1, 4, 4, 8)
	got := correlate(t, a, a, 3)
	for p := range 16 {
		var want float32
		for _, v := range a.values[p*8:][:8] {
			want += v * v / 8
		}
		if diff := got[p*49+24] - want; diff > 1e-5 || diff < -1e-5 {
			t.Errorf("middle channel at place %d = %v, want %v", p, got[p*49+24], want)
		}
	}
}

// TestAShiftPeaksAtItsDisplacement shifts a map of unequal directions by (dx, dy): the largest channel is that displacement's.
func TestAShiftPeaksAtItsDisplacement(t *testing.T) {
	const side, c, r = 6, 64, 3
	a := randomMaps(4, 1, side, side, c)
	for _, shift := range [][2]int{{0, 0}, {1, 0}, {0, -2}, {3, 2}} {
		dx, dy := shift[0], shift[1]
		b := maps{1, side, side, c, make([]float32, len(a.values))}
		for y := range side {
			for x := range side {
				if to := b.at(0, y+dy, x+dx); to != nil {
					copy(to, a.at(0, y, x))
				}
			}
		}
		got := correlate(t, a, b, r)
		place := got[(2*side+2)*49:][:49]
		best := 0
		for k, v := range place {
			if v > place[best] {
				best = k
			}
		}
		if want := (dy+r)*7 + dx + r; best != want {
			t.Errorf("shift (%d, %d) peaks at channel %d, want %d", dx, dy, best, want)
		}
	}
}

func TestCorrelationIsSymmetric(t *testing.T) {
	const h, w, r, d = 3, 4, 3, 7
	a, b := randomMaps(5, 1, h, w, 5), randomMaps(6, 1, h, w, 5)
	ab, ba := correlate(t, a, b, r), correlate(t, b, a, r)
	for p := range h * w {
		for q := range h * w {
			dy, dx := q/w-p/w, q%w-p%w
			there, back := ab[p*d*d+(dy+r)*d+dx+r], ba[q*d*d+(r-dy)*d+r-dx]
			if math.Abs(float64(there-back)) > 1e-6 {
				t.Errorf("c_AB(%d → %d) = %v, c_BA(%d → %d) = %v", p, q, there, q, p, back)
			}
		}
	}
}

func TestOutsideTheMapIsZero(t *testing.T) {
	a := maps{1, 2, 2, 1, []float32{1, 1, 1, 1}}
	got := correlate(t, a, a, 2)
	for p := range 4 {
		for k := range 25 {
			y, x := p/2+k/5-2, p%2+k%5-2
			want := float32(0)
			if y >= 0 && y < 2 && x >= 0 && x < 2 {
				want = 1
			}
			if got[p*25+k] != want {
				t.Errorf("channel %d of place %d = %v, want %v", k, p, got[p*25+k], want)
			}
		}
	}
}

func TestTheGradientsOfBothMapsAreCentralDifferences(t *testing.T) {
	const h, w, c, r, d = 3, 2, 3, 2, 5
	a, b, weights := randomMaps(7, 1, h, w, c), randomMaps(8, 1, h, w, c), randomMaps(9, 1, h, w, d*d)
	value := func(a, b maps) (sum float64) { // Σ weights·c²/2
		for i, v := range direct(a, b, r) {
			sum += float64(weights.values[i]) * float64(v) * float64(v) / 2
		}
		return sum
	}
	exec := MustNewExec(backend(t), func(x, y, w *Node) []*Node {
		v := Correlation(x, y, r)
		return Gradient(ReduceAllSum(MulScalar(Mul(w, Square(v)), 0.5)), x, y)
	})
	defer exec.Finalize()
	got := exec.MustCall(a.tensor(), b.tensor(), weights.tensor())
	for k, of := range []maps{a, b} {
		for i, g := range tensors.MustCopyFlatData[float32](got[k]) {
			const step = 1e-2
			old := of.values[i]
			of.values[i] = old + step
			high := value(a, b)
			of.values[i] = old - step
			low := value(a, b)
			of.values[i] = old
			if want := (high - low) / (2 * step); math.Abs(float64(g)-want) > 2e-3 {
				t.Errorf("gradient %d of map %d = %v, want %v", i, k, g, want)
			}
		}
	}
}

func TestMapsOfTwoShapesPanicWithBoth(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	correlate(t, randomMaps(1, 1, 2, 2, 1), randomMaps(1, 1, 2, 3, 1), 1)
}
