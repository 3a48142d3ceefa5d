package track

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
)

// crossing are two objects that meet in the middle, where one hides the other for some frames.
func crossing(rng *rand.Rand) []Frame {
	frames := make([]Frame, 60)
	for f := range frames {
		frames[f] = Frame{Number: f + 1, At: time.Duration(f) * frame}
		for i, x := range []float64{float64(6 * f), float64(354 - 6*f)} {
			if i == 1 && f > 26 && f < 34 || rng.IntN(12) == 0 {
				continue
			}
			box := mot.Box{X: x + rng.NormFloat64(), Y: 100 + float64(10*i) + rng.NormFloat64(), W: 40, H: 100}
			frames[f].Detections = append(frames[f].Detections, Detection{Box: box, Score: 0.9})
		}
	}
	return frames
}

func TestOfflineKeepsWhoCrossesApartAndFillsGaps(t *testing.T) {
	out, _, err := DefaultOffline().Run(context.Background(), crossing(rand.New(rand.NewPCG(1, 2))))
	if err != nil {
		t.Fatal(err)
	}
	first, last, boxes := map[int]mot.Row{}, map[int]mot.Row{}, map[int]int{}
	for _, r := range out.Rows {
		if _, known := first[r.ID]; !known {
			first[r.ID] = r
		}
		last[r.ID] = r
		boxes[r.ID]++
	}
	if len(boxes) != 2 {
		t.Fatalf("%d tracks, want 2", len(boxes))
	}
	for id := range boxes {
		if went := last[id].Box.X - first[id].Box.X; went*went < 300*300 || boxes[id] < 57 {
			t.Errorf("track %d went %.0f pixels in %d boxes, want about 354 in 60", id, went, boxes[id])
		}
	}
}

// Fewer frames a second are worth more each: who is there for as long is kept.
func TestOfflineEvidenceIsInSeconds(t *testing.T) {
	for _, every := range []int{1, 2, 4} {
		var frames []Frame
		for f := range 60 / every {
			at := every * f
			box := mot.Box{X: float64(2 * at), Y: 100, W: 40, H: 100}
			frames = append(frames, Frame{Number: f + 1, At: time.Duration(at) * frame, Detections: []Detection{{Box: box, Score: 0.6}}})
		}
		for name, seconds := range map[string]float64{"long": 1, "short": 0.12} {
			some := make([]Frame, len(frames))
			for i, f := range frames {
				if some[i] = f; f.At.Seconds() >= seconds {
					some[i].Detections = nil
				}
			}
			out, _, err := OfflineByMotion().Run(context.Background(), some)
			if err != nil || (len(out.Rows) > 0) != (name == "long") {
				t.Errorf("every %d. frame, seen for %g s: %d rows, %v", every, seconds, len(out.Rows), err)
			}
		}
	}
}

// With the whole video at hand no more is wrong than online, and ids last longer, on real sequences by motion alone.
func TestOfflineIsBetterThanOnline(t *testing.T) {
	all := videos(t, "mot15_sequences")
	for name, v := range all {
		scores := learned(all, name)
		frames, err := Frames(v.detections, v.truth.Info.Rate, scores)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := OfflineByMotion().Run(context.Background(), frames)
		if err != nil {
			t.Fatal(err)
		}
		compared, err := tracking.Compare(mot.Pair{Truth: v.truth, Tracks: out}, tracking.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		got, online := compared.Count().Result(), v.judge(t, Ours(), scores)
		if got.MOTA < online.MOTA || got.IDF1 < online.IDF1+0.02 {
			t.Errorf("%s: MOTA %.3f, IDF1 %.3f, online %.3f, %.3f", name, got.MOTA, got.IDF1, online.MOTA, online.IDF1)
		}
	}
}

func TestOfflineOfNothingIsNothing(t *testing.T) {
	out, _, err := DefaultOffline().Run(context.Background(), nil)
	if err != nil || len(out.Rows) != 0 {
		t.Errorf("no frames: %d rows, %v", len(out.Rows), err)
	}
	if out, _, err = DefaultOffline().Run(context.Background(), make([]Frame, 5)); err != nil || len(out.Rows) != 0 {
		t.Errorf("empty frames: %d rows, %v", len(out.Rows), err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := DefaultOffline().Run(done, crossing(rand.New(rand.NewPCG(1, 2)))); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v, want that it is canceled", err)
	}
}

// streetWithLooks is an invented street whose people have embeddings of 128 numbers, with noise.
func streetWithLooks(b *testing.B, frames int) (all []Frame) {
	truth, found, err := mot.World{Frames: frames, People: 15, Seed: 5}.Sequences(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if all, err = Frames(found, 25, Scores{}); err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	there, own := map[int][]mot.Row{}, map[int][]float32{}
	for _, r := range truth.Rows {
		there[r.Frame] = append(there[r.Frame], r)
	}
	for _, f := range all {
		for i := range f.Detections {
			d := &f.Detections[i]
			d.Embedding = make([]float32, 128)
			for k := range d.Embedding {
				d.Embedding[k] = float32(0.5 * rng.NormFloat64())
			}
			for _, r := range there[f.Number] {
				if own[r.ID] == nil {
					for range d.Embedding {
						own[r.ID] = append(own[r.ID], float32(0.5+rng.NormFloat64()))
					}
				}
				shown := float32(r.Box.Overlap(d.Box) / d.Box.Area())
				for k, v := range own[r.ID] {
					d.Embedding[k] += shown * v
				}
			}
		}
	}
	return all
}

func BenchmarkOffline8000Frames(b *testing.B) {
	frames := streetWithLooks(b, 8000)
	for b.Loop() {
		if _, _, err := DefaultOffline().Run(context.Background(), frames); err != nil {
			b.Fatal(err)
		}
	}
}
