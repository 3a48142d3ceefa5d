package track

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A distance that is as likely of one object as of two costs nothing, whatever the scale of the embeddings.
func TestWhatDistancesMeanIsLearnedOfShortTracks(t *testing.T) {
	for _, spread := range []float64{0.1, 0.3} { // of one object's looks; all have a part in common besides
		rng := rand.New(rand.NewPCG(1, 2))
		var tracks [][]seen
		for range 10 {
			var own [16]float64
			for i := range own {
				own[i] = 0.3 + 0.5*rng.NormFloat64()
			}
			var one []seen
			for f := range 12 {
				e := make([]float32, len(own))
				for i := range e {
					e[i] = float32(own[i] + spread*rng.NormFloat64())
				}
				one = append(one, seen{frame: f, look: unit(e)})
			}
			tracks = append(tracks, one)
		}
		o, near, all := DefaultOffline().alike(tracks), 0, 0
		for i, a := range tracks {
			if cost := o.differ(apart(look(a[:3]), look(a[9:]))); cost >= 0 {
				t.Errorf("spread %g: track %d against itself costs %.2f, want less than 0", spread, i, cost)
			}
			for _, b := range tracks[:i] {
				if all++; o.differ(apart(look(a), look(b))) <= 0 {
					near++
				}
			}
		}
		if near > all/10 {
			t.Errorf("spread %g: %d of %d pairs of tracks look the same", spread, near, all)
		}
	}
	bare := DefaultOffline()
	if o := bare.alike([][]seen{{{}, {}, {}, {}, {}, {}, {}, {}, {}}, {{}, {}, {}}}); o != bare {
		t.Error("tracks without embeddings changed what distances mean")
	}
}

func TestTheMeanLookGoesOnWhereOneIsMissing(t *testing.T) {
	got := look([]seen{{}, {look: []float32{0.6, 0.8}}, {}, {look: []float32{0.6, 0.8}}})
	if len(got) != 2 || math.Abs(float64(got[0])-0.6) > 1e-6 || math.Abs(float64(got[1])-0.8) > 1e-6 {
		t.Errorf("mean of (0.6, 0.8) twice, and of nothing: %v", got)
	}
	if look([]seen{{}}) != nil {
		t.Error("a track without embeddings has a look")
	}
}
