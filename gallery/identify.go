package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"
)

// Result is the verdict on one face.
type Result struct {
	File string      `json:"file"`
	Face int         `json:"face"`          // in the file, from 1
	Box  *[4]float32 `json:"box,omitempty"` // left, top, width, height, pixels
	Verdict
}

// IdentifyOptions say what [Gallery.Identify] does besides.
type IdentifyOptions struct {
	Candidates int  // ids and strangers to tell for each face; 0 means 5
	ReviewDays *int // how long faces referred or not matched are kept for review; nil means as the gallery's settings say
}

// Identify finds out who the faces of photographs are: 1:N. It gives an id to at most one face of a photograph. Every verdict is
// written to the audit log before it is returned.
func (g *Gallery) Identify(ctx context.Context, photos []Photograph, o IdentifyOptions) ([]Result, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	var probes [][]float32
	for _, p := range photos {
		for _, f := range p.Faces {
			if err := s.fits(f.Embedding); err != nil {
				return nil, fmt.Errorf("identify %s: %w", p.Name, err)
			}
			probes = append(probes, f.Embedding)
		}
	}
	if o.Candidates == 0 {
		o.Candidates = 5
	}
	found, err := g.search(ctx, s, o.Candidates, probes...)
	if err != nil {
		return nil, fmt.Errorf("identify: %w", err)
	}
	var results []Result
	for _, p := range photos {
		verdicts := s.judgePhotograph(p, found[:len(p.Faces)])
		found = found[len(p.Faces):]
		for i, v := range verdicts {
			results = append(results, Result{p.Name, i + 1, p.Faces[i].Box, v})
		}
	}
	return results, g.record(ctx, s, "identify", photos, results, o.ReviewDays)
}

// judgePhotograph judges the faces of one photograph. The face that is nearest to an id has it; another face is then not that id.
func (s Settings) judgePhotograph(p Photograph, found [][]Candidate) []Verdict {
	type claim struct {
		face int
		Candidate
	}
	var claims []claim
	for i, list := range found {
		for _, c := range list {
			if !c.Stranger && p.Faces[i].Refuse == "" {
				claims = append(claims, claim{i, c})
			}
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(a.Distance, b.Distance) })
	holder, has := map[string]int{}, map[int]bool{}
	for _, c := range claims {
		if _, taken := holder[c.ID]; !taken && !has[c.face] {
			holder[c.ID], has[c.face] = c.face, true
		}
	}
	verdicts := make([]Verdict, len(found))
	for i, list := range found {
		verdicts[i] = s.Judge(list, p.Faces[i].Refuse)
		v := &verdicts[i]
		if by, taken := holder[v.ID]; v.ID != "" && taken && by != i {
			v.Reason = fmt.Sprintf("like %q, whom face %d of this photograph is nearer to", v.ID, by+1)
			v.Outcome, v.Action, v.ID = Refer, s.Kind.Do(Refer), ""
		}
	}
	return verdicts
}

// Verify finds out whether a face is a certain id: 1:1. It fails with [ErrNotFound] where nobody of that id is enrolled. In a gallery
// that is not calibrated the model's own threshold decides, and without one the verdict is refer.
func (g *Gallery) Verify(ctx context.Context, id string, p Photograph) (Result, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return Result{}, err
	}
	if len(p.Faces) != 1 {
		return Result{}, fmt.Errorf("verify %s: it has %d faces, want 1", p.Name, len(p.Faces))
	}
	face := p.Faces[0]
	if err := s.fits(face.Embedding); err != nil {
		return Result{}, fmt.Errorf("verify %s: %w", p.Name, err)
	}
	if id, err = CleanID(id); err != nil {
		return Result{}, err
	}
	own, err := g.ofID(ctx, s, id)
	if err != nil {
		return Result{}, err
	}
	if len(own.Refs) == 0 {
		return Result{}, fmt.Errorf("gallery %q: id %q: %w", g.name, id, ErrNotFound)
	}
	best := Candidate{ID: id, Distance: float32(math.Inf(1))}
	for i, row := range own.rows() {
		if d := g.model.Distance.Of(face.Embedding, row); d < best.Distance {
			best.Distance, best.Key = d, own.Refs[i].Key
		}
	}
	if s.Calibration == nil && s.ModelThreshold != nil {
		s.Calibration = &Calibration{Thresholds: Thresholds{*s.ModelThreshold, *s.ModelThreshold}}
	}
	results := []Result{{p.Name, 1, face.Box, s.Judge([]Candidate{best}, face.Refuse)}}
	none := 0
	return results[0], g.record(ctx, s, "verify", []Photograph{p}, results, &none)
}

// ofID are the vectors that stand for one id.
func (g *Gallery) ofID(ctx context.Context, s Settings, id string) (Vectors, error) {
	all := Vectors{Dim: s.Dim}
	for e, err := range g.store.Entries(ctx, g.name, Query{ID: id, Role: Enrolled}) {
		if err != nil {
			return all, err
		}
		all.Refs = append(all.Refs, Ref{e.Key, e.ID, e.Role})
		all.Values = append(all.Values, e.Embedding...)
	}
	return Represent(all, s.Representation, g.model.Distance), nil
}

// decided is what the audit log says of a verdict. What was considered stands in parts of its own, without the file's name, which may
// tell who it is: the parts are erased with different ids.
type decided struct {
	Photo    int      `json:"photo"` // of those that were asked about together, from 1
	Face     int      `json:"face"`  // in it, from 1
	File     string   `json:"file,omitempty"`
	Source   string   `json:"source,omitempty"`
	Decided  Outcome  `json:"decided"`
	Action   Action   `json:"action"`
	ID       string   `json:"id,omitempty"`
	Distance *float32 `json:"distance,omitempty"`
	Reason   string   `json:"reason"`
}

type considered struct {
	Photo      int     `json:"photo"`
	Face       int     `json:"face"`
	Considered string  `json:"considered"` // an id; empty for a stranger
	Distance   float32 `json:"distance"`
}

// record writes verdicts to the audit log, and keeps faces for review.
func (g *Gallery) record(ctx context.Context, s Settings, action string, photos []Photograph, results []Result, days *int) error {
	if days == nil {
		days = &s.ReviewDays
	}
	now := g.clock()
	change := Change{Gallery: g.name}
	if g.index.toExpire(now) {
		change.Expire = now
	}
	var parts []Part
	at := 0
	for n, p := range photos {
		for i, f := range p.Faces {
			r := results[at]
			at++
			parts = append(parts, NewPart(decided{n + 1, i + 1, fitName(filepath.Base(p.Name)), p.Hash, r.Outcome, r.Action, r.ID, r.Distance, r.Reason}, r.ids()...))
			for _, c := range r.Candidates {
				parts = append(parts, NewPart(considered{n + 1, i + 1, c.ID, c.Distance}, about(c.ID)...))
			}
			if *days > 0 && r.Outcome != Match {
				e := g.entry(Waiting, r.ID, Enrolment{Name: p.label(i), Hash: p.Hash, Face: f}, s)
				e.Note, e.Distance, e.Expires = string(r.Outcome)+": "+r.Reason, r.Distance, now.Add(time.Duration(*days)*24*time.Hour)
				change.Put = append(change.Put, e)
			}
		}
	}
	change.Events = []Event{g.event(action, s.Model, parts...)}
	if err := g.store.Apply(ctx, change); err != nil {
		return fmt.Errorf("%s: writing the audit log: %w", action, err)
	}
	return nil
}

// ids are those that a verdict says something about: its own, and the nearest, whose distance it tells.
func (r Result) ids() []string {
	list := about(r.ID)
	nearest := slices.IndexFunc(r.Candidates, func(c Candidate) bool { return !c.Stranger })
	if nearest >= 0 && r.Candidates[nearest].ID != r.ID {
		list = append(list, r.Candidates[nearest].ID)
	}
	return list
}

// Gravest is the place of the result that must not be overlooked: one that goes to the desk before one that passes, and then the
// gravest in its gallery's kind, which is given by name. It is -1 where there are no results.
func Gravest(kinds map[string]Kind, results []Result) int {
	at, most := -1, -1
	for i, r := range results {
		gravity := kinds[r.Gallery].Gravity(r.Outcome)
		if r.Action == Desk {
			gravity += 3
		}
		if gravity > most {
			at, most = i, gravity
		}
	}
	return at
}

// IdentifyIn asks several galleries, each for its own verdict, and lists those on a face together.
func IdentifyIn(ctx context.Context, galleries []*Gallery, photos []Photograph, o IdentifyOptions) ([]Result, error) {
	if len(galleries) == 0 {
		return nil, errors.New("identify: no gallery")
	}
	var all [][]Result
	for _, g := range galleries {
		results, err := g.Identify(ctx, photos, o)
		if err != nil {
			return nil, err
		}
		all = append(all, results)
	}
	var results []Result
	for i := range all[0] {
		for _, of := range all {
			results = append(results, of[i])
		}
	}
	return results, nil
}
