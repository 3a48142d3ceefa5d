package track

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
)

// plane are people on a plane, 0.8 of the height of where their feet are, and beside each frame's boxes what more adds.
func plane(rng *rand.Rand, more func(d Detection) []Detection) (frames []Frame) {
	for range 40 {
		var f Frame
		for range 5 {
			feet := 150 + 200*rng.Float64()
			h := 0.8 * feet * math.Exp(0.05*rng.NormFloat64())
			d := Detection{Box: mot.Box{X: 600 * rng.Float64(), Y: feet - h, W: h / 3, H: h}, Score: 0.7}
			f.Detections = append(append(f.Detections, d), more(d)...)
		}
		frames = append(frames, f)
	}
	return frames
}

func TestBoxesOfPartsStandOutByTheirSize(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	half := func(d Detection) []Detection { // of every third person
		b := d.Box
		if rng.IntN(3) > 0 {
			return nil
		}
		return []Detection{{Box: mot.Box{X: b.X + b.W/4, Y: b.Y + b.H/2, W: b.W / 2, H: b.H / 2}, Score: 0.4}}
	}
	s := learnSizes(plane(rng, half))
	at := func(feet, h, score float64) float64 {
		return s.of(Detection{Box: mot.Box{X: 10, Y: feet - h, W: 30, H: h}, Score: score})
	}
	for _, feet := range []float64{170, 250, 330} {
		if whole, part := at(feet, 0.8*feet, 0.7), at(feet, 0.4*feet, 0.7); whole < 0.9 || part > 0.3 {
			t.Errorf("feet at %g: whole %.2f, half %.2f, both by score 0.70; want the one believed more, the other little", feet, whole, part)
		}
	}
	if got := at(250, 0.02, 0.7); !(got >= 0 && got < 0.7) {
		t.Errorf("a size of nothing is believed %g", got)
	}
	for _, score := range []float64{0, 1, 7, -2, math.Inf(1)} {
		if got := at(250, 20, score); got != score {
			t.Errorf("score %g becomes %g", score, got)
		}
	}
}

func TestSizesThatTellNothingChangeLittle(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var frames []Frame
	for range 100 {
		feet, h := 150+200*rng.Float64(), 100*math.Exp(0.5*rng.NormFloat64())
		frames = append(frames, Frame{Detections: []Detection{{Box: mot.Box{Y: feet - h, W: 30, H: h}, Score: 0.2 + 0.6*rng.Float64()}}})
	}
	s := learnSizes(frames)
	for _, f := range frames {
		if d := f.Detections[0]; math.Abs(math.Log(d.Box.H/100)) < 0.5 && math.Abs(s.of(d)-d.Score) > 0.15 {
			t.Errorf("a box %.0f high with feet at %.0f, score %.2f, is believed %.2f", d.Box.H, d.Box.Y+d.Box.H, d.Score, s.of(d))
		}
	}
	if s := learnSizes(frames[:few-1]); s != (sizes{}) {
		t.Errorf("%d boxes teach %+v", few-1, s)
	}
}
