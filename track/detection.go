package track

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// Detection is one box of a frame.
type Detection struct {
	Box   mot.Box
	Score float64 // how likely the box is right, in [0, 1]
	// Embedding is what the box's picture looks like, of any length that is the same for all; nil where there is none, or where it was
	// not worth having. Then motion alone decides, and that is never a penalty.
	Embedding []float32
}

// Skipped counts detections that were not used.
type Skipped struct {
	Bad       int `json:"bad"`       // a number that is not finite, or a box without extent or outside all pictures
	Duplicate int `json:"duplicate"` // nearly the same box as one with a higher score
	Low       int `json:"low"`       // a score below [Settings.Low]
}

// usable are the indices of detections that can be used, by falling score.
func (t *Tracker) usable(detections []Detection) []int {
	t.order = t.order[:0]
	for i, d := range detections {
		switch {
		case !possible(d.Box) || math.IsNaN(d.Score) || math.IsInf(d.Score, 0):
			t.skipped.Bad++
		case d.Score < t.settings.Low:
			t.skipped.Low++
		default:
			t.order = append(t.order, i)
		}
	}
	slices.SortStableFunc(t.order, func(a, b int) int { return cmp.Compare(detections[b].Score, detections[a].Score) })
	if t.settings.Suppress <= 0 {
		return t.order
	}
	kept := t.order[:0]
	for _, i := range t.order {
		if slices.ContainsFunc(kept, func(k int) bool { return covers(detections[k].Box, detections[i].Box, t.settings.Suppress) }) {
			t.skipped.Duplicate++
			continue
		}
		kept = append(kept, i)
	}
	return kept
}

// possible reports whether a box can be one of a picture: it has an extent, and lies no millions of pixels away.
func possible(b mot.Box) bool {
	const least, most = 0.01, 1e7
	return b.W >= least && b.H >= least && b.W <= most && b.H <= most && math.Abs(b.X) <= most && math.Abs(b.Y) <= most
}

// covers reports an IoU above most; boxes that are apart are told so quickly.
func covers(a, b mot.Box, most float64) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H && a.IoU(b) > most
}
