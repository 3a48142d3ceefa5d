package imgproc

import (
	"math/rand/v2"
	"testing"
)

// TestResizingHasTheBitsOfTheTableOfSums holds both ways to average against each other.
func TestResizingHasTheBitsOfTheTableOfSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	level := func(c int) (scale, shift float32) { return 0.5 + float32(c), -0.25 }
	for i := range 200 {
		m := New(1+rng.IntN(60), 1+rng.IntN(60), 1+2*rng.IntN(2))
		for i := range m.Pix {
			m.Pix[i] = uint8(rng.UintN(256))
		}
		a := Scaling([]float64{1, -1, 0.7, 1.9}[rng.IntN(4)], []float64{1, 1, 0.6, 2.2}[rng.IntN(4)])
		if rng.IntN(2) == 0 {
			a = a.Then(Translation(9*rng.Float64()-4, 9*rng.Float64()-4))
		}
		f := newFrame(1+rng.IntN(50), 1+rng.IntN(50), a)
		if i%10 == 0 { // the image's own pixels
			a = Scaling([]float64{1, -1}[rng.IntN(2)], 1)
			f = newFrame(m.H, m.W, a)
		}
		if rng.IntN(2) == 0 {
			f.outside = int32(rng.IntN(256))
		}
		got, want := make([]float32, f.h*f.w*m.C), make([]float32, f.h*f.w*m.C)
		g := newGrid(m, f)
		pooled := m.pooled(g.poolY, g.poolX)
		g.resize(got, f, m.C, pooled, level)
		g.average(want, f, m.C, pooled, level)
		for i, v := range got {
			if v != want[i] {
				t.Fatalf("%d×%d to %d×%d by %v: value %d = %v, want %v", m.W, m.H, f.w, f.h, a, i, v, want[i])
			}
		}
	}
}

func BenchmarkResize(b *testing.B) {
	m := waves(750, 1000)
	for b.Loop() {
		Resize(m, 480, 640)
	}
}
