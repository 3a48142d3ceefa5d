package gallery

import (
	"fmt"
	"slices"
)

// TouchesEntries says whether a change may alter entries, and so what is searched.
func (c Change) TouchesEntries() bool {
	return c.Settings != nil || !c.Expire.IsZero() || len(c.Erase)+len(c.Delete)+len(c.Move)+len(c.Embeddings)+len(c.Put) > 0
}

// Takes says whether a change takes entries away or alters them, besides those that expire: who has read them must read them anew.
func (c Change) Takes() bool {
	return c.Settings != nil || len(c.Erase)+len(c.Delete)+len(c.Move)+len(c.Embeddings) > 0
}

// Check says what is wrong with a move between ids of which there are images, or not.
func (m Move) Check(from, to bool) error {
	switch {
	case !from:
		return fmt.Errorf("id %q: %w", m.From, ErrNotFound)
	case m.Merge && !to:
		return fmt.Errorf("id %q: %w", m.To, ErrNotFound)
	case !m.Merge && to:
		return fmt.Errorf("id %q: %w", m.To, ErrExists)
	}
	return nil
}

// HoldsAll fails with [ErrConflict] where embeddings of one of these models may not be in the gallery.
func (s Settings) HoldsAll(models ...string) error {
	for _, model := range models {
		if !s.Holds(model) {
			return fmt.Errorf("an entry is of model %.12s: %w", model, ErrConflict)
		}
	}
	return nil
}

// settings are those of the gallery once the change is made; stored are the present ones of one that is there.
func (c Change) settings(there bool, stored Settings) (Settings, error) {
	switch {
	case c.Settings == nil && !there:
		return stored, ErrNotFound
	case c.Settings == nil:
		return stored, nil
	case c.Settings.Revision == 0 && there:
		return stored, ErrExists
	case c.Settings.Revision > 0 && !there:
		return stored, ErrNotFound
	case there && c.Settings.Revision != stored.Revision:
		return stored, fmt.Errorf("its settings: %w", ErrConflict)
	case c.Settings.Name != c.Gallery:
		return stored, fmt.Errorf("settings of gallery %q for gallery %q", c.Settings.Name, c.Gallery)
	}
	next := *c.Settings
	next.Revision++
	return next, nil
}

// Next is the settings that a gallery has once the change is made, checked as [Change.Verify] does. there says whether the store has
// such a gallery, and stored are its settings.
func (c Change) Next(there bool, stored Settings) (Settings, error) {
	next, err := c.settings(there, stored)
	if err != nil {
		return next, err
	}
	return next, c.Verify(next)
}

// Forget is the parts of a line of the log once the change is made, before its own events: parts about erased ids are emptied, those
// of lines that are too old are too, and parts about ids that moved are about their new ids.
func (c Change) Forget(l Line) []Part {
	parts := slices.Clone(l.Parts)
	for i, p := range parts {
		gone := l.Gallery == c.Gallery && (c.Drop || l.Time.Before(c.ForgetLog) || slices.ContainsFunc(p.About, func(id string) bool { return slices.Contains(c.Erase, id) }))
		if gone {
			parts[i] = p.Erased()
			continue
		}
		if l.Gallery == c.Gallery {
			parts[i].About = c.moved(p.About)
		}
	}
	return parts
}

func (c Change) moved(about []string) []string {
	about = slices.Clone(about)
	for _, m := range c.Move {
		for i, id := range about {
			if id == m.From {
				about[i] = m.To
			}
		}
	}
	return about
}
