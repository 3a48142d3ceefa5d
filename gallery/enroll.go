package gallery

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Enrolment is an image, and whom it shows.
type Enrolment struct {
	ID   string
	Name string // of the image file
	Hash string // of it, see [Entry.Source]
	Face Face
}

// EnrolledImage is what [Gallery.Enroll] did about one image.
type EnrolledImage struct {
	ID       string   `json:"id"`
	File     string   `json:"file"`
	Already  bool     `json:"already,omitempty"` // the same file is enrolled under this id: it was left as it is
	Warnings []string `json:"warnings,omitempty"`
}

// enrolled is what the audit log says of an image.
type enrolled struct {
	ID     string `json:"id"`
	File   string `json:"file,omitempty"`
	Source string `json:"source,omitempty"`
	Key    string `json:"key"`
}

// Enroll adds images to ids, all of them or none. An image file that is enrolled under the same id already is left as it is, so that
// an enrolment that was broken off can be repeated. It warns of an image that is unlike the others of its id, or nearer than the
// threshold to another id. It fails like [CleanID], with [ErrBadEmbedding], and with [ErrOtherModel] when the gallery has changed its
// model meanwhile.
func (g *Gallery) Enroll(ctx context.Context, images ...Enrolment) ([]EnrolledImage, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	known, err := g.known(ctx, images)
	if err != nil {
		return nil, err
	}
	done := make([]EnrolledImage, len(images))
	change := Change{Gallery: g.name}
	var parts []Part
	for i, image := range images {
		id, err := CleanID(image.ID)
		if err != nil {
			return nil, fmt.Errorf("enroll %s: %w", image.Name, err)
		}
		if err := s.fits(image.Face.Embedding); err != nil {
			return nil, fmt.Errorf("enroll %s: %w", image.Name, err)
		}
		done[i] = EnrolledImage{ID: id, File: image.Name, Already: image.Hash != "" && known[source{image.Hash, id}]}
		if done[i].Already {
			continue
		}
		if image.Face.Refuse != "" {
			done[i].Warnings = append(done[i].Warnings, image.Face.Refuse)
		}
		known[source{image.Hash, id}] = true
		e := g.entry(Enrolled, id, image, s)
		change.Put = append(change.Put, e)
		parts = append(parts, NewPart(enrolled{id, e.Name, e.Source, e.Key}, id))
	}
	if len(change.Put) == 0 {
		return done, nil
	}
	if err := g.warn(ctx, s, done, change.Put); err != nil {
		return nil, err
	}
	change.Events = []Event{g.event("enroll", s.Model, parts...)}
	return done, g.store.Apply(ctx, change)
}

// entry makes an entry of an image.
func (g *Gallery) entry(role Role, id string, image Enrolment, s Settings) Entry {
	now := g.clock()
	e := Entry{
		Key: NewKey(now), Role: role, ID: id, Embedding: image.Face.Embedding, Model: g.model.Hash, Source: image.Hash, When: now,
		Crop: image.Face.Crop,
	}
	if image.Name != "" {
		e.Name = fitName(filepath.Base(image.Name))
	}
	if s.DropCrops && role == Enrolled {
		e.Crop = nil
	}
	return e
}

// source is an image file under an id.
type source struct{ hash, id string }

// known are the image files that are enrolled under the ids of images.
func (g *Gallery) known(ctx context.Context, images []Enrolment) (map[source]bool, error) {
	known, asked := map[source]bool{}, map[string]bool{}
	for _, image := range images {
		id, err := CleanID(image.ID)
		if err != nil || asked[id] { // an id that is none is refused later
			continue
		}
		asked[id] = true
		for e, err := range g.store.Entries(ctx, g.name, Query{ID: id, Role: Enrolled}) {
			if err != nil {
				return nil, err
			}
			known[source{e.Source, id}] = true
		}
	}
	return known, nil
}

// warn looks for new images that somebody should look at: those unlike the others of their id, and those near another id.
func (g *Gallery) warn(ctx context.Context, s Settings, done []EnrolledImage, put []Entry) error {
	limit, ok := s.alike()
	if !ok || g.model.Distance.Of == nil {
		return nil
	}
	probes := make([][]float32, len(put))
	own := map[string][]int{}
	for i, e := range put {
		probes[i] = e.Embedding
		own[e.ID] = append(own[e.ID], i)
	}
	nearby, err := g.search(ctx, s, 3, probes...)
	if err != nil {
		return err
	}
	at := 0
	for i := range done {
		if done[i].Already {
			continue
		}
		nearest, others := g.nearestOwn(put, own[done[i].ID], at, nearby[at])
		if others && nearest > limit {
			done[i].Warnings = append(done[i].Warnings, fmt.Sprintf("it is unlike the other images of %q: nearest distance %.4f, threshold %.4f: does it show somebody else?", done[i].ID, nearest, limit))
		}
		for _, c := range nearby[at] {
			if !c.Stranger && c.ID != done[i].ID && c.Distance <= limit {
				done[i].Warnings = append(done[i].Warnings, fmt.Sprintf("it is like %q: distance %.4f, threshold %.4f: is it one person under two ids?", c.ID, c.Distance, limit))
				break
			}
		}
		at++
	}
	return nil
}

// nearestOwn is the distance of a new image to the nearest other image of its id, new or enrolled; others is false when there is none.
// Among the ids found nearby its own may be missing, when others are nearer.
func (g *Gallery) nearestOwn(put []Entry, same []int, at int, nearby []Candidate) (nearest float32, others bool) {
	take := func(d float32) {
		if !others || d < nearest {
			nearest, others = d, true
		}
	}
	for _, other := range same {
		if other != at {
			take(g.model.Distance.Of(put[at].Embedding, put[other].Embedding))
		}
	}
	for _, c := range nearby {
		if c.ID == put[at].ID && !c.Stranger {
			take(c.Distance)
		}
	}
	return nearest, others
}

// alike is the distance up to which two images look like one person.
func (s Settings) alike() (float32, bool) {
	switch {
	case s.Calibration != nil:
		return s.Calibration.Thresholds.Refer, true
	case s.ModelThreshold != nil:
		return *s.ModelThreshold, true
	}
	return 0, false
}

// Reject says that a probe was not the id that it was taken for, or nobody at all: it becomes a stranger, who competes with ids.
// The audit log names the id, which may be empty.
func (g *Gallery) Reject(ctx context.Context, notID string, images ...Enrolment) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	if len(images) == 0 {
		return errors.New("reject: no image")
	}
	change := Change{Gallery: g.name}
	var parts []Part
	for _, image := range images {
		e := g.entry(Stranger, "", image, s)
		change.Put = append(change.Put, e)
		parts = append(parts, NewPart(rejected{notID, e.Key}, about(notID)...))
	}
	change.Events = []Event{g.event("reject", s.Model, parts...)}
	return g.store.Apply(ctx, change)
}

type rejected struct {
	Not string `json:"not,omitempty"`
	Key string `json:"key"`
}

// about lists an id, unless it is empty.
func about(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}
