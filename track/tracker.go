package track

import (
	"fmt"
	"math"
	"time"

	"github.com/siam-go/siam/assign"
	"github.com/siam-go/siam/dataset/mot"
)

// Tracker follows the objects of one video. It is not for several goroutines at once.
type Tracker struct {
	settings Settings
	tracks   []*Track
	ids      int // given so far
	updates  int
	at       time.Duration
	clock    time.Duration // at, or frames counted
	skipped  Skipped

	solver     assign.Solver
	order      []int
	free       []bool // of detections: not paired in this frame
	embeddings [][]float32
	reported   []Track
	rows       []*Track
	cols       []int
	account    account
}

// New is a tracker that has seen nothing.
func New(s Settings) *Tracker {
	if s.Frame <= 0 {
		s.Frame = frame
	}
	return &Tracker{settings: s}
}

// Skipped counts the detections that were not used so far.
func (t *Tracker) Skipped() Skipped { return t.skipped }

// Update takes the detections of the frame at a time from the beginning of the video, and returns the tracks to report: those that are seen, and
// with [Settings.Coast] those that are believed to be there. The result and what it points to is the tracker's until the next call.
// Detections that are no boxes are skipped and counted. A time that is not after the one before is an error, and changes nothing.
func (t *Tracker) Update(at time.Duration, detections []Detection) ([]Track, error) {
	if t.updates > 0 && at <= t.at {
		return nil, fmt.Errorf("track: a frame at %v after the one at %v, want times that rise", at, t.at)
	}
	clock := at
	if t.settings.CountFrames {
		clock = t.clock + t.settings.Frame
	}
	steps := float64(clock-t.clock) / float64(t.settings.Frame)
	if t.updates == 0 {
		steps = 0
	}
	t.at, t.clock = at, clock
	t.updates++
	usable := t.usable(detections)
	t.predict(steps)
	t.look(detections, usable)
	t.free = filled(t.free, len(detections), false)
	for _, i := range usable {
		t.free[i] = true
	}
	t.beginAccount(len(detections), usable)
	for i, stage := range t.settings.Stages {
		t.account.stage = i
		t.pair(stage, detections, usable)
	}
	t.miss()
	t.create(detections, usable)
	t.end()
	reported := t.report()
	t.endAccount()
	return reported, nil
}

func filled[T any](to []T, n int, with T) []T {
	if cap(to) < n {
		to = make([]T, n)
	}
	to = to[:n]
	for i := range to {
		to[i] = with
	}
	return to
}

// Move moves all tracks with the camera: what was at (x, y) in the frame before is at scale·(x, y) + (dx, dy) in the next.
func (t *Tracker) Move(scale, dx, dy float64) {
	for _, tr := range t.tracks {
		for _, f := range []*filter{&tr.motion, &tr.before} {
			t.settings.Motion.move(f, scale, dx, dy)
		}
		tr.last = mot.Box{X: scale*tr.last.X + dx, Y: scale*tr.last.Y + dy, W: scale * tr.last.W, H: scale * tr.last.H}
	}
}

func (m *Motion) move(f *filter, scale, dx, dy float64) {
	f[0].X, f[1].X = scale*f[0].X+dx, scale*f[1].X+dy
	f[0].V, f[1].V = scale*f[0].V, scale*f[1].V
	switch m.Shape {
	case WidthHeight:
		f[2].X, f[3].X = scale*f[2].X, scale*f[3].X
	case RatioHeight:
		f[3].X *= scale
	case AreaRatio:
		f[2].X *= scale * scale
	}
}

// predict says where each track is now.
func (t *Tracker) predict(steps float64) {
	kept := t.tracks[:0]
	for _, tr := range t.tracks {
		t.settings.Motion.predict(&tr.motion, steps)
		if !tr.motion.finite() {
			continue
		}
		tr.missed++
		tr.Box = t.settings.Motion.box(&tr.motion)
		tr.predicted, tr.Detection = tr.Box, -1
		kept = append(kept, tr)
	}
	t.tracks = kept
}

// look makes ready to compare detections with what tracks remember: embeddings get length 1, and those of hidden boxes are left out.
func (t *Tracker) look(detections []Detection, usable []int) {
	t.embeddings = filled(t.embeddings, len(detections), nil)
	for _, tr := range t.tracks {
		tr.compared = tr.compared[:0]
	}
	if t.settings.Memory.Size == 0 {
		return
	}
	boxes := boxesOf(detections, usable)
	known := false
	for _, i := range usable {
		if detections[i].Embedding == nil || !t.settings.Memory.clear(detections[i].Box, boxes) {
			continue
		}
		t.embeddings[i] = unit(detections[i].Embedding)
		known = known || t.embeddings[i] != nil
	}
	for _, tr := range t.tracks {
		if known && len(tr.memory.rows) > 0 {
			tr.compared = filled(tr.compared, len(detections), unknown)
		}
	}
}

// pair goes through one stage.
func (t *Tracker) pair(s Stage, detections []Detection, usable []int) {
	t.cols = t.cols[:0]
	for _, i := range usable {
		if score := detections[i].Score; t.free[i] && score >= s.Min && (s.Max == 0 || score < s.Max) {
			t.cols = append(t.cols, i)
		}
	}
	if !s.ByAge {
		t.assign(s, 0, detections)
		return
	}
	oldest := 0
	for _, tr := range t.tracks {
		oldest = max(oldest, tr.missed)
	}
	for age := 1; age <= oldest; age++ {
		t.assign(s, age, detections)
		t.cols = kept(t.cols, func(i int) bool { return t.free[i] })
	}
}

func kept(from []int, keep func(i int) bool) []int {
	out := from[:0]
	for _, i := range from {
		if keep(i) {
			out = append(out, i)
		}
	}
	return out
}

// assign pairs the stage's tracks, of one age if that is not 0, with the detections in t.cols.
func (t *Tracker) assign(s Stage, age int, detections []Detection) {
	t.rows = t.rows[:0]
	for _, tr := range t.tracks {
		if tr.Detection < 0 && tr.State&s.Tracks != 0 && (s.Recall || !t.dormant(tr)) && (s.Within == 0 || t.unseen(tr) <= s.Within) && (age == 0 || tr.missed == age) {
			t.rows = append(t.rows, tr)
		}
	}
	if len(t.rows) == 0 || len(t.cols) == 0 {
		return
	}
	limit := s.Gate
	if s.Late {
		limit = 1e6
	}
	t.solver.Begin(len(t.rows), len(t.cols), limit)
	p := t.pairing()
	for _, tr := range t.rows {
		p.Track, p.Steps = tr, t.steps(tr)
		for j, i := range t.cols {
			p.Detection, p.index = &detections[i], i
			t.solver.Offer(j, s.Cost(&p))
		}
		t.solver.EndRow()
	}
	chosen := t.solver.End()
	if t.explains() {
		t.weigh(s, detections, chosen)
	}
	for r, j := range chosen {
		if j < 0 {
			continue
		}
		i := t.cols[j]
		if s.Late {
			p.Track, p.Steps, p.Detection, p.index = t.rows[r], t.steps(t.rows[r]), &detections[i], i
			if s.Cost(&p) > s.Gate {
				continue
			}
		}
		t.hit(t.rows[r], i, &detections[i])
	}
}

// pairing is what the pairs of a frame have in common.
func (t *Tracker) pairing() Pairing {
	return Pairing{motion: &t.settings.Motion, embeddings: t.embeddings}
}

// steps is how many frames ago a track was seen, as time goes.
func (t *Tracker) steps(tr *Track) float64 { return float64(t.unseen(tr)) / float64(t.settings.Frame) }

// unseen is how long ago a track was seen, by the tracker's clock.
func (t *Tracker) unseen(tr *Track) time.Duration {
	if t.settings.CountFrames {
		return time.Duration(tr.missed) * t.settings.Frame
	}
	return t.at - tr.Seen
}

// hit gives a track its detection.
func (t *Tracker) hit(tr *Track, index int, d *Detection) {
	t.free[index] = false
	m := &t.settings.Motion
	if n := t.steps(tr); t.settings.Reupdate && n > 1.5 {
		tr.motion = m.along(tr.before, tr.last, d.Box, n)
	}
	m.update(&tr.motion, d.Box, 1)
	tr.before, tr.last, tr.look = tr.motion, d.Box, d.Box
	if tr.missed > 1 {
		tr.streak = 0
	}
	tr.streak++
	tr.Detection, tr.Score, tr.Seen, tr.missed = index, d.Score, t.at, 0
	tr.Hits++
	tr.memory.sum += d.Score
	tr.Box = m.box(&tr.motion)
	if t.settings.Raw {
		tr.Box = d.Box
	}
	if e := t.embeddings[index]; e != nil && d.Score >= t.settings.Memory.Score {
		tr.memory.keep(e, t.settings.Memory.Size)
	}
}

// along predicts n steps once more from where a track was last seen, with a detection at each step on the straight line to where it
// was found again (J. Cao et al., "Observation-centric SORT", 2023).
func (m *Motion) along(f filter, from, to mot.Box, n float64) filter {
	whole := min(math.Round(n), 250)
	for k := 1.0; k < whole; k++ {
		part := k / whole
		m.predict(&f, n/whole)
		m.update(&f, mot.Box{X: mix(from.X, to.X, part), Y: mix(from.Y, to.Y, part), W: mix(from.W, to.W, part), H: mix(from.H, to.H, part)}, 1)
	}
	m.predict(&f, n/whole)
	return f
}

func mix(a, b, part float64) float64 { return a + (b-a)*part }
