package gallery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Migration is what [Gallery.Migrate] did.
type Migration struct {
	From    string `json:"from"` // model hashes
	To      string `json:"to"`
	Entries int    `json:"entries"` // embedded again
	// Lost are entries, by id and file, of which no crop was kept, or in whose crop the new model found no face. They are removed.
	Lost []string `json:"lost,omitempty"`
	held int      // of those, what does not just wait for review
}

// Embedder embeds the crops of entries by the new model. An embedding that is nil stands for a crop in which there is no face.
type Embedder func(ctx context.Context, crops [][]byte) ([][]float32, error)

// migrateAtOnce is how many crops to embed at once.
const migrateAtOnce = 64

// Migrate makes the gallery one of another model: it embeds the kept crops again, and changes all embeddings, the model and its
// threshold at one moment, until which the gallery stays as it was. The calibration, which was the old model's, is dropped. Entries
// that cannot be embedded again make it fail, unless lose allows to remove them, or they just wait for review.
func Migrate(ctx context.Context, store Store, name string, to Model, embed Embedder, lose bool, opts ...Option) (Migration, error) {
	g := newGallery(store, name, to, opts)
	fresh := map[string][]float32{} // by key; what was embedded before somebody else changed the gallery serves again
	for {
		s, err := g.Settings(ctx)
		if err != nil {
			return Migration{}, err
		}
		m := Migration{From: s.Model, To: to.Hash}
		if s.Model == to.Hash {
			return m, fmt.Errorf("gallery %q is of model %.12s already", name, to.Hash)
		}
		change := Change{Gallery: name}
		if err := g.embedAgain(ctx, embed, fresh); err != nil {
			return m, err
		}
		switch complete, err := g.collect(ctx, fresh, &m, &change); {
		case err != nil:
			return m, err
		case !complete: // somebody enrolled more
			continue
		}
		if m.held > 0 && !lose {
			return m, fmt.Errorf("migrate gallery %q: %d entries cannot be embedded again, %s first, since no crop was kept or no face is found in it: nothing was changed; "+
				"migrate with --lose to remove them, or enroll them anew", name, m.held, m.Lost[0])
		}
		s.ModelFile, s.Model, s.Compatible, s.Dim, s.Distance, s.ModelThreshold, s.Calibration = to.File, to.Hash, nil, to.Dim, to.Distance.Name, to.Threshold, nil
		change.Settings = &s
		change.Events = []Event{g.event("migrate", to.Hash)}
		if err := store.Apply(ctx, change); !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) || ctx.Err() != nil {
			return m, err
		}
	}
}

// embedAgain embeds the crops that fresh does not have yet, some at a time.
func (g *Gallery) embedAgain(ctx context.Context, embed Embedder, fresh map[string][]float32) error {
	var keys []string
	var crops [][]byte
	flush := func() error {
		if len(keys) == 0 {
			return nil
		}
		rows, err := embed(ctx, crops)
		if err == nil && len(rows) != len(crops) {
			err = fmt.Errorf("%d embeddings of %d crops", len(rows), len(crops))
		}
		if err != nil {
			return fmt.Errorf("migrate gallery %q: embedding kept crops: %w", g.name, err)
		}
		for i, key := range keys {
			fresh[key] = rows[i]
		}
		keys, crops = nil, nil
		return nil
	}
	for e, err := range g.store.Entries(ctx, g.name, Query{Crops: true}) {
		if err != nil {
			return err
		}
		if _, done := fresh[e.Key]; done {
			continue
		}
		if e.Crop == nil {
			fresh[e.Key] = nil
			continue
		}
		keys, crops = append(keys, e.Key), append(crops, e.Crop)
		if len(keys) == migrateAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// collect lists the new embeddings of all entries, and what is lost. It is not complete where fresh lacks an entry.
func (g *Gallery) collect(ctx context.Context, fresh map[string][]float32, m *Migration, change *Change) (complete bool, err error) {
	for e, err := range g.store.Entries(ctx, g.name, Query{}) {
		if err != nil {
			return false, err
		}
		embedding, tried := fresh[e.Key]
		if !tried {
			return false, nil
		}
		if embedding == nil {
			m.Lost = append(m.Lost, strings.TrimSpace(e.ID+" "+e.Name))
			if e.Role != Waiting {
				m.held++
				m.Lost[0], m.Lost[len(m.Lost)-1] = m.Lost[len(m.Lost)-1], m.Lost[0] // it is named in the error
			}
			change.Delete = append(change.Delete, e.Key)
			continue
		}
		m.Entries++
		change.Embeddings = append(change.Embeddings, NewEmbedding{e.Key, g.model.Hash, embedding})
	}
	return true, nil
}

// Accept makes the gallery one of another model whose embeddings may be compared with those that it holds, which stay. It fails with
// [ErrOtherModel] when the model does not say so. The calibration, which was the old model's, is dropped.
func Accept(ctx context.Context, store Store, name string, to Model, opts ...Option) error {
	g := newGallery(store, name, to, opts)
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	held := append([]string{s.Model}, s.Compatible...)
	if to.Dim != s.Dim || slices.ContainsFunc(held, func(hash string) bool { return hash != to.Hash && !slices.Contains(to.Compatible, hash) }) {
		return fmt.Errorf("gallery %q holds embeddings of model %.12s, and model %.12s was not trained to be compatible with it: %w; "+
			"train one with siam train --compatible-with, or re-embed the gallery with siam gallery migrate", name, s.Model, to.Hash, ErrOtherModel)
	}
	s.ModelFile, s.Model, s.Compatible, s.Distance, s.ModelThreshold, s.Calibration = to.File, to.Hash, held, to.Distance.Name, to.Threshold, nil
	return store.Apply(ctx, Change{Gallery: name, Settings: &s, Events: []Event{g.event("migrate", to.Hash)}})
}
