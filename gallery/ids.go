package gallery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Identity is what a gallery holds of one id.
type Identity struct {
	ID     string    `json:"id"`
	Images int       `json:"images"`
	First  time.Time `json:"first"` // when its first image was enrolled
	Last   time.Time `json:"last"`
}

// List is all ids, in order.
func (g *Gallery) List(ctx context.Context) ([]Identity, error) {
	of := map[string]*Identity{}
	var list []*Identity
	for e, err := range g.store.Entries(ctx, g.name, Query{Role: Enrolled}) {
		if err != nil {
			return nil, err
		}
		i := of[e.ID]
		if i == nil {
			i = &Identity{ID: e.ID, First: e.When, Last: e.When}
			of[e.ID] = i
			list = append(list, i)
		}
		i.Images++
		if e.When.Before(i.First) {
			i.First = e.When
		}
		if e.When.After(i.Last) {
			i.Last = e.When
		}
	}
	slices.SortFunc(list, func(a, b *Identity) int { return strings.Compare(a.ID, b.ID) })
	result := make([]Identity, len(list))
	for i, id := range list {
		result[i] = *id
	}
	return result, nil
}

// Entries are those that fit a query, by key.
func (g *Gallery) Entries(ctx context.Context, q Query) ([]Entry, error) {
	var list []Entry
	for e, err := range g.store.Entries(ctx, g.name, q) {
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Remove erases ids: their images, embeddings, what waits for review on their account, and what the audit log says about them. The
// log then says that somebody erased so many entries, and when. It fails with [ErrNotFound], and erases nothing, when one is not there.
func (g *Gallery) Remove(ctx context.Context, ids ...string) error {
	ids = slices.Clone(ids) // the caller's stay as they are
	for i, id := range ids {
		clean, err := CleanID(id)
		if err != nil {
			return fmt.Errorf("remove: %w", err)
		}
		ids[i] = clean
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	err := g.store.Apply(ctx, Change{Gallery: g.name, Erase: ids, Events: []Event{g.event("erase", "", NewPart(counted{len(ids)}))}})
	return g.erased(ctx, err)
}

// counted is all that the audit log says of what was erased.
type counted struct {
	Erased int `json:"erased"`
}

// Rename gives the images of an id another id, which must be new, or with merge one that is there.
func (g *Gallery) Rename(ctx context.Context, from, to string, merge bool) error {
	action := "rename"
	if merge {
		action = "merge"
	}
	from, err := CleanID(from)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if to, err = CleanID(to); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	err = g.store.Apply(ctx, Change{Gallery: g.name, Move: []Move{{from, to, merge}}, Events: []Event{g.event(action, "", NewPart(moved{from, to}, to))}})
	if errors.Is(err, ErrExists) && from != to {
		return fmt.Errorf("%w; merge the two if they are one person", err)
	}
	return err
}

type moved struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Drop erases the gallery with all that it holds.
func (g *Gallery) Drop(ctx context.Context) error {
	return g.erased(ctx, g.store.Apply(ctx, Change{Gallery: g.name, Drop: true, Events: []Event{g.event("drop", "")}}))
}

// Purge erases all entries made before a time, of every role, and empties what the log says of events before it. It returns how many
// entries it erased.
func (g *Gallery) Purge(ctx context.Context, before time.Time) (int, error) {
	for {
		change := Change{Gallery: g.name, Expire: g.clock(), ForgetLog: before}
		for e, err := range g.store.Entries(ctx, g.name, Query{Before: before}) {
			if err != nil {
				return 0, err
			}
			change.Delete = append(change.Delete, e.Key)
		}
		n := len(change.Delete)
		change.Events = []Event{g.event("purge", "", NewPart(counted{n}))}
		if err := g.store.Apply(ctx, change); !errors.Is(err, ErrNotFound) || ctx.Err() != nil { // somebody else erased one meanwhile
			return n, g.erased(ctx, err)
		}
		if _, err := g.Settings(ctx); err != nil {
			return 0, err
		}
	}
}
