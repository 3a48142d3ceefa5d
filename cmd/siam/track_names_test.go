package main

import (
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/track"
)

func TestAnIDGoesToTheNearestOfTracksAtOneTime(t *testing.T) {
	of := func(id string, first, last int, distance float32) lifetime {
		return lifetime{First: first, Last: last, Identity: &named{Verdict: gallery.Match, ID: id, Distance: &distance}}
	}
	tracks := []lifetime{of("Ann", 1, 10, 0.3), of("Ann", 5, 20, 0.2), of("Ann", 21, 30, 0.4), of("Bob", 1, 30, 0.5), {First: 1, Last: 30}}
	oneOfEach(tracks)
	want := []gallery.Outcome{gallery.Refer, gallery.Match, gallery.Match, gallery.Match}
	for i, w := range want {
		if got := tracks[i].Identity.Verdict; got != w {
			t.Errorf("track %d: %s, want %s (%s)", i, got, w, tracks[i].Identity.Reason)
		}
	}
}

func TestATrackIsShownByItsOwnDetectionsTheSurestFirst(t *testing.T) {
	looked := []float32{1}
	box := mot.Box{X: 10, Y: 10, W: 20, H: 40}
	frames := []track.Frame{
		{Number: 5, Detections: []track.Detection{{Box: box, Score: 0.5, Embedding: looked}, {Box: mot.Box{X: 200, Y: 10, W: 20, H: 40}, Score: 1, Embedding: looked}}},
		{Number: 6, Detections: []track.Detection{{Box: box, Score: 0.9, Embedding: looked}}},
		{Number: 7, Detections: []track.Detection{{Box: box, Score: 1}}},
	}
	shown := shownBy(frames, []mot.Row{{Frame: 5, ID: 1, Box: box}, {Frame: 6, ID: 1, Box: box}, {Frame: 7, ID: 1, Box: box}, {Frame: 7, ID: 2, Box: mot.Box{X: 300, Y: 1, W: 9, H: 9}}})
	if len(shown[1]) != 2 || shown[1][0].Score != 0.9 || shown[1][1].Score != 0.5 || len(shown[2]) != 0 {
		t.Errorf("shown by %+v", shown)
	}
}
