package track

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/siam-go/siam/dataset/mot"
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
