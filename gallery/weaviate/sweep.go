package weaviate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	sweepAfter = time.Hour // how old an object is that nobody can be about to name any more
	perPage    = 1000      // objects
)

// listed is what the cluster says of an object without its text.
type listed struct {
	Additional struct {
		ID      string `json:"id"`
		Created string `json:"creationTimeUnix"` // milliseconds since 1970
	} `json:"_additional"`
}

// sweep deletes old objects that no change names: those of programs that were killed before they made a change of them. It takes as
// long as reading the whole log, and so runs where that is read anyway.
func (s *store) sweep(ctx context.Context, before time.Time) error {
	var old []string
	for after := ""; ; {
		page, err := s.page(ctx, after)
		if err != nil {
			return err
		}
		for _, o := range page {
			var made int64
			if _, err := fmt.Sscan(o.Additional.Created, &made); err == nil && time.UnixMilli(made).Before(before) {
				old = append(old, o.Additional.ID)
			}
			after = o.Additional.ID
		}
		if len(page) < perPage {
			break
		}
	}
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	var orphans []string
	for _, name := range old {
		if !known[name] {
			orphans = append(orphans, name)
		}
	}
	return s.delete(ctx, orphans)
}

// page lists objects of one replica, by name.
func (s *store) page(ctx context.Context, after string) ([]listed, error) {
	query := fmt.Sprintf("{Get{%s(limit:%d,after:%q){_additional{id creationTimeUnix}}}}", s.class, perPage, after)
	got, err := s.want(ctx, http.MethodPost, "graphql", map[string]string{"query": query}, http.StatusOK)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct{ Get map[string][]listed }
	}
	err = json.Unmarshal(got.body, &answer)
	return answer.Data.Get[s.class], err
}

// known are the names of all objects that there have to be.
func (s *store) known(ctx context.Context) (map[string]bool, error) {
	next, err := s.next(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for first := int64(1); first < next; first += changesAtOnce {
		records, err := s.changes(ctx, first, min(first+changesAtOnce, next))
		if err != nil {
			return nil, err
		}
		for i, r := range records {
			known[named(s.salt, "change", first+int64(i))] = true
			for _, l := range r.Lines {
				known[l.Parts] = true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := int64(snapshotEvery); at <= s.now.Head; at += snapshotEvery {
		known[named(s.salt, "snapshot", at)] = true
	}
	for _, g := range s.now.Galleries {
		for _, p := range g.Slips {
			known[p.Object], known[p.Crop] = true, true
		}
	}
	for _, name := range s.now.Parts {
		known[name] = true
	}
	return known, nil
}
