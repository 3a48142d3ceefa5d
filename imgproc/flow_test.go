package imgproc

import (
	"math"
	"math/rand/v2"
	"testing"
)

// texture is a smooth random picture, at any place between pixels: a sum of waves.
type texture [40][4]float64

func newTexture(rng *rand.Rand) (t texture) {
	for i := range t {
		length, angle := 6+30*rng.Float64(), 2*math.Pi*rng.Float64()
		t[i] = [4]float64{2 * math.Pi / length * math.Cos(angle), 2 * math.Pi / length * math.Sin(angle), 2 * math.Pi * rng.Float64(), 12}
	}
	return t
}

func (t texture) at(x, y float64) uint8 {
	v := 128.0
	for _, w := range t {
		v += w[3] * math.Sin(w[0]*x+w[1]*y+w[2])
	}
	return uint8(min(max(v+0.5, 0), 255))
}

// moved are two pictures: a point (x, y) of the first is at move(x, y) further in the second; back gives the place in the first.
func (t texture) moved(h, w int, back func(x, y float64) (float64, float64)) (a, b Image) {
	a, b = New(h, w, 1), New(h, w, 1)
	for y := range h {
		for x := range w {
			a.Pix[y*w+x] = t.at(float64(x), float64(y))
			b.Pix[y*w+x] = t.at(back(float64(x), float64(y)))
		}
	}
	return a, b
}

// endPoint is the mean distance in pixels of a flow from the truth, of points at least edge from the border.
func endPoint(f Flow, edge int, truth func(x, y float64) (float64, float64)) float64 {
	sum, n := 0.0, 0
	for y := edge; y < f.H-edge; y++ {
		for x := edge; x < f.W-edge; x++ {
			dx, dy := truth(float64(x), float64(y))
			sum += math.Hypot(float64(f.DX[y*f.W+x])-dx, float64(f.DY[y*f.W+x])-dy)
			n++
		}
	}
	return sum / float64(n)
}

func TestFlowFindsShiftsToThreeTenthsOfAPixel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][2]int{{121, 53}, {96, 128}} {
		for _, d := range [][2]float64{{0, 0}, {0.5, -0.25}, {3, 1}, {-5.5, 2.5}, {8, 0}, {0, -8}, {5.6, 5.6}, {-8, 0}} {
			a, b := newTexture(rng).moved(size[0], size[1], func(x, y float64) (float64, float64) { return x - d[0], y - d[1] })
			if far := endPoint(OpticalFlow(a, b), 8, func(_, _ float64) (float64, float64) { return d[0], d[1] }); far > 0.3 {
				t.Errorf("%v pixels moved by %v: mean end-point error %.3f pixels, want 0.3 at most", size, d, far)
			}
		}
	}
}

func TestFlowFindsATurnAndAGrowth(t *testing.T) {
	const h, w, angle, grow = 100, 100, 0.05, 1.06
	c, s := math.Cos(angle)*grow, math.Sin(angle)*grow
	det := c*c + s*s
	a, b := newTexture(rand.New(rand.NewPCG(5, 6))).moved(h, w, func(x, y float64) (float64, float64) {
		x, y = x-w/2, y-h/2
		return (c*x+s*y)/det + w/2, (-s*x+c*y)/det + h/2
	})
	far := endPoint(OpticalFlow(a, b), 8, func(x, y float64) (float64, float64) {
		x, y = x-w/2, y-h/2
		return c*x - s*y - x, s*x + c*y - y
	})
	if far > 0.3 {
		t.Errorf("turned and grown: mean end-point error %.3f pixels, want 0.3 at most", far)
	}
}

func TestFlowOfFlatAndSmallPicturesIsFinite(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 30}, {40, 40}} {
		f := OpticalFlow(Filled(size[0], size[1], 3, 90), Filled(size[0], size[1], 3, 90))
		if far := endPoint(f, 0, func(_, _ float64) (float64, float64) { return 0, 0 }); far != 0 {
			t.Errorf("%v flat pixels move by %g", size, far)
		}
	}
}

func TestLUVHasThePublishedValues(t *testing.T) {
	m := Image{H: 1, W: 5, C: 3, Pix: []uint8{255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255}}
	want := [][3]float64{{100, 0, 0}, {0, 0, 0}, {53.24, 175.01, 37.76}, {87.73, -83.08, 107.40}, {32.30, -9.40, -130.34}} // as colour science tools print them
	got := make([]float32, 5*4)
	LUV(got, 4, m)
	for i, w := range want {
		for c := range w {
			if math.Abs(float64(got[4*i+c])-w[c]) > 0.1 {
				t.Errorf("pixel %d channel %d is %.2f, want %.2f", i, c, got[4*i+c], w[c])
			}
		}
	}
}

func BenchmarkOpticalFlow(b *testing.B) {
	x, y := newTexture(rand.New(rand.NewPCG(1, 2))).moved(121, 53, func(x, y float64) (float64, float64) { return x - 2, y })
	for b.Loop() {
		OpticalFlow(x, y)
	}
}
