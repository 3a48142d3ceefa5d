package track

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/imgproc"
)

// ground is a picture of smooth noise, seen from (x, y) at a scale.
func ground(seed uint64, scale, x, y float64) imgproc.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	type wave struct{ fx, fy, phase float64 }
	var waves []wave
	for range 24 {
		waves = append(waves, wave{0.25 * rng.NormFloat64(), 0.25 * rng.NormFloat64(), 6 * rng.Float64()})
	}
	m := imgproc.New(240, 320, 1)
	for j := range m.H {
		for i := range m.W {
			u, v := (float64(i)-x)/scale, (float64(j)-y)/scale
			sum := 0.0
			for _, w := range waves {
				sum += math.Sin(w.fx*u + w.fy*v + w.phase)
			}
			m.Pix[j*m.W+i] = uint8(128 + 10*sum)
		}
	}
	return m
}

func TestCameraTellsHowItMoved(t *testing.T) {
	for _, want := range [][3]float64{{1, 0, 0}, {1, 3.4, -1.2}, {1, -7.6, 2.5}, {1.01, -1.5, 0.5}} {
		var c Camera
		if scale, dx, dy := c.Next(ground(1, 1, 0, 0)); scale != 1 || dx != 0 || dy != 0 {
			t.Errorf("the first frame moved by %g, %g, %g", scale, dx, dy)
		}
		moved := ground(1, want[0], want[1], want[2])
		for j := 60; j < 180; j++ { // somebody goes through the picture
			for i := 40; i < 90; i++ {
				moved.Pix[j*moved.W+i] = uint8(i * j)
			}
		}
		scale, dx, dy := c.Next(moved)
		far := math.Hypot(scale*160+dx-want[0]*160-want[1], scale*120+dy-want[0]*120-want[2])
		if math.Abs(scale-want[0]) > 0.002 || far > 0.3 {
			t.Errorf("moved by %.4f, %.2f, %.2f, want %v; the middle is %.2f pixels off", scale, dx, dy, want, far)
		}
	}
	var c Camera
	c.Next(imgproc.New(100, 100, 1))
	if scale, dx, dy := c.Next(imgproc.New(100, 100, 1)); scale != 1 || dx != 0 || dy != 0 {
		t.Errorf("a black picture moved by %g, %g, %g", scale, dx, dy)
	}
}
