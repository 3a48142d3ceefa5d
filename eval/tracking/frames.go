// Package tracking judges tracks against the truth: CLEAR's MOTA, the identity metrics' IDF1, and HOTA. First come events, what
// happened to each box in each frame; the metrics are short functions over them. Numbers agree with TrackEval's.
package tracking

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/siam-go/siam/assign"
	"github.com/siam-go/siam/dataset/mot"
)

// Frame is who was where in one frame: the truth's ids, the tracks' ids, and how far each two boxes overlap.
type Frame struct {
	Number int
	Truth  []int
	Tracks []int
	IoU    []float64 // [len(Truth), len(Tracks)]
}

// Sequence is the frames of one video that have a box, by number.
type Sequence []Frame

// Rules say which boxes count.
type Rules struct {
	// Label is what the truth's boxes have to show; "" counts all.
	Label string
	// Distractors are labels that are neither right nor wrong to find: a track's box that goes with one of them is left out.
	Distractors []string
}

// InferRules are those of MOT16 and MOT17 where the truth has their classes, of MOT20 where its name begins so too, and no rules
// otherwise, as in MOT15. With a label, such as car, KITTI's and COCO's truth is judged by that alone, and what KITTI calls its
// neighbour is a distractor.
func InferRules(truth mot.Sequence, label string) Rules {
	neighbours := map[string][]string{"car": {"van"}, "pedestrian": {"person", "person_sitting"}}
	if label != "" {
		return Rules{label, neighbours[label]}
	}
	if truth.Format != "mot" || !slices.ContainsFunc(truth.Rows, func(r mot.Row) bool { return r.Label != "" }) {
		return Rules{}
	}
	rules := Rules{mot.Classes[1], []string{"person_on_vehicle", "static_person", "distractor", "reflection"}}
	if strings.HasPrefix(truth.Name, "MOT20") {
		rules.Distractors = append(rules.Distractors, "non_mot_vehicle")
	}
	return rules
}

const (
	match = 0.5 // IoU of boxes that may go together
	eps   = 0x1p-52
)

// Compare lays tracks over the truth of a sequence. Rows of the truth with score 0 are ignored, and so is what rules say.
func Compare(p mot.Pair, rules Rules) (Sequence, error) {
	for _, s := range []mot.Sequence{p.Truth, p.Tracks} {
		if len(s.Bad) > 0 {
			return nil, fmt.Errorf("%s: line %d has %s", s.Path, s.Bad[0].Line, s.Bad[0].Why)
		}
		if err := s.CheckIDs(); err != nil {
			return nil, err
		}
	}
	var frames Sequence
	truth, tracks := p.Truth.Rows, wanted(p.Tracks.Rows, rules)
	for len(truth) > 0 || len(tracks) > 0 {
		number := math.MaxInt
		for _, rows := range [][]mot.Row{truth, tracks} {
			if len(rows) > 0 {
				number = min(number, rows[0].Frame)
			}
		}
		var here, found []mot.Row
		here, truth = until(truth, number)
		found, tracks = until(tracks, number)
		here, found = rules.apply(here, found)
		found = outside(found, here, p.Truth.Ignore)
		frames = append(frames, overlay(number, here, found))
	}
	return frames, nil
}

// wanted are the tracks' rows of the label that is judged; rows without a label are too.
func wanted(rows []mot.Row, rules Rules) []mot.Row {
	if rules.Label == "" {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r mot.Row) bool { return r.Label != "" && r.Label != rules.Label })
}

// until cuts off the rows of one frame.
func until(rows []mot.Row, number int) (here, rest []mot.Row) {
	n := 0
	for n < len(rows) && rows[n].Frame == number {
		n++
	}
	return rows[:n], rows[n:]
}

// apply leaves out tracks' boxes that go with distractors, then the truth's boxes that do not count.
func (r Rules) apply(truth, tracks []mot.Row) ([]mot.Row, []mot.Row) {
	if len(r.Distractors) > 0 && len(truth) > 0 && len(tracks) > 0 {
		drop := make([]bool, len(tracks))
		score := overlay(0, truth, tracks).IoU
		for i := range score {
			if score[i] < match-eps {
				score[i] = 0
			}
			score[i] = -score[i]
		}
		for i, j := range assign.Solve(score, len(truth), len(tracks), -eps) {
			if j >= 0 && slices.Contains(r.Distractors, truth[i].Label) {
				drop[j] = true
			}
		}
		tracks = kept(tracks, func(i int) bool { return !drop[i] })
	}
	truth = kept(truth, func(i int) bool { return truth[i].Score != 0 && (r.Label == "" || truth[i].Label == r.Label) })
	return truth, tracks
}

func kept(rows []mot.Row, keep func(i int) bool) (out []mot.Row) {
	for i, r := range rows {
		if keep(i) {
			out = append(out, r)
		}
	}
	return out
}

// outside leaves out tracks' boxes that lie for more than a half in a region to ignore and overlap no box of the truth.
func outside(tracks, truth, ignore []mot.Row) []mot.Row {
	if len(ignore) == 0 {
		return tracks
	}
	return kept(tracks, func(i int) bool {
		box := tracks[i].Box
		right := func(t mot.Row) bool { return box.IoU(t.Box) >= match }
		hidden := func(d mot.Row) bool { return d.Frame == tracks[i].Frame && box.Overlap(d.Box) > 0.5*box.Area() }
		return slices.ContainsFunc(truth, right) || !slices.ContainsFunc(ignore, hidden)
	})
}

func overlay(number int, truth, tracks []mot.Row) Frame {
	f := Frame{Number: number, IoU: make([]float64, 0, len(truth)*len(tracks))}
	for _, t := range truth {
		f.Truth = append(f.Truth, t.ID)
		for _, d := range tracks {
			f.IoU = append(f.IoU, t.Box.IoU(d.Box))
		}
	}
	for _, d := range tracks {
		f.Tracks = append(f.Tracks, d.ID)
	}
	return f
}
