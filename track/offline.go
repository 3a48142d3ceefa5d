package track

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// Offline are the numbers of tracking with the whole video at hand. First detections become short tracks by a [Network] of costs −log(odds), then
// short tracks become long ones by another over longer gaps, and last gaps are filled and boxes smoothed. Times are in seconds, and a detection is worth
// what it stands for of them: as much as [frame] at 25 frames a second, more where there are fewer.
type Offline struct {
	Low      float64 `json:"low"`      // least score of a detection
	Suppress float64 `json:"suppress"` // IoU of duplicates
	Believe  float64 `json:"believe"`  // score of a detection that is neither likely right nor wrong
	Enter    float64 `json:"enter"`    // cost of a track's beginning, and of its end
	Near     float64 `json:"near"`     // gap that detections are linked over
	Overlap  float64 `json:"overlap"`  // IoU of two linked detections that costs nothing
	Steep    float64 `json:"steep"`    // what less IoU costs, for each unit
	Gap      float64 `json:"gap"`      // what a second of a gap costs
	Far      float64 `json:"far"`      // gap that short tracks are linked over
	Join     float64 `json:"join"`     // what a link of short tracks may cost
	Drift    float64 `json:"drift"`    // deviation of where an unseen object is, in heights, for each second
	Error    float64 `json:"error"`    // and at once
	Wait     float64 `json:"wait"`     // what a second unseen costs
	Speed    float64 `json:"speed"`    // time that a velocity is taken from
	Looks    float64 `json:"looks"`    // weight of appearance; with a network of pairs, what a pair's looks cost or save at most
	Alike    float64 `json:"alike"`    // distance of embeddings that is neither same nor different; both are learned of short tracks for the longer gaps
	Fill     float64 `json:"fill"`     // gap that is filled
	Smooth   float64 `json:"smooth"`   // deviation of the window that boxes are averaged over
	Sum      float64 `json:"sum"`      // sum of scores of a track that is kept
	Least    float64 `json:"least"`    // detections of one
}

// DefaultOffline are the numbers that siam track --offline uses with a model: detections have embeddings.
func DefaultOffline() Offline {
	return Offline{
		Low: 0.09665, Suppress: 0.341, Believe: 0.2791, Enter: 0.9757, Near: 0.1053, Overlap: 0.5213, Steep: 3.54, Gap: 12.58,
		Far: 2.783, Join: 4, Drift: 0.1024, Error: 0.1154, Wait: 0.4259, Speed: 1.032, Looks: 10.8, Alike: 0.4429,
		Fill: 5.616, Smooth: 0.2626, Sum: 0.4676, Least: 7,
	}
}

// OfflineByMotion are those that it uses without.
func OfflineByMotion() Offline {
	return Offline{
		Low: 0.1006, Suppress: 0.3438, Believe: 0.4774, Enter: 1.0764, Near: 0.2316, Overlap: 0.5213, Steep: 6.883, Gap: 4.439,
		Far: 2.783, Join: 8, Drift: 0.1239, Error: 0.1025, Wait: 1.2625, Speed: 2.217, Fill: 2.645, Smooth: 0.1577, Sum: 0.561, Least: 6,
	}
}

// OfflineByPairs are those that it uses with a network of pairs.
func OfflineByPairs() Offline {
	o := DefaultOffline()
	o.Looks = 2
	return o
}

// seen is a detection that is used, and where.
type seen struct {
	*Detection
	score float64 // how likely it is right, its size known
	worth float64 // as how many detections it counts
	frame int     // index
	index int     // among the frame's detections
	at    float64
	look  []float32
}

// Couple is two detections that may be of one object, the earlier first, and when they were, in seconds.
type Couple struct {
	A, B     *Detection
	AtA, AtB float64
}

// Compare says how little the two detections of each couple look like one object, from 0 to 1, or NaN where it cannot tell: what a network of pairs is
// for. It is asked of many couples at once.
type Compare func(ctx context.Context, couples []Couple) ([]float64, error)

// Run tracks a whole video. Detections are compared by their embeddings.
func (o Offline) Run(ctx context.Context, frames []Frame) (mot.Sequence, Skipped, error) {
	return o.RunPairs(ctx, frames, nil)
}

// RunPairs is [Offline.Run] with detections compared as pairs, by what compare says in place of the distance of embeddings; nil compares embeddings.
func (o Offline) RunPairs(ctx context.Context, frames []Frame, compare Compare) (mot.Sequence, Skipped, error) {
	tracks, _, skipped, err := o.tracks(ctx, frames, compare, nil)
	if err != nil {
		return mot.Sequence{Format: "mot"}, skipped, err
	}
	return o.rows(tracks, frames), skipped, ctx.Err()
}

// tracks are those that are kept, in the order of their beginnings, and all detections that could be used.
func (o Offline) tracks(ctx context.Context, frames []Frame, compare Compare, links told) (tracks [][]seen, all []seen, skipped Skipped, err error) {
	all, skipped = o.collect(frames)
	if tracks, err = o.short(ctx, all, compare, links); err != nil {
		return nil, all, skipped, err
	}
	if compare == nil {
		tracks = o.cut(tracks)
	}
	for stage := 1; stage <= 2; stage++ {
		if tracks, err = o.join(ctx, tracks, stage, compare, links); err != nil {
			return nil, all, skipped, err
		}
	}
	tracks = slices.DeleteFunc(tracks, func(t []seen) bool {
		worth, sum := evidence(t)
		return worth < o.Least-1e-9 || sum < o.Sum
	})
	slices.SortStableFunc(tracks, func(a, b []seen) int { return a[0].frame - b[0].frame })
	return tracks, all, skipped, nil
}

// rows are the boxes of tracks, filled and smoothed; ids are 1, 2, ….
func (o Offline) rows(tracks [][]seen, frames []Frame) mot.Sequence {
	out := mot.Sequence{Format: "mot"}
	for id, t := range tracks {
		out.Rows = append(out.Rows, o.fill(t, frames, id+1)...)
	}
	slices.SortStableFunc(out.Rows, func(a, b mot.Row) int { return cmp.Or(a.Frame-b.Frame, a.ID-b.ID) })
	return out
}

// evidence is how many detections a track has, and the sum of their scores.
func evidence(t []seen) (worth, sum float64) {
	for _, d := range t {
		worth, sum = worth+d.worth, sum+d.worth*d.score
	}
	return worth, sum
}

// tracker says which detections are used, and which of them are looked at.
func (o Offline) tracker() Settings {
	return Settings{Low: o.Low, Suppress: o.Suppress, Memory: Memory{Size: 1, Hidden: 0.5}}
}

// collect lists the usable detections in the order of time.
func (o Offline) collect(frames []Frame) (all []seen, skipped Skipped) {
	usable := New(o.tracker())
	sizes := learnSizes(frames)
	for f := range frames {
		found := slices.Clone(frames[f].Detections)
		for i, d := range found {
			found[i].Score = sizes.of(d)
		}
		indices := usable.usable(found)
		usable.look(found, indices)
		for _, i := range indices {
			all = append(all, seen{&frames[f].Detections[i], found[i].Score, worth(frames, f), f, i, frames[f].At.Seconds(), usable.embeddings[i]})
		}
	}
	return all, usable.skipped
}

// anew is the time after which a detector errs anew: what it says of frames that are nearer to each other is not independent.
const anew = 4 * frame

// worth is as how many detections one of a frame counts, by the time to the next frame.
func worth(frames []Frame, f int) float64 {
	f = max(min(f, len(frames)-2), 0)
	if len(frames) < 2 {
		return 1
	}
	return min(frames[f+1].At-frames[f].At, anew).Seconds() / frame.Seconds()
}

// odds is −log(p / (1 − p)) of a score, less that of [Offline.Believe].
func (o Offline) odds(score float64) float64 { return logit(o.Believe) - logit(score) }

func logit(p float64) float64 {
	p = min(max(p, 0.001), 0.999)
	return math.Log(p / (1 - p))
}

// short links detections over the shortest gaps.
func (o Offline) short(ctx context.Context, all []seen, compare Compare, links told) ([][]seen, error) {
	net := Network{Enter: o.Enter, Exit: o.Enter}
	var couples []Couple
	var passed []priced
	for i, d := range all {
		net.Cost = append(net.Cost, o.odds(d.score)*d.worth)
		for j := i + 1; j < len(all) && all[j].at-d.at <= o.Near+1e-9; j++ {
			if all[j].frame == d.frame || d.Box.Overlap(all[j].Box) == 0 {
				continue
			}
			w := priced{d.Detection, all[j].Detection, o.Steep*max(o.Overlap-d.Box.IoU(all[j].Box), 0) + o.Gap*(all[j].at-d.at), apart(d.look, all[j].look)}
			cost := w.motion
			if compare == nil {
				cost += o.differ(w.looks) / 4
			}
			links.note(w, Cell{Outcome: Gated, Cost: cost})
			if cost < 2*o.Enter+o.most(compare)/4 {
				net.Links = append(net.Links, Link{i, j, cost})
				passed = append(passed, w)
				couples = append(couples, Couple{d.Detection, all[j].Detection, d.at, all[j].at})
			}
		}
	}
	if err := o.compared(ctx, compare, couples, func(k int, cost float64) { net.Links[k].Cost += cost / 4 }); err != nil {
		return nil, err
	}
	links.passed(passed, 0, net.Links)
	paths, _ := net.Solve()
	tracks := make([][]seen, len(paths))
	for k, path := range paths {
		for _, i := range path {
			tracks[k] = append(tracks[k], all[i])
		}
	}
	return tracks, nil
}

// most is how much less than nothing it may cost that two look alike, where that is compared later.
func (o Offline) most(compare Compare) float64 {
	if compare == nil {
		return 0
	}
	return o.Looks
}

// compared adds what couples' looks cost, where compare can tell: −log of the odds that the two are one, at most [Offline.Looks].
func (o Offline) compared(ctx context.Context, compare Compare, couples []Couple, add func(k int, cost float64)) error {
	if compare == nil || len(couples) == 0 {
		return ctx.Err()
	}
	distances, err := compare(ctx, couples)
	if err != nil {
		return err
	}
	for k, d := range distances {
		if !math.IsNaN(d) {
			add(k, min(max(logit(d), -o.Looks), o.Looks))
		}
	}
	return nil
}

// differ is what it costs that two look as far apart, below 0 where they look alike; 0 where nobody knows.
func (o Offline) differ(looks float64) float64 {
	if math.IsNaN(looks) {
		return 0
	}
	return o.Looks * (looks - o.Alike)
}

// apart is the distance of two embeddings, NaN where one is missing.
func apart(a, b []float32) float64 {
	if a == nil || len(a) != len(b) {
		return math.NaN()
	}
	return 1 - float64(dot(a, b))
}

// join links whole tracks to those that begin after them: at stage 1 up to a third of [Offline.Far] later, at stage 2 up to all of it.
func (o Offline) join(ctx context.Context, tracks [][]seen, stage int, compare Compare, links told) ([][]seen, error) {
	far := o.Far
	if stage == 1 {
		far /= 3
	}
	slices.SortStableFunc(tracks, func(a, b []seen) int { return a[0].frame - b[0].frame })
	if compare == nil {
		o = o.alike(tracks)
	}
	net := Network{Enter: o.Join / 2, Exit: o.Join / 2}
	ends := make([]end, len(tracks))
	for i, t := range tracks {
		net.Cost = append(net.Cost, -1e4) // a track that is there stays
		ends[i] = o.end(t)
	}
	var couples []Couple
	var passed []priced
	for i := range tracks {
		for j := i + 1; j < len(tracks); j++ {
			a, b := tracks[i][len(tracks[i])-1], tracks[j][0]
			if b.at-a.at > far {
				break // those after it begin later
			}
			if b.frame <= a.frame {
				continue
			}
			w := priced{a.Detection, b.Detection, o.link(ends[i], ends[j], b.at-a.at), apart(ends[i].look, ends[j].look)}
			cost := w.motion
			if compare == nil {
				cost += o.differ(w.looks)
			}
			links.note(w, Cell{Outcome: Gated, Stage: stage, Cost: cost})
			if cost < o.Join+o.most(compare) {
				net.Links = append(net.Links, Link{i, j, cost})
				passed = append(passed, w)
				couples = append(couples, facing(tracks[i], tracks[j])...)
			}
		}
	}
	err := o.compared(ctx, compare, couples, func(k int, cost float64) { net.Links[k/faces].Cost += cost / faces })
	if err != nil {
		return nil, err
	}
	links.passed(passed, stage, net.Links)
	paths, _ := net.Solve()
	joined := make([][]seen, len(paths))
	for k, path := range paths {
		for _, i := range path {
			joined[k] = append(joined[k], tracks[i]...)
		}
	}
	return joined, nil
}

// faces is how many couples compare the end of one track with the beginning of another.
const faces = 4

// facing are couples of a track's last detections and another's first ones: the best of the last and first ten, and the outermost.
func facing(before, after []seen) (couples []Couple) {
	pick := func(t []seen, outermost seen) [2]seen {
		best := t[0]
		for _, d := range t {
			if d.score > best.score {
				best = d
			}
		}
		return [2]seen{outermost, best}
	}
	tail, head := before[max(0, len(before)-10):], after[:min(10, len(after))]
	for _, a := range pick(tail, tail[len(tail)-1]) {
		for _, b := range pick(head, head[0]) {
			couples = append(couples, Couple{a.Detection, b.Detection, a.at, b.at})
		}
	}
	return couples
}

// end is how a track begins and ends: middle, velocity a second and height, all in pixels, and how it looks.
type end struct {
	first, last   mot.Box
	begins, stops [2]float64 // velocities
	look          []float32
}

func (o Offline) end(t []seen) end {
	e := end{first: t[0].Box, last: t[len(t)-1].Box}
	e.begins = o.velocity(t)
	back := slices.Clone(t)
	slices.Reverse(back)
	e.stops = o.velocity(back)
	e.look = look(t)
	return e
}

// velocity is the slope of the middle over the first [Offline.Speed] seconds of a track, drawn towards 0 where there is little of it.
func (o Offline) velocity(t []seen) (v [2]float64) {
	var n, st, sx, sy, stt, stx, sty float64
	for _, d := range t {
		s := d.at - t[0].at
		if math.Abs(s) > o.Speed {
			break
		}
		x, y := d.Box.X+d.Box.W/2, d.Box.Y+d.Box.H
		n, st, sx, sy = n+1, st+s, sx+x, sy+y
		stt, stx, sty = stt+s*s, stx+s*x, sty+s*y
	}
	spread := stt - st*st/n + 0.01
	return [2]float64{(stx - st*sx/n) / spread, (sty - st*sy/n) / spread}
}

// link is what it costs that b goes on with a after a gap in seconds: how far each is from where the other's motion leads, how sizes
// differ, and the gap itself.
func (o Offline) link(a, b end, gap float64) float64 {
	h := (a.last.H + b.first.H) / 2
	dx := b.first.X + b.first.W/2 - a.last.X - a.last.W/2
	dy := b.first.Y + b.first.H - a.last.Y - a.last.H
	s := h * (o.Error + o.Drift*gap)
	far := 0.0
	for _, v := range [][2]float64{a.stops, b.begins} {
		far += (sq(dx-v[0]*gap) + sq(dy-v[1]*gap)) / (2 * s * s) / 2
	}
	size := math.Log(b.first.H / a.last.H)
	return far + sq(size)/(2*sq(0.15)) + o.Wait*gap
}
