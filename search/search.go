// Package search finds the vectors nearest to a probe among up to millions.
//
// [Exact] misses nothing, and is what a gallery wants: what a search misses is a missed watch-list hit. [Compact] finds the same, from
// vectors of a byte a number that are read in a quarter of the time, and compares the likely ones once more. [Graph] misses a little,
// as [Graph.Recall] measures, and takes a time that grows with the logarithm of their number.
//
// All give the same order: by distance as [distance.Distance].Of gives it, equally near ones by row. Numbers that are not finite are
// refused.
package search

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// points are vectors where the squared Euclidean distance orders them, in rows of a length that kernels read.
type points struct {
	by      distance.Distance
	dim     int
	vectors []float32 // as they were given, [n, dim]
	rows    []float32 // [n, width]; nil where there is no such place, or vectors are too long for it
	width   int
	longest float64 // of rows
}

// longestPlaced bounds rows and probes, so that no square overflows.
const longestPlaced = 1e17

// newPoints fails on numbers that are not finite and on vectors that are cut off.
func newPoints(by distance.Distance, dim int, vectors []float32) (*points, error) {
	switch {
	case by.Of == nil:
		return nil, fmt.Errorf("search: no distance is given")
	case dim < 1 || len(vectors)%dim != 0:
		return nil, fmt.Errorf("search: %d numbers are no vectors of %d", len(vectors), dim)
	}
	p := &points{by: by, dim: dim, vectors: vectors}
	var failed atomic.Pointer[error]
	parallel.Ranges(p.len(), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if err := distance.CheckOne(dim, p.vector(i)); err != nil {
				err = fmt.Errorf("search: vector %d %w", i+1, err)
				failed.CompareAndSwap(nil, &err)
				return
			}
		}
	})
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	p.place()
	return p, nil
}

// place fills in the rows.
func (p *points) place() {
	origin, ok := p.by.Place(make([]float32, p.dim), false)
	if !ok {
		return
	}
	p.width = roundUp(len(origin), kernel.RowNumbers)
	asTheyAre := len(origin) == p.dim && p.dim == p.width
	p.rows = p.vectors
	if !asTheyAre {
		p.rows = make([]float32, p.len()*p.width)
	}
	var mu sync.Mutex
	parallel.Ranges(p.len(), func(lo, hi int) {
		most := 0.0
		for i := lo; i < hi; i++ {
			if !asTheyAre {
				point, _ := p.by.Place(p.vector(i), false)
				copy(p.row(i), point)
			}
			most = max(most, length(p.row(i)))
		}
		mu.Lock()
		defer mu.Unlock()
		p.longest = max(p.longest, most)
	})
	if p.longest > longestPlaced {
		p.rows = nil
	}
}

func (p *points) len() int { return len(p.vectors) / p.dim }

func (p *points) vector(i int) []float32 { return p.vectors[i*p.dim : (i+1)*p.dim] }

func (p *points) row(i int) []float32 { return p.rows[i*p.width : (i+1)*p.width] }

// probe is a probe's place, [width]; false where there is none.
func (p *points) probe(v []float32) ([]float32, bool) {
	if p.rows == nil {
		return nil, false
	}
	at, _ := p.by.Place(v, true)
	q := make([]float32, p.width)
	copy(q, at)
	return q, length(q) <= longestPlaced
}

// checkProbes refuses what cannot be searched for.
func (p *points) check(k int, probes [][]float32) error {
	if k < 1 {
		return fmt.Errorf("find the nearest: %d of them, want at least 1", k)
	}
	for i, v := range probes {
		if err := distance.CheckOne(p.dim, v); err != nil {
			return fmt.Errorf("find the nearest: probe %d %w", i+1, err)
		}
	}
	return nil
}

// ranked compares candidates by the distance itself, and keeps the k nearest.
func (p *points) ranked(probe []float32, k int, rows []int32) []distance.Neighbour {
	found := make([]distance.Neighbour, 0, len(rows))
	for _, r := range rows {
		if d := p.by.Of(probe, p.vector(int(r))); d == d {
			found = append(found, distance.Neighbour{Row: int(r), Distance: d})
		}
	}
	return first(found, k)
}

// oneByOne is the search by the distance itself.
func (p *points) oneByOne(ctx context.Context, k int, probe []float32) ([]distance.Neighbour, error) {
	var mu sync.Mutex
	var found []distance.Neighbour
	parallel.Ranges(p.len(), func(lo, hi int) {
		var near []distance.Neighbour
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			if d := p.by.Of(probe, p.vector(i)); d == d {
				near = append(near, distance.Neighbour{Row: i, Distance: d})
			}
			if len(near) >= 2*k+blockRows {
				near = first(near, k)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, near...)
	})
	return first(found, k), ctx.Err()
}
