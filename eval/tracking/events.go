package tracking

import (
	"fmt"

	"github.com/siam-go/siam/assign"
)

// Kind is what happened to a box.
type Kind string

// The kinds of events.
const (
	Match         Kind = "match"          // a box of the truth was found, by the track that found it last
	Switch        Kind = "switch"         // it was found, by another track than last
	Miss          Kind = "miss"           // it was not found
	FalsePositive Kind = "false_positive" // a track's box shows nobody
)

// Event is what happened to one box in one frame. Truth is 0 of a false positive, and Track of a miss.
type Event struct {
	Frame int     `json:"frame"`
	Kind  Kind    `json:"kind"`
	Truth int     `json:"truth,omitempty"`
	Track int     `json:"track,omitempty"`
	IoU   float64 `json:"iou,omitempty"`
	From  int     `json:"from,omitempty"` // of a switch: the track before
}

// Events matches each frame's boxes with an IoU of at least one half, keeping the matches of the frame before where it can
// (K. Bernardin, R. Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics", 2008).
//
// A frame without truth or without tracks breaks no match, as in TrackEval.
func (s Sequence) Events() []Event {
	var events []Event
	var solver assign.Solver
	last, before := map[int]int{}, map[int]int{} // track of each id of the truth: the last, and in the frame before
	for _, f := range s {
		taken := make([]bool, len(f.Tracks))
		now := map[int]int{}
		for i, j := range f.pair(&solver, before) {
			id := f.Truth[i]
			if j < 0 {
				events = append(events, Event{Frame: f.Number, Kind: Miss, Truth: id})
				continue
			}
			taken[j] = true
			e := Event{Frame: f.Number, Kind: Match, Truth: id, Track: f.Tracks[j], IoU: f.IoU[i*len(f.Tracks)+j]}
			if was, known := last[id]; known && was != e.Track {
				e.Kind, e.From = Switch, was
			}
			last[id], now[id] = e.Track, e.Track
			events = append(events, e)
		}
		for j, id := range f.Tracks {
			if !taken[j] {
				events = append(events, Event{Frame: f.Number, Kind: FalsePositive, Track: id})
			}
		}
		if len(f.Truth) > 0 && len(f.Tracks) > 0 {
			before = now
		}
	}
	return events
}

// pair is the column of each box of the truth, or -1: as many old matches as possible, then the highest sum of IoU.
func (f Frame) pair(solver *assign.Solver, before map[int]int) []int {
	cost := make([]float64, len(f.IoU))
	for i, id := range f.Truth {
		was, known := before[id]
		for j, track := range f.Tracks {
			at := i*len(f.Tracks) + j
			if f.IoU[at] < match-eps {
				continue
			}
			cost[at] = -f.IoU[at]
			if known && was == track {
				cost[at] -= 1000
			}
		}
	}
	return solver.Solve(cost, len(f.Truth), len(f.Tracks), -eps)
}

// Clear are the counts of the CLEAR metrics.
type Clear struct {
	TP, FP, FN int
	IDSW, Frag int // switches, and how often a found person is lost and found again
	MT, PT, ML int // of the truth's ids: found in more than 80 %, in 20 to 80 %, and in fewer than 20 % of their frames
	IoU        float64
}

// life is how one of the truth's ids fares.
type life struct {
	frames, found, parts int
	tracked              bool
}

// CountClear counts events in the order of frames.
func CountClear(events []Event) Clear {
	var c Clear
	lives := map[int]*life{}
	for len(events) > 0 {
		n := 0
		for n < len(events) && events[n].Frame == events[0].Frame {
			n++
		}
		c.frame(events[:n], lives)
		events = events[n:]
	}
	for _, l := range lives {
		c.Frag += max(l.parts-1, 0)
		switch ratio := float64(l.found) / float64(l.frames); {
		case ratio > 0.8:
			c.MT++
		case ratio >= 0.2:
			c.PT++
		default:
			c.ML++
		}
	}
	return c
}

// frame counts the events of one frame.
func (c *Clear) frame(events []Event, lives map[int]*life) {
	truth, tracks := false, false
	var found []*life
	for _, e := range events {
		truth, tracks = truth || e.Kind != FalsePositive, tracks || e.Kind != Miss
		if e.Kind == FalsePositive {
			c.FP++
			continue
		}
		l := lives[e.Truth]
		if l == nil {
			l = &life{}
			lives[e.Truth] = l
		}
		l.frames++
		if e.Kind == Miss {
			c.FN++
			continue
		}
		c.TP++
		c.IoU += e.IoU
		l.found++
		if e.Kind == Switch {
			c.IDSW++
		}
		if !l.tracked {
			l.parts++
		}
		found = append(found, l)
	}
	if truth && tracks {
		for _, l := range lives {
			l.tracked = false
		}
		for _, l := range found {
			l.tracked = true
		}
	}
}

// Plus adds the counts of another sequence.
func (c Clear) Plus(o Clear) Clear {
	return Clear{c.TP + o.TP, c.FP + o.FP, c.FN + o.FN, c.IDSW + o.IDSW, c.Frag + o.Frag, c.MT + o.MT, c.PT + o.PT, c.ML + o.ML, c.IoU + o.IoU}
}

// MOTA is 1 − (FN + FP + IDSW) / boxes of the truth.
func (c Clear) MOTA() float64 { return ratio(float64(c.TP-c.FP-c.IDSW), c.TP+c.FN) }

// MOTP is the mean IoU of the matches.
func (c Clear) MOTP() float64 { return ratio(c.IoU, c.TP) }

func (c Clear) String() string {
	return fmt.Sprintf("TP %d FP %d FN %d IDSW %d Frag %d MT %d PT %d ML %d", c.TP, c.FP, c.FN, c.IDSW, c.Frag, c.MT, c.PT, c.ML)
}

// ratio is a/n, and a when n is 0.
func ratio(a float64, n int) float64 { return a / float64(max(n, 1)) }
