package track

import (
	"math"
	"time"

	"github.com/siam-go/siam/dataset/mot"
)

// Association is what a tracker weighed in one frame: what each track and detection cost together, and what came of the pair.
type Association struct {
	Tracks     []Candidate // the rows: all that were there before the frame
	Detections []int       // the columns: indices of the detections that could be used, by falling score
	Cells      []Cell      // [tracks, detections], row by row
	Over       bool        // there are more cells than [Settings.Explain], and none are told
}

// Candidate is a track as it was when it was weighed.
type Candidate struct {
	ID    int           // 0 if it has none yet after the frame
	State State         // before the frame
	Box   mot.Box       // where it was believed to be in this frame
	Seen  time.Duration // time of its last detection
	Look  mot.Box       // box of that, in the pixels of its frame; empty if the tracker was restored from a state that does not tell
}

// Outcome is what came of a pair.
type Outcome uint8

// The outcomes. Of a pair that several stages weighed, the last of this list tells, and of equal ones the first stage's.
const (
	Unweighed Outcome = iota // no stage took both: one was paired before, or none takes such a score with such a track
	Forbidden                // the stage's cost is +Inf or no number
	Gated                    // the cost does not pass the stage's gate
	Outbid                   // it passes, and other pairs cost less in all
	Chosen                   // the two were paired
)

// String is the outcome's name.
func (o Outcome) String() string {
	return [...]string{"unweighed", "forbidden", "gated", "outbid", "chosen"}[o]
}

// Cell is a pair of a track and a detection.
type Cell struct {
	Outcome Outcome
	Stage   int     // that weighed it, from 0; -1 if the track got the detection by [Settings.MaxIdentities], without a cost
	Cost    float64 // at this stage
	Motion  float64 // what it would cost there if nothing were known of how the two look
	Looks   float64 // distance of embeddings, in [0, 2]; NaN where one of both has none
}

// account is an association that is being made.
type account struct {
	Association
	rows  []*Track
	cols  []int // column of each detection, -1 for those that cannot be used
	stage int
}

// Association is what the last [Tracker.Update] weighed, if [Settings.Explain] asks for it, and empty otherwise. What it points to is the
// tracker's until the next call.
func (t *Tracker) Association() Association { return t.account.Association }

// explains reports whether the frame's pairs are told.
func (t *Tracker) explains() bool { return len(t.account.Cells) > 0 }

// beginAccount lists the rows and columns of a frame.
func (t *Tracker) beginAccount(detections int, usable []int) {
	a := &t.account
	a.Association = Association{Tracks: a.Tracks[:0], Detections: a.Detections[:0], Cells: a.Cells[:0]}
	a.rows = a.rows[:0]
	if t.settings.Explain <= 0 {
		return
	}
	if len(t.tracks)*len(usable) > t.settings.Explain {
		a.Over = true
		return
	}
	a.Detections = append(a.Detections, usable...)
	a.cols = filled(a.cols, detections, -1)
	for col, i := range usable {
		a.cols[i] = col
	}
	for row, tr := range t.tracks {
		tr.row = row
		a.rows = append(a.rows, tr)
		a.Tracks = append(a.Tracks, Candidate{State: tr.State, Box: tr.Box, Seen: tr.Seen, Look: tr.look})
	}
	a.Cells = filled(a.Cells, len(t.tracks)*len(usable), Cell{Cost: math.NaN(), Motion: math.NaN(), Looks: math.NaN()})
}

func (a *account) cell(tr *Track, detection int) *Cell {
	return &a.Cells[tr.row*len(a.Detections)+a.cols[detection]]
}

// weigh tells of the pairs of t.rows and t.cols at a stage, before tracks get the detections that are chosen: a column for each row, or -1.
func (t *Tracker) weigh(s Stage, detections []Detection, chosen []int) {
	p := t.pairing()
	for r, tr := range t.rows {
		p.Track, p.Steps = tr, t.steps(tr)
		for j, i := range t.cols {
			p.Detection, p.index = &detections[i], i
			c := s.weigh(p)
			if c.Outcome == Outbid && chosen[r] == j {
				c.Outcome = Chosen
			}
			if at := t.account.cell(tr, i); c.Outcome > at.Outcome {
				c.Stage = t.account.stage
				*at = c
			}
		}
	}
}

// weigh is a pair at the stage, as if others were chosen.
func (s Stage) weigh(p Pairing) Cell {
	c := Cell{Outcome: Outbid, Cost: s.Cost(&p), Looks: math.NaN()}
	switch {
	case math.IsNaN(c.Cost) || math.IsInf(c.Cost, 1):
		c.Outcome = Forbidden
	case c.Cost > s.Gate || c.Cost == s.Gate && !s.Late:
		c.Outcome = Gated
	}
	if d, known := p.Looks(); known {
		c.Looks = d
	}
	p.blind = true
	c.Motion = s.Cost(&p)
	return c
}

// endAccount tells what is known when the frame is over: ids, and who got a detection without a cost.
func (t *Tracker) endAccount() {
	a := &t.account
	for row, tr := range a.rows {
		a.Tracks[row].ID = tr.ID
		if tr.Detection < 0 {
			continue
		}
		if c := a.cell(tr, tr.Detection); c.Outcome != Chosen {
			*c = Cell{Outcome: Chosen, Stage: -1, Cost: math.NaN(), Motion: math.NaN(), Looks: math.NaN()}
		}
	}
}
