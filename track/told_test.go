package track

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// What is told of the whole video are the tracks that came of it: every detection of a track but its first goes on with the row of the same track.
func TestExplainTellsOfTheLinksThatWereChosen(t *testing.T) {
	frames := crossing(rand.New(rand.NewPCG(1, 2)))
	o := DefaultOffline()
	want, _, err := o.Run(context.Background(), frames)
	if err != nil {
		t.Fatal(err)
	}
	got, all, err := o.Explain(context.Background(), frames, nil, 100)
	if err != nil || len(got.Rows) != len(want.Rows) || len(all) != len(frames) {
		t.Fatalf("%d rows of %d frames, %v; want %d of %d", len(got.Rows), len(all), err, len(want.Rows), len(frames))
	}
	links, stages := 0, map[int]int{}
	for f, a := range all {
		if len(a.Cells) != len(a.Tracks)*len(a.Detections) {
			t.Fatalf("frame %d: %d cells of %d tracks and %d detections", f, len(a.Cells), len(a.Tracks), len(a.Detections))
		}
		taken := map[int]bool{}
		for k, c := range a.Cells {
			if c.Outcome != Chosen {
				continue
			}
			links++
			stages[c.Stage]++
			if col := k % len(a.Detections); taken[col] {
				t.Errorf("frame %d: a detection goes with two tracks", f)
			} else {
				taken[col] = true
			}
			if !(c.Cost <= o.Gates()[c.Stage]) || math.Abs(c.Cost-c.Motion) > 1e-9 || !math.IsNaN(c.Looks) {
				t.Errorf("frame %d: %+v, want a cost up to %g by motion alone", f, c, o.Gates()[c.Stage])
			}
		}
	}
	used := 0
	for _, f := range frames {
		used += len(f.Detections)
	}
	if links != used-2 || stages[0] == 0 || stages[1]+stages[2] == 0 {
		t.Errorf("%d links of %d detections in two tracks, by stage %v; want %d, and some of short tracks", links, used, stages, used-2)
	}
	if _, all, _ = o.Explain(context.Background(), frames, nil, 1); !all[30].Over || len(all[30].Cells) > 0 {
		t.Error("more pairs are told than wanted")
	}
}
