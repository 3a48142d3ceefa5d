package track

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// told is what links of two detections cost, the earlier first, and at which stage: 0 of detections, 1 and 2 of short tracks. nil takes nothing.
type told map[[2]*Detection]Cell

// note keeps what a link cost; of several stages the last one tells.
func (t told) note(w priced, c Cell) {
	if t != nil {
		c.Motion, c.Looks = w.motion, w.looks
		t[[2]*Detection{w.a, w.b}] = c
	}
}

// priced is a link while its cost is found.
type priced struct {
	a, b          *Detection
	motion, looks float64 // see [Cell]
}

// passed keeps what links of a network, those of all, cost in the end.
func (t told) passed(all []priced, stage int, links []Link) {
	for k, l := range links {
		t.note(all[k], Cell{Outcome: Outbid, Stage: stage, Cost: l.Cost})
	}
}

// Explain is [Offline.RunPairs] that tells besides what was weighed in each frame: the rows are the last detections of tracks before it, up to
// [Offline.Far] before, and each cell is the link from there to a detection of the frame. Stage 0 links detections, 1 and 2 link short tracks; what no
// stage could link is forbidden. Frames with more than most pairs are not told.
func (o Offline) Explain(ctx context.Context, frames []Frame, compare Compare, most int) (mot.Sequence, []Association, error) {
	links := told{}
	tracks, all, _, err := o.tracks(ctx, frames, compare, links)
	if err != nil {
		return mot.Sequence{}, nil, err
	}
	associations := make([]Association, len(frames))
	for _, d := range all {
		a := &associations[d.frame]
		a.Detections = append(a.Detections, d.index)
	}
	for f := range frames {
		o.explain(&associations[f], frames, f, tracks, links, most)
	}
	return o.rows(tracks, frames), associations, ctx.Err()
}

// explain tells of frame f, whose columns are known.
func (o Offline) explain(a *Association, frames []Frame, f int, tracks [][]seen, links told, most int) {
	detections := frames[f].Detections
	slices.SortStableFunc(a.Detections, func(i, j int) int { return cmp.Compare(detections[j].Score, detections[i].Score) })
	var last, next []seen // of each row
	for id, t := range tracks {
		k, _ := slices.BinarySearchFunc(t, f, func(d seen, f int) int { return d.frame - f })
		if k == 0 || frames[f].At.Seconds()-t[k-1].at > o.Far {
			continue
		}
		state := Confirmed
		if t[k-1].frame < f-1 {
			state = Lost
		}
		a.Tracks = append(a.Tracks, Candidate{ID: id + 1, State: state, Box: t[k-1].Box, Seen: frames[t[k-1].frame].At, Look: t[k-1].Box})
		last = append(last, t[k-1])
		if k == len(t) {
			k-- // it ends: none of this frame goes on with it
		}
		next = append(next, t[k])
	}
	if a.Over = len(last)*len(a.Detections) > most; a.Over {
		*a = Association{Over: true}
		return
	}
	for row, from := range last {
		for _, i := range a.Detections {
			c, known := links[[2]*Detection{from.Detection, &detections[i]}]
			if !known {
				c = Cell{Outcome: Forbidden, Cost: math.NaN(), Motion: math.NaN(), Looks: math.NaN()}
			} else if next[row].Detection == &detections[i] {
				c.Outcome = Chosen
			}
			a.Cells = append(a.Cells, c)
		}
	}
}

// Gates are what a link may cost at each stage of [Offline.Explain] where looks do not speak for it.
func (o Offline) Gates() []float64 { return []float64{2 * o.Enter, o.Join, o.Join} }
