package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Group is faces that wait for review and look like one person.
type Group struct {
	Like  string  `json:"like,omitempty"` // the id that they were likest to, of those that were referred
	Faces []Entry `json:"faces"`          // without crops, first seen first
}

// Review lists what waits for review: faces at most the threshold apart, directly or by others between them, are one group; the
// largest groups come first.
func (g *Gallery) Review(ctx context.Context) ([]Group, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := g.Entries(ctx, Query{Role: Waiting})
	if err != nil {
		return nil, err
	}
	now := g.clock()
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.expired(now) })
	limit, _ := s.alike()
	groups := grouped(entries, func(a, b Entry) bool {
		return g.model.Distance.Of(a.Embedding, b.Embedding) <= limit
	})
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(len(b.Faces), len(a.Faces)) })
	return groups, nil
}

// grouped joins entries that are alike, in the order of their first ones.
func grouped(entries []Entry, alike func(a, b Entry) bool) []Group {
	of := make([]int, len(entries)) // the first entry of the group
	for i := range entries {
		of[i] = i
		for j := range i {
			if of[j] != of[i] && alike(entries[i], entries[j]) {
				from, to := max(of[i], of[j]), min(of[i], of[j])
				for k := range i + 1 {
					if of[k] == from {
						of[k] = to
					}
				}
			}
		}
	}
	var groups []Group
	at := map[int]int{}
	for i, e := range entries {
		if _, known := at[of[i]]; !known {
			at[of[i]] = len(groups)
			groups = append(groups, Group{})
		}
		group := &groups[at[of[i]]]
		group.Faces = append(group.Faces, e)
		group.Like = cmp.Or(group.Like, e.ID)
	}
	return groups
}

// Settle takes faces out of the review queue, named by keys: it enrolls them under an id, keeps them as strangers, or, when the role is
// [Waiting], dismisses them, which erases them. It fails with [ErrNotFound] when one waits no longer.
func (g *Gallery) Settle(ctx context.Context, as Role, id string, keys ...string) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	if as == Enrolled {
		if id, err = CleanID(id); err != nil {
			return fmt.Errorf("review: %w", err)
		}
	}
	if len(keys) == 0 {
		return errors.New("review: no face is named")
	}
	change := Change{Gallery: g.name, Delete: keys}
	action := map[Role]string{Enrolled: "enroll", Stranger: "reject", Waiting: "dismiss"}[as]
	var parts []Part
	for _, key := range keys {
		e, err := g.waiting(ctx, key)
		if err != nil {
			return err
		}
		if as == Waiting {
			continue
		}
		not := e.ID
		e.Key, e.Role, e.ID, e.Note, e.Distance = NewKey(g.clock()), as, "", "", nil
		e.Expires = Entry{}.Expires
		part := NewPart(rejected{not, e.Key}, about(not)...)
		if as == Enrolled {
			e.ID = id
			part = NewPart(enrolled{id, e.Name, e.Source, e.Key}, id)
		}
		if s.DropCrops {
			e.Crop = nil
		}
		change.Put, parts = append(change.Put, e), append(parts, part)
	}
	change.Events = []Event{g.event(action, s.Model, parts...)}
	return g.store.Apply(ctx, change)
}

// waiting reads one entry of the queue.
func (g *Gallery) waiting(ctx context.Context, key string) (Entry, error) {
	for e, err := range g.store.Entries(ctx, g.name, Query{Role: Waiting, Key: key, Crops: true}) {
		return e, err
	}
	return Entry{}, fmt.Errorf("gallery %q: review entry %s: %w", g.name, key, ErrNotFound)
}
