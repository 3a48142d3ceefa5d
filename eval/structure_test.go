package eval

import (
	"math"
	"testing"
)

// TestStructureIsTheAuthorsMeasure has numbers from the measure written in numpy, after PySODMetrics.
func TestStructureIsTheAuthorsMeasure(t *testing.T) {
	const h, w = 6, 7
	noise, soft, exact := make([]float32, h*w), make([]float32, h*w), make([]float32, h*w)
	box, none, all := make([]uint8, h*w), make([]uint8, h*w), make([]uint8, h*w)
	for i := range noise {
		noise[i] = float32((i*i*7+3*i)%23) / 22
		if y, x := i/w, i%w; y >= 1 && y < 4 && x >= 2 && x < 6 {
			box[i], exact[i] = 255, 1
		}
		soft[i] = exact[i]*0.8 + 0.1*noise[i]
		all[i] = 255
	}
	for name, c := range map[string]struct {
		found []float32
		truth []uint8
		want  float64
	}{
		"noise":             {noise, box, 0.2919593258339781},
		"soft":              {soft, box, 0.9734765066658466},
		"exact":             {exact, box, 1},
		"no object":         {noise, none, 0.5476190447807312},
		"all of it objects": {noise, all, 0.4523809552192688},
	} {
		if got := Structure(c.found, c.truth, h, w); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: Structure = %v, want %v", name, got, c.want)
		}
	}
	void := append([]uint8{}, box...)
	exact[0], void[0] = 1, 128
	if got := Structure(exact, void, h, w); math.Abs(got-1) > 1e-9 {
		t.Errorf("wrong where nobody knows: %v, want 1", got)
	}
}
