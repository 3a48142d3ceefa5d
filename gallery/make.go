package gallery

import (
	"fmt"
	"slices"
	"strings"
)

// Make is what a change makes of a gallery: its settings, as [Change.Next] gives them, and its entries by key. there says whether the
// store has such a gallery, and stored and entries are what it holds; they are not altered. For stores that hold entries in memory.
func (c Change) Make(there bool, stored Settings, entries []Entry) (Settings, []Entry, error) {
	next, err := c.Next(there, stored)
	if err != nil {
		return next, nil, err
	}
	if !c.TouchesEntries() {
		return next, entries, nil
	}
	m := &making{slices.Clone(entries)}
	if err := m.all(c); err != nil {
		return next, nil, err
	}
	for _, e := range m.entries {
		if err := next.HoldsAll(e.Model); err != nil {
			return next, nil, err
		}
	}
	return next, m.entries, nil
}

// making is the entries of a gallery while a change is made to them, by key.
type making struct{ entries []Entry }

func (m *making) all(c Change) error {
	for _, id := range c.Erase {
		if !m.take(func(e Entry) bool { return e.ID == id }) {
			return fmt.Errorf("id %q: %w", id, ErrNotFound)
		}
	}
	for _, key := range c.Delete {
		if !m.take(func(e Entry) bool { return e.Key == key }) {
			return fmt.Errorf("entry %s: %w", key, ErrNotFound)
		}
	}
	if !c.Expire.IsZero() {
		m.take(func(e Entry) bool { return e.expired(c.Expire) })
	}
	for _, move := range c.Move {
		if err := m.move(move); err != nil {
			return err
		}
	}
	for _, n := range c.Embeddings {
		at, there := m.find(n.Key)
		if !there {
			return fmt.Errorf("entry %s is gone: %w", n.Key, ErrConflict)
		}
		m.entries[at].Model, m.entries[at].Embedding = n.Model, slices.Clone(n.Embedding)
	}
	return m.put(c.Put)
}

func (m *making) find(key string) (int, bool) {
	return slices.BinarySearchFunc(m.entries, key, func(e Entry, key string) int { return strings.Compare(e.Key, key) })
}

// take takes away the entries that fit, and reports whether there were any.
func (m *making) take(fits func(Entry) bool) bool {
	n := len(m.entries)
	m.entries = slices.DeleteFunc(m.entries, fits)
	return len(m.entries) < n
}

func (m *making) move(v Move) error {
	has := func(id string) bool {
		return slices.ContainsFunc(m.entries, func(e Entry) bool { return e.ID == id && e.Role == Enrolled })
	}
	if err := v.Check(has(v.From), has(v.To)); err != nil {
		return err
	}
	for i, e := range m.entries {
		if e.ID == v.From {
			m.entries[i].ID = v.To
		}
	}
	return nil
}

func (m *making) put(entries []Entry) error {
	for _, e := range entries {
		e.Embedding, e.Crop = slices.Clone(e.Embedding), slices.Clone(e.Crop)
		m.entries = append(m.entries, e)
	}
	slices.SortStableFunc(m.entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	for i, e := range m.entries {
		if i > 0 && m.entries[i-1].Key == e.Key {
			return fmt.Errorf("entry %s: %w", e.Key, ErrExists)
		}
	}
	return nil
}
