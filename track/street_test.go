package track

import (
	"context"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
)

// Thousands of frames of an invented street: ours loses fewer ids than SORT, and nobody has two boxes in a frame.
func TestAStreetIsTrackedBetterThanBySORT(t *testing.T) {
	truth, found, err := mot.World{Frames: 2000, People: 10, Seed: 5}.Sequences(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	frames, err := Frames(found, 25, Scores{})
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]tracking.Result{}
	for name, s := range all() {
		out, _, err := s.Run(frames)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.CheckIDs(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		compared, err := tracking.Compare(mot.Pair{Truth: truth, Tracks: out}, tracking.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		results[name] = compared.Count().Result()
	}
	if ours, sort := results["ours"], results["sort"]; ours.IDF1 < sort.IDF1+0.03 || ours.MOTA < sort.MOTA+0.05 || ours.IDSW >= sort.IDSW {
		t.Errorf("ours MOTA %.3f IDF1 %.3f IDs %d, SORT %.3f %.3f %d, want it clearly better", ours.MOTA, ours.IDF1, ours.IDSW, sort.MOTA, sort.IDF1, sort.IDSW)
	}
}
