package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/distance"
)

// Frame is one image of a burst, and what is near to it.
type Frame struct {
	File     string   `json:"file"`
	Weight   float64  `json:"weight"` // of all frames, in [0, 1]; 0 for one that does not count
	ID       string   `json:"id,omitempty"`
	Distance *float32 `json:"distance,omitempty"`
	Refused  string   `json:"refused,omitempty"` // why it does not count
}

// BurstResult is one verdict on several images of one person.
type BurstResult struct {
	Result
	Frames []Frame `json:"frames"`
	Spread float32 `json:"spread"` // mean distance between the frames, see [BurstCalibration]
}

// agreement is how much of the weight has to show the id that is matched.
const agreement = 2./3 - 1e-6

// burstCandidates is how many ids near each frame are compared with all frames.
const burstCandidates = 10

// IdentifyBurst finds out who one person is who is on several photographs, by the main face of each: an id is as far as the mean of its
// distances to the frames, weighted by [Face.Weight]. Frames that deserve no verdict do not count; when none does, the verdict is refer.
// So it is when two frames match different ids, or when a third of the weight or more does not show the id that would match: such a frame
// is nearest to another id, or farther than the refer threshold, and farther than that from each frame that shows it.
//
// Its thresholds rise with how much the frames differ, as far as the calibration has learned that from people with several images, see
// [BurstCalibration]; without, they are those of single images, which strangers' bursts come below less often. It fails like
// [Gallery.Identify], and when no photograph shows a face.
func (g *Gallery) IdentifyBurst(ctx context.Context, photos []Photograph, o IdentifyOptions) (BurstResult, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return BurstResult{}, err
	}
	b, err := newBurst(s, photos)
	if err != nil {
		return BurstResult{}, err
	}
	if b.found, err = g.search(ctx, s, max(o.Candidates, burstCandidates), b.probes...); err != nil {
		return BurstResult{}, fmt.Errorf("identify: %w", err)
	}
	spread := spreadOf(b.probes, func(i int) float64 { return b.frames[i].Weight }, g.model.Distance)
	if c := s.Calibration; c != nil {
		raised := *c
		raised.Thresholds = c.raised(spread)
		s.Calibration, b.far = &raised, raised.Thresholds.Refer
	}
	together, err := g.together(ctx, s, b)
	if err != nil {
		return BurstResult{}, err
	}
	most := cmp.Or(o.Candidates, 5)
	v := s.Judge(together[:min(most, len(together))], b.refuse)
	if reason := b.disagree(v, g.model.Distance); reason != "" {
		v.Outcome, v.Action, v.Reason = Refer, s.Kind.Do(Refer), reason
	}
	best := b.best()
	shown := Photograph{Name: b.frames[best].File, Hash: b.hashes[best], Faces: []Face{b.faces[best]}}
	if len(b.frames) > 1 {
		shown.Name = fmt.Sprintf("%s and %d more", shown.Name, len(b.frames)-1)
	}
	result := BurstResult{Result{shown.Name, 1, shown.Faces[0].Box, v}, b.frames, spread}
	return result, g.record(ctx, s, "identify", []Photograph{shown}, []Result{result.Result}, o.ReviewDays)
}

// burst is the main faces of several photographs, one after the other in every list.
type burst struct {
	frames []Frame
	faces  []Face
	hashes []string
	probes [][]float32
	found  [][]Candidate
	match  float32 // thresholds; -Inf without
	far    float32
	refuse string // why none counts
}

func newBurst(s Settings, photos []Photograph) (*burst, error) {
	b := &burst{match: -far, far: -far}
	if s.Calibration != nil {
		b.match, b.far = s.Calibration.Thresholds.Match, s.Calibration.Thresholds.Refer
	}
	for _, p := range photos {
		at := slices.IndexFunc(p.Faces, func(f Face) bool { return f.Main })
		if at < 0 && len(p.Faces) == 1 {
			at = 0
		}
		if at < 0 {
			continue
		}
		f := p.Faces[at]
		if err := s.fits(f.Embedding); err != nil {
			return nil, fmt.Errorf("identify %s: %w", p.Name, err)
		}
		b.faces, b.hashes, b.probes = append(b.faces, f), append(b.hashes, p.Hash), append(b.probes, f.Embedding)
		b.frames = append(b.frames, Frame{File: p.Name, Refused: f.Refuse})
	}
	if len(b.frames) == 0 {
		return nil, errors.New("identify: no face was found in any of the photographs")
	}
	b.weigh()
	return b, nil
}

// weigh shares the weight among the frames that count; when none does, they all do, and the verdict is refer.
func (b *burst) weigh() {
	sum := 0.
	for i, f := range b.faces {
		if f.Refuse == "" {
			b.frames[i].Weight = cmp.Or(float64(max(f.Weight, 0)), 1)
			sum += b.frames[i].Weight
		}
	}
	if sum == 0 {
		b.refuse = b.faces[0].Refuse
	}
	for i := range b.frames {
		if sum == 0 {
			b.frames[i].Weight = 1 / float64(len(b.frames))
		} else {
			b.frames[i].Weight /= sum
		}
	}
}

// best is the frame of the largest weight.
func (b *burst) best() int {
	best := 0
	for i, f := range b.frames {
		if f.Weight > b.frames[best].Weight {
			best = i
		}
	}
	return best
}

// together are the ids and strangers near any frame, by their mean distance to all of them.
func (g *Gallery) together(ctx context.Context, s Settings, b *burst) ([]Candidate, error) {
	var all []Candidate
	known := map[string]bool{}
	stranger := Candidate{Stranger: true}
	strangers := 0.
	for i, list := range b.found {
		if at := slices.IndexFunc(list, func(c Candidate) bool { return !c.Stranger }); at >= 0 {
			b.frames[i].ID, b.frames[i].Distance = list[at].ID, &list[at].Distance
		}
		if at := slices.IndexFunc(list, func(c Candidate) bool { return c.Stranger }); at >= 0 {
			stranger.Distance += float32(b.frames[i].Weight) * list[at].Distance
			strangers += b.frames[i].Weight
		}
		for _, c := range list {
			if c.Stranger || known[c.ID] || b.frames[i].Weight == 0 {
				continue
			}
			known[c.ID] = true
			mean, err := g.meanDistance(ctx, s, c, b)
			if err != nil {
				return nil, err
			}
			if mean.Distance < far {
				all = append(all, mean)
			}
		}
	}
	if strangers > 1-1e-6 { // near all frames
		all = append(all, stranger)
	}
	slices.SortStableFunc(all, func(x, y Candidate) int { return cmp.Compare(x.Distance, y.Distance) })
	return all, nil
}

// meanDistance is the weighted mean of the distances of an id to the frames; far for an id that was removed meanwhile.
func (g *Gallery) meanDistance(ctx context.Context, s Settings, c Candidate, b *burst) (Candidate, error) {
	own, err := g.ofID(ctx, s, c.ID)
	if err != nil || len(own.Refs) == 0 {
		return Candidate{ID: c.ID, Distance: far}, err
	}
	sum := 0.
	for i, probe := range b.probes {
		nearest := far
		for _, row := range own.rows() {
			nearest = min(nearest, g.model.Distance.Of(probe, row))
		}
		if b.frames[i].Weight > 0 {
			sum += b.frames[i].Weight * float64(nearest)
		}
	}
	c.Distance = float32(sum)
	return c, nil
}

// disagree says in what the frames contradict each other; it is empty when they do not.
func (b *burst) disagree(v Verdict, by distance.Distance) string {
	var first *Frame
	own := make([]float32, len(b.frames))
	for i := range b.frames {
		f := &b.frames[i]
		own[i] = far
		if f.Weight == 0 || f.Distance == nil {
			continue
		}
		if f.ID == v.ID {
			own[i] = *f.Distance
		}
		if *f.Distance > b.match {
			continue
		}
		if first != nil && first.ID != f.ID {
			return fmt.Sprintf("frames disagree: %s is like %q, and %s like %q", first.File, first.ID, f.File, f.ID)
		}
		first = f
	}
	agreeing := 0.
	for i, within := range shownWithin(own, b.probes, by) {
		if within <= b.far {
			agreeing += b.frames[i].Weight
		}
	}
	if v.Outcome == Match && agreeing < agreement {
		return fmt.Sprintf("frames disagree: %.0f %% of their weight does not show %q", 100*(1-agreeing), v.ID)
	}
	return ""
}
