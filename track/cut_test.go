package track

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// looked are n detections, a frame each from first on, that look like e but for noise.
func looked(rng *rand.Rand, e []float32, first, n int) (t []seen) {
	for f := range n {
		t = append(t, seen{frame: first + f, look: noisy(rng, e)})
	}
	return t
}

func noisy(rng *rand.Rand, e []float32) []float32 {
	out := make([]float32, len(e))
	for i, v := range e {
		out[i] = v + float32(0.1*rng.NormFloat64())
	}
	return unit(out)
}

func TestAShortTrackIsCutWhereSomebodyElseGoesOn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := []float32{1, 0, 0, 0.3}, []float32{0, 1, 0, 0.3}
	mixed := append(looked(rng, a, 0, 14), looked(rng, b, 14, 9)...)
	whole := looked(rng, []float32{0, 0, 1, 0.3}, 0, 23)
	o := DefaultOffline()
	got := map[int]int{} // lengths by first frame
	for _, part := range o.cut([][]seen{mixed, whole, looked(rng, a, 14, 9)}) {
		if part[0].look[2] < 0.5 {
			got[part[0].frame] += len(part)
		} else if len(part) != 23 {
			t.Errorf("a track of one is cut after %d of 23", len(part))
		}
	}
	if got[0] != 14 || got[14] != 18 {
		t.Errorf("parts by their first frames: %v, want 14 from 0 and twice 9 from 14", got)
	}
	if cut := o.cut([][]seen{make([]seen, 20)}); len(cut) != 1 {
		t.Errorf("a track without embeddings is cut into %d", len(cut))
	}
}

// Two cross. Before they meet one hides the other, and then it is the other way round: the box that is always there is of both.
func TestOfflineTellsApartWhoTakeTurnsInOneTrack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	looks := [][]float32{{1, 0, 0, 0.5}, {0, 1, 0, 0.5}}
	frames := make([]Frame, 60)
	for f := range frames {
		frames[f] = Frame{Number: f + 1, At: time.Duration(f) * frame}
		for i, x := range []float64{float64(2 * f), float64(118 - 2*f)} {
			if i == 1 && f >= 24 && f < 30 || i == 0 && f >= 30 && f < 36 {
				continue
			}
			box := mot.Box{X: x + rng.NormFloat64(), Y: 100, W: 40, H: 100}
			frames[f].Detections = append(frames[f].Detections, Detection{Box: box, Score: 0.9, Embedding: noisy(rng, looks[i])})
		}
	}
	out, _, err := DefaultOffline().Run(context.Background(), frames)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int][2]float64{} // where each id was in the first frames and in the last ones
	for _, r := range out.Rows {
		p := at[r.ID]
		if r.Frame == 10 {
			p[0] = r.Box.X
		}
		if r.Frame == 50 {
			p[1] = r.Box.X
		}
		at[r.ID] = p
	}
	if len(at) != 2 {
		t.Fatalf("%d ids, want 2", len(at))
	}
	for id, p := range at {
		if p[0] < 40 && p[1] < 80 || p[0] > 80 && p[1] > 40 {
			t.Errorf("id %d was at %.0f and then at %.0f: it is not of one", id, p[0], p[1])
		}
	}
}
