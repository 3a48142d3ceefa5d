package gallery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/siam-go/siam/distance"
)

// index keeps what a gallery searches in memory, as new as the store.
type index struct {
	of *Gallery

	mu        sync.Mutex
	vectors   Vectors // as the store has them
	how       Representation
	represent Vectors         // what stands for them
	nearest   *distance.Index // of these; nil when there is nothing to search
}

func newIndex(g *Gallery) *index { return &index{of: g} }

// fresh is what is to be searched now. The parts of what it returns do not change.
func (x *index) fresh(ctx context.Context, how Representation) (Vectors, *distance.Index, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	v, err := x.of.store.Vectors(ctx, x.of.name, x.vectors.Revision)
	if err != nil {
		return Vectors{}, nil, err
	}
	if v.Since > 0 {
		added := len(v.Refs) > 0
		v.Refs, v.Values = slices.Concat(x.vectors.Refs, v.Refs), slices.Concat(x.vectors.Values, v.Values)
		v.Since = 0
		if !added && how == x.how {
			x.vectors.Revision = v.Revision
			return x.represent, x.nearest, nil
		}
	}
	represent, nearest := Represent(v, how, x.of.model.Distance), (*distance.Index)(nil)
	if len(represent.Refs) > 0 {
		if nearest, err = distance.NewIndex(x.of.model.Distance, represent.rows()); err != nil {
			return Vectors{}, nil, err
		}
	}
	x.vectors, x.how, x.represent, x.nearest = v, how, represent, nearest
	return represent, nearest, nil
}

func (v Vectors) rows() [][]float32 {
	rows := make([][]float32, len(v.Refs))
	for i := range rows {
		rows[i] = v.Values[i*v.Dim : (i+1)*v.Dim]
	}
	return rows
}

// Prepare reads what is to be searched, so that the next verdict need not wait for it.
func (g *Gallery) Prepare(ctx context.Context) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	_, _, err = g.index.fresh(ctx, s.Representation)
	return err
}

// search finds the k ids, or strangers, nearest to each probe.
func (g *Gallery) search(ctx context.Context, s Settings, k int, probes ...[]float32) ([][]Candidate, error) {
	found := make([][]Candidate, len(probes))
	v, nearest, err := g.index.fresh(ctx, s.Representation)
	if err != nil || nearest == nil {
		return found, err
	}
	for wanted := 4 * k; ; wanted *= 4 { // ids have several images
		hits, err := nearest.Nearest(ctx, min(wanted, len(v.Refs)), probes...)
		if err != nil {
			return nil, errors.Join(ErrBadEmbedding, err)
		}
		enough := true
		for i, list := range hits {
			found[i] = candidates(v, list, k)
			enough = enough && (len(found[i]) == k || len(list) == len(v.Refs))
		}
		if enough {
			return found, nil
		}
	}
}

// candidates are the first k ids and strangers among hits.
func candidates(v Vectors, hits []distance.Neighbour, k int) []Candidate {
	slices.SortStableFunc(hits, func(a, b distance.Neighbour) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(v.Refs[a.Row].Key, v.Refs[b.Row].Key))
	})
	var list []Candidate
	seen := map[string]bool{}
	for _, h := range hits {
		r := v.Refs[h.Row]
		if r.Role == Enrolled && seen[r.ID] || len(list) == k {
			continue
		}
		seen[r.ID] = r.Role == Enrolled
		list = append(list, Candidate{ID: r.ID, Stranger: r.Role == Stranger, Distance: h.Distance, Key: r.Key})
	}
	return list
}
