package search

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// GraphOptions say how a [Graph] is built and searched. Zero fields mean the defaults.
type GraphOptions struct {
	Links   int    // of a vector in each layer above the ground, and half of those on the ground; 16, at most 256
	Build   int    // candidates for the links of a new vector; 200
	Breadth int    // candidates that a search keeps; 100: more find more, and take longer
	Seed    uint64 // of the layers that vectors are in
}

func (o GraphOptions) withDefaults() (GraphOptions, error) {
	o.Links, o.Build, o.Breadth = cmp.Or(o.Links, 16), cmp.Or(o.Build, 200), cmp.Or(o.Breadth, 100)
	if o.Links < 2 || o.Links > mostLinks || o.Build < 1 || o.Build > mostBreadth || o.Breadth < 1 || o.Breadth > mostBreadth {
		return o, fmt.Errorf("search graph: %d links, breadth %d to build and %d to search: want 2 to %d links and breadths of 1 to %d",
			o.Links, o.Build, o.Breadth, mostLinks, mostBreadth)
	}
	return o, nil
}

const (
	mostLinks   = 256
	mostBreadth = 1 << 20
	mostLayers  = 16
)

// Graph finds nearly all of the nearest vectors: a hierarchical graph of near neighbours (Y. A. Malkov, D. A. Yashunin, "Efficient
// and robust approximate nearest neighbor search using Hierarchical Navigable Small World graphs", 2020), with links chosen by their
// algorithm 4, which keeps links in different directions, and twice as many on the ground layer.
//
// Vectors have keys, and may be added, replaced and removed at any time. Those that linked to a removed one are linked to its
// neighbours, and after every change all vectors can be reached; [Graph.Unreachable] looks. The same changes with the same options make
// the same graph, on any number of cores. It is safe for use by several goroutines.
type Graph struct {
	mu      sync.RWMutex
	by      distance.Distance
	dim     int
	width   int
	options GraphOptions

	of      map[string]int32 // the slot of each key
	keys    []string         // of each slot; empty when it is free
	vectors []float32        // [slots, dim], as they were given
	rows    []float32        // [slots, width], in their places
	levels  []int8           // the top layer of each slot, from 0, the ground; −1 when it is free
	ground  []int32          // links on the ground: their number, and room for the most, of each slot
	upper   [][]layer        // links of each slot in the layers above
	free    []int32
	entry   int32   // where searches begin, in the top layer; −1 when there is nothing
	longest float64 // of rows
	walkers sync.Pool
}

// layer is the slots that a vector is linked to in one layer.
type layer []int32

// Found is a vector that a search found.
type Found struct {
	Key      string
	Distance float32
}

// NewGraph makes an empty graph for vectors of dim numbers. It fails on a distance that does not order vectors as the squared
// Euclidean distance does, in some place: [Exact] is for those.
func NewGraph(by distance.Distance, dim int, o GraphOptions) (*Graph, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if dim < 1 {
		return nil, fmt.Errorf("search graph: vectors of %d numbers, want 1 or more", dim)
	}
	origin, ok := by.Place(make([]float32, dim), false)
	if !ok {
		return nil, fmt.Errorf("search graph: distance %s has no approximate search: search exactly", by.Name)
	}
	return &Graph{
		by: by, dim: dim, width: roundUp(len(origin), kernel.RowNumbers), options: o, of: map[string]int32{}, entry: -1,
		walkers: sync.Pool{New: func() any { return &walker{} }},
	}, nil
}

// Len is the number of vectors.
func (g *Graph) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.of)
}

// SetBreadth changes how many candidates a search keeps.
func (g *Graph) SetBreadth(breadth int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.options
	o.Breadth = breadth
	if _, err := o.withDefaults(); err != nil || breadth < 1 {
		return fmt.Errorf("search graph: breadth %d, want 1 to %d", breadth, mostBreadth)
	}
	g.options = o
	return nil
}

// Breadth is how many candidates a search keeps.
func (g *Graph) Breadth() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.options.Breadth
}

func (g *Graph) row(slot int32) []float32 { return g.rows[int(slot)*g.width:][:g.width] }

func (g *Graph) vector(slot int32) []float32 { return g.vectors[int(slot)*g.dim:][:g.dim] }

// links are those of a slot in a layer, not to be kept while they change.
func (g *Graph) links(slot int32, level int) layer {
	if level > 0 {
		return g.upper[slot][level-1]
	}
	room := g.ground[int(slot)*(1+g.most(0)):]
	return layer(room[1 : 1+room[0]])
}

// setLinks replaces the links of a slot in a layer.
func (g *Graph) setLinks(slot int32, level int, links layer) {
	if level > 0 {
		g.upper[slot][level-1] = slices.Clone(links)
		return
	}
	room := g.ground[int(slot)*(1+g.most(0)):]
	room[0] = int32(copy(room[1:1+g.most(0)], links))
}

// top is the layer in which searches begin.
func (g *Graph) top() int { return int(g.levels[g.entry]) }

// most is how many links a vector may have in a layer.
func (g *Graph) most(level int) int {
	if level == 0 {
		return 2 * g.options.Links
	}
	return g.options.Links
}

// levelOf is the top layer of a key: geometric, by the hash of key and seed, so that it does not depend on what came before.
func (g *Graph) levelOf(key string) int {
	h := fnv.New64a()
	h.Write([]byte(key))
	u := 1 - rand.New(rand.NewPCG(g.options.Seed, h.Sum64())).Float64() // in (0, 1]
	return min(int(-math.Log(u)/math.Log(float64(g.options.Links))), mostLayers-1)
}

// place is where a vector stands as a row, or as a probe.
func (g *Graph) place(v []float32, probe bool) []float32 {
	at, _ := g.by.Place(v, probe)
	row := make([]float32, g.width)
	copy(row, at)
	return row
}

// Nearest finds for each probe k of the vectors nearest to it, all when there are fewer, nearest first and equally near ones by key.
// It may miss some, as [Graph.Recall] measures, but gives no vector that was removed, and distances are exact. It fails on a k
// below 1, on probes of another length or with numbers that are not finite, and when the context ends.
func (g *Graph) Nearest(ctx context.Context, k int, probes ...[]float32) ([][]Found, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.nearest(ctx, k, g.options.Breadth, probes)
}

func (g *Graph) nearest(ctx context.Context, k, breadth int, probes [][]float32) ([][]Found, error) {
	if k < 1 {
		return nil, fmt.Errorf("find the nearest: %d of them, want at least 1", k)
	}
	for i, v := range probes {
		if err := distance.CheckOne(g.dim, v); err != nil {
			return nil, fmt.Errorf("find the nearest: probe %d %w", i+1, err)
		}
	}
	found := make([][]Found, len(probes))
	parallel.Ranges(len(probes), func(lo, hi int) {
		w := g.walker()
		defer g.walkers.Put(w)
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			found[i] = g.ranked(probes[i], k, g.near(w, probes[i], max(k, breadth), k))
		}
	})
	return found, ctx.Err()
}

// near is candidates for the k nearest to a probe.
func (g *Graph) near(w *walker, probe []float32, breadth, k int) []candidate {
	q := g.place(probe, true)
	if breadth < len(g.of) && length(q) <= longestPlaced {
		if found := g.walk(w, q, 0, breadth); len(found) >= k {
			return found
		}
	}
	return g.all()
}

// all is every vector, none nearer than the others.
func (g *Graph) all() []candidate {
	var list []candidate
	for slot, level := range g.levels {
		if level >= 0 {
			list = append(list, candidate{0, int32(slot)})
		}
	}
	return list
}

// ranked compares candidates by the distance itself and keeps the k nearest. Those that cannot be among them are left out before.
func (g *Graph) ranked(probe []float32, k int, list []candidate) []Found {
	limit := float32(math.Inf(1))
	if len(list) > k {
		p := points{width: g.width, longest: g.longest}
		limit = above(p.aroundSquare(g.longest + length(probe) + 1)(float64(list[k-1].value)))
	}
	found := make([]Found, 0, k)
	for _, c := range list {
		if d := g.by.Of(probe, g.vector(c.row)); c.value <= limit && d == d {
			found = append(found, Found{g.keys[c.row], d})
		}
	}
	slices.SortFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Key, b.Key))
	})
	return found[:min(k, len(found))]
}

// Exact is what [Graph.Nearest] would find if it missed nothing.
func (g *Graph) Exact(ctx context.Context, k int, probes ...[]float32) ([][]Found, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	x, err := NewExact(g.by, g.dim, g.vectors)
	if err != nil {
		return nil, err
	}
	lists, err := x.Nearest(ctx, k+len(g.free), probes...) // slots that are free are zeros
	if err != nil {
		return nil, err
	}
	found := make([][]Found, len(lists))
	for i, list := range lists {
		for _, n := range list {
			if g.levels[n.Row] >= 0 {
				found[i] = append(found[i], Found{g.keys[n.Row], n.Distance})
			}
		}
		slices.SortStableFunc(found[i], func(a, b Found) int {
			return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Key, b.Key))
		})
		found[i] = found[i][:min(k, len(found[i]))]
	}
	return found, nil
}

// Recall counts how many of the k nearest to each probe [Graph.Nearest] finds, of how many there are: a vector as near as the k-th counts
// as found.
func (g *Graph) Recall(ctx context.Context, k int, probes ...[]float32) (hits, of int, err error) {
	exact, err := g.Exact(ctx, k, probes...)
	if err != nil {
		return 0, 0, err
	}
	found, err := g.Nearest(ctx, k, probes...)
	hits, of = counted(exact, found)
	return hits, of, err
}

// counted is how many of the wanted were found, of how many.
func counted(exact, found [][]Found) (hits, of int) {
	for i, want := range exact {
		for _, f := range found[i] {
			if len(want) > 0 && f.Distance <= want[len(want)-1].Distance {
				hits++
			}
		}
		of += len(want)
	}
	return hits, of
}

// Widen makes searches as broad as it takes: it doubles the breadth, from the given one up to most, until what they find of the k nearest
// to the probes is enough. Searches meanwhile are as broad as before.
func (g *Graph) Widen(ctx context.Context, k, breadth, most int, enough func(hits, of int) bool, probes ...[]float32) error {
	exact, err := g.Exact(ctx, k, probes...)
	if err != nil {
		return err
	}
	for ; ; breadth *= 2 {
		g.mu.RLock()
		found, err := g.nearest(ctx, k, breadth, probes)
		all := breadth >= len(g.of)
		g.mu.RUnlock()
		if err != nil {
			return err
		}
		if all || 2*breadth > most || enough(counted(exact, found)) {
			return g.SetBreadth(breadth)
		}
	}
}
