package gallery

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Memory is a store that lives as long as the program.
func Memory() Store { return &memory{galleries: map[string]*shelf{}} }

type memory struct {
	mu        sync.RWMutex
	galleries map[string]*shelf
	log       []Line
	closed    bool
}

// shelf is one gallery. Its entries are replaced and never altered, so that readers may keep them.
type shelf struct {
	settings Settings
	entries  []Entry // by key
	revision int64
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// open is what every method finds out first, holding the lock.
func (m *memory) open(ctx context.Context) error {
	if m.closed {
		return fmt.Errorf("gallery: %w: the store is closed", ErrUnreachable)
	}
	return ctx.Err()
}

func (m *memory) Galleries(ctx context.Context) ([]Settings, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	var all []Settings
	for _, name := range slices.Sorted(maps.Keys(m.galleries)) {
		all = append(all, m.galleries[name].settings)
	}
	return all, nil
}

func (m *memory) shelf(ctx context.Context, gallery string) (*shelf, error) {
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	s := m.galleries[gallery]
	if s == nil {
		return nil, fmt.Errorf("gallery %q: %w", gallery, ErrNotFound)
	}
	return s, nil
}

func (m *memory) Entries(ctx context.Context, gallery string, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		m.mu.RLock()
		s, err := m.shelf(ctx, gallery)
		var entries []Entry
		if err == nil {
			entries = s.entries
		}
		m.mu.RUnlock()
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, e := range entries {
			if !q.Fits(e) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			if !q.Crops {
				e.Crop = nil
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Vectors(ctx context.Context, gallery string, since int64) (Vectors, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s, err := m.shelf(ctx, gallery)
	if err != nil {
		return Vectors{}, err
	}
	v := Vectors{Revision: s.revision, Dim: s.settings.Dim}
	if since == s.revision {
		v.Since = since
		return v, nil
	}
	for _, e := range s.entries {
		if e.Role != Waiting {
			v.Refs = append(v.Refs, Ref{e.Key, e.ID, e.Role})
			v.Values = append(v.Values, e.Embedding...)
		}
	}
	return v, nil
}

func (m *memory) Log(ctx context.Context, from int64) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		m.mu.RLock()
		err, log := m.open(ctx), m.log
		m.mu.RUnlock()
		if err != nil {
			yield(Line{}, err)
			return
		}
		for _, l := range log[min(max(from-1, 0), int64(len(log))):] {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (m *memory) Apply(ctx context.Context, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(ctx); err != nil {
		return err
	}
	s, err := m.changed(c)
	if err != nil {
		return fmt.Errorf("gallery %q: %w", c.Gallery, err)
	}
	log := slices.Clone(m.log)
	for i, l := range log {
		log[i].Parts = c.Forget(l)
	}
	for _, e := range c.Events {
		var last Line
		if len(log) > 0 {
			last = log[len(log)-1]
		}
		log = append(log, e.After(last))
	}
	m.log = log
	m.galleries[c.Gallery] = s
	if c.Drop {
		delete(m.galleries, c.Gallery)
	}
	return nil
}

// changed is the gallery as the change makes it.
func (m *memory) changed(c Change) (*shelf, error) {
	s := &shelf{}
	old := m.galleries[c.Gallery]
	if old != nil {
		*s = *old
	}
	var err error
	if s.settings, s.entries, err = c.Make(old != nil, s.settings, s.entries); err != nil {
		return nil, err
	}
	if c.TouchesEntries() {
		s.revision++
	}
	return s, nil
}
