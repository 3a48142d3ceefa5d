package main

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
)

// A network that learned for a moment keeps ids better than motion alone, and the report shows where.
func TestTheDemoTracksAStreet(t *testing.T) {
	backend, err := siam.NewBackend("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	r := recipe.DemoStreet()
	r.Settings.Steps, r.Settings.Every = 60, 60
	size := newDemoStreetSize(1)
	size.tracked.Frames, size.every = 500, 15
	a := &app{stdout: io.Discard, stderr: io.Discard, quiet: true, seed: 1}
	street, err := a.streetDemo(t.Context(), backend, r, size)
	if err != nil {
		t.Fatal(err)
	}
	if m, l := street.Motion, street.Looks; street.Figures != 80 || m.People != 12 || l.N != m.N || l.IDF1 < m.IDF1+0.01 {
		t.Errorf("%d figures learned; motion alone %+v, with the network %+v, want the same street and the ids kept better", street.Figures, m, l)
	}
	if len(street.strip.tiles) != 8 {
		t.Fatalf("%d pictures, want four of each run", len(street.strip.tiles))
	}
	if before, found := street.strip.tiles[0].Verdict, street.strip.tiles[2].Verdict; before != report.Right || found != report.Wrong {
		t.Errorf("motion alone is marked %v before and %v when the figure is found again, want it wrong only then", before, found)
	}
	page := report.New("Street")
	page.Add(street.section())
	if err := page.Write(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestTheDemoShowsACrossingThatLooksDecide(t *testing.T) {
	// life is a figure's events: seen by one track up to frame 10, hidden, and seen from frame 14 on by the other.
	life := func(figure, before, after int) (events []tracking.Event) {
		for frame := 1; frame <= 30; frame++ {
			e := tracking.Event{Frame: frame, Kind: tracking.Match, Truth: figure, Track: before}
			switch {
			case frame > 10 && frame < 14:
				e.Kind, e.Track = tracking.Miss, 0
			case frame == 14 && before != after:
				e.Kind, e.Track, e.From = tracking.Switch, after, before
			case frame >= 14:
				e.Track = after
			}
			events = append(events, e)
		}
		return events
	}
	left := []tracking.Event{{Frame: 1, Kind: tracking.Match, Truth: 3, Track: 5}, {Frame: 9, Kind: tracking.Switch, Truth: 3, Track: 6, From: 5}}
	both := slices.Concat(left, life(1, 7, 11), life(2, 8, 12))
	for _, c := range []struct {
		motion, looks []tracking.Event
		want          demoCrossing
		ok            bool
	}{
		{both, slices.Concat(left, life(1, 7, 11), life(2, 9, 9)), demoCrossing{figure: 2, lost: 10, found: 14, kept: true}, true},
		{both, both, demoCrossing{figure: 1, lost: 10, found: 14}, true},
		{slices.Concat(left, life(1, 7, 7)), both, demoCrossing{}, false},
	} {
		if got, ok := findCrossing(c.motion, c.looks); ok != c.ok || !cmp.Equal(got, c.want, cmp.AllowUnexported(demoCrossing{})) {
			t.Errorf("findCrossing = %+v, %v, want %+v, %v", got, ok, c.want, c.ok)
		}
	}
	if got, want := (demoCrossing{lost: 3, found: 9}).frames(12), []int{3, 6, 9, 12}; !cmp.Equal(got, want) {
		t.Errorf("frames = %v, want %v inside the street", got, want)
	}
}

// A street without a crossing has figures and no pictures.
func TestTheDemoNeedsNoCrossing(t *testing.T) {
	page := report.New("Street")
	page.Add(demoStreet{Frames: 3}.section())
	var b bytes.Buffer
	if err := page.Write(&b); err != nil || bytes.Contains(b.Bytes(), []byte("In the middle")) {
		t.Errorf("the page speaks of pictures that it has not, or %v", err)
	}
}
