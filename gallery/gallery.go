// Package gallery keeps embeddings of enrolled people, or of anything that has an identity, and answers whose a probe is:
// match, no match, or refer to a person who decides.
//
// It sees embeddings, images and numbers only; the model that makes embeddings is described to it by a [Model]. What is enrolled
// lies in a [Store]: [Memory], or one of the packages below this one. A [Gallery] is one gallery of a store, opened for a model.
//
// Smaller distance is more alike.
package gallery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/siam-go/siam/distance"
)

// Model is what a gallery must know of the model that makes its embeddings.
type Model struct {
	Hash       string            // of the model's content
	Compatible []string          // hashes of older models whose embeddings may be compared with this one's
	Dim        int               // numbers in an embedding
	Distance   distance.Distance // how two are compared
	Threshold  *float32          // the model's own for two images, nil when it has none
	File       string            // where it was found, for programs to look there again; may be empty
}

// Settings are those of a new gallery of the model's embeddings.
func (m Model) Settings(name string, kind Kind) Settings {
	return Settings{
		Name: name, Kind: kind, Model: m.Hash, ModelFile: m.File, Dim: m.Dim, Distance: m.Distance.Name, ModelThreshold: m.Threshold,
		Representation: Nearest, Created: time.Now().UTC().Truncate(time.Microsecond),
	}
}

// Gallery is one gallery of a store, opened for a model. It is safe for use by several goroutines, and sees what other programs
// change in the store.
type Gallery struct {
	store Store
	name  string
	model Model
	who   string
	now   func() time.Time
	index *index
}

// Option changes how [Open] sets a gallery up.
type Option func(*Gallery)

// As names who asks, for the audit log.
func As(who string) Option { return func(g *Gallery) { g.who = who } }

// WithClock replaces the clock that entries and the audit log are dated by.
func WithClock(now func() time.Time) Option { return func(g *Gallery) { g.now = now } }

// Create makes an empty gallery for a model. It fails with [ErrExists] where there is one of that name, and with [ErrOtherModel] when
// the settings are for another model than [Model.Settings] makes them for.
func Create(ctx context.Context, store Store, m Model, s Settings, opts ...Option) (*Gallery, error) {
	if err := s.admits(m); err != nil {
		return nil, err
	}
	s.Revision = 0
	if err := s.Check(); err != nil {
		return nil, err
	}
	if _, can := m.Distance.Place(make([]float32, m.Dim), false); s.Approximate != nil && !can {
		return nil, fmt.Errorf("gallery %q: distance %s has no approximate search: search it exactly", s.Name, s.Distance)
	}
	g := newGallery(store, s.Name, m, opts)
	return g, store.Apply(ctx, Change{Gallery: s.Name, Settings: &s, Events: []Event{g.event("create", s.Model)}})
}

// Open opens a gallery for a model. It fails with [ErrNotFound] where there is none, and with [ErrOtherModel] where its embeddings are
// another model's: [Gallery.Migrate] is for that.
func Open(ctx context.Context, store Store, name string, model Model, opts ...Option) (*Gallery, error) {
	g := newGallery(store, name, model, opts)
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return g, s.admits(model)
}

// OpenStored opens a gallery without a model: embeddings come from elsewhere, and are compared by the distance that the gallery
// names. It fails where that distance has no name of its own, such as a pair head's.
func OpenStored(ctx context.Context, store Store, name string, opts ...Option) (*Gallery, error) {
	s, err := FindGallery(ctx, store, name)
	if err != nil {
		return nil, err
	}
	by, err := distance.ByName(s.Distance)
	if err != nil {
		return nil, fmt.Errorf("gallery %q: %w; name the model", name, err)
	}
	return newGallery(store, name, Model{Hash: s.Model, Dim: s.Dim, Distance: by, Threshold: s.ModelThreshold}, opts), nil
}

// OpenNamed opens a gallery for what needs neither a model nor a distance: ids, exports and the like.
func OpenNamed(ctx context.Context, store Store, name string, opts ...Option) (*Gallery, error) {
	s, err := FindGallery(ctx, store, name)
	if err != nil {
		return nil, err
	}
	return newGallery(store, name, Model{Hash: s.Model, Dim: s.Dim, Threshold: s.ModelThreshold}, opts), nil
}

// Beside opens another gallery of the same store for the same model.
func (g *Gallery) Beside(ctx context.Context, name string) (*Gallery, error) {
	return Open(ctx, g.store, name, g.model, As(g.who), WithClock(g.now), IndexIn(g.index.folder))
}

func newGallery(store Store, name string, model Model, opts []Option) *Gallery {
	g := &Gallery{store: store, name: name, model: model, now: time.Now}
	g.index = newIndex(g)
	if keeper, keeps := store.(GraphKeeper); keeps {
		g.index.folder = keeper.GraphFolder()
	}
	for _, opt := range opts {
		opt(g)
	}
	return g
}

// Settings reads the gallery's settings as they are now.
func (g *Gallery) Settings(ctx context.Context) (Settings, error) {
	return FindGallery(ctx, g.store, g.name)
}

// SetCalibration replaces the gallery's calibration, and says so in the audit log; nil takes it away. It fails with [ErrConflict] when
// somebody else changes the settings at the same time.
func (g *Gallery) SetCalibration(ctx context.Context, c *Calibration) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	s.Calibration = c
	if err := s.Check(); err != nil {
		return err
	}
	if _, err := json.Marshal(c); err != nil { // a rate that is not a number
		return fmt.Errorf("gallery %q: calibration: %w", g.name, err)
	}
	return g.store.Apply(ctx, Change{Gallery: g.name, Settings: &s, Events: []Event{g.event("calibrate", s.Model, NewPart(c))}})
}

// FindGallery reads the settings of a gallery; it fails with [ErrNotFound] where there is none of that name.
func FindGallery(ctx context.Context, store Store, name string) (Settings, error) {
	all, err := store.Galleries(ctx)
	if err != nil {
		return Settings{}, err
	}
	at := slices.IndexFunc(all, func(s Settings) bool { return s.Name == name })
	if at < 0 {
		return Settings{}, fmt.Errorf("gallery %q: %w; there are %v", name, ErrNotFound, names(all))
	}
	return all[at], nil
}

func names(all []Settings) []string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = s.Name
	}
	return list
}

// clock is the time, as finely as stores keep it.
func (g *Gallery) clock() time.Time { return g.now().UTC().Truncate(time.Microsecond) }

func (g *Gallery) event(action, model string, parts ...Part) Event {
	return Event{Time: g.clock(), Gallery: g.name, Who: g.who, Action: action, Model: model, Parts: parts}
}
