package search

import (
	"cmp"
	"slices"

	"github.com/siam-go/siam/internal/kernel"
)

// walker is what one search through a graph needs.
type walker struct {
	seen     []uint32 // the walk in which each slot was seen last
	walk     uint32
	frontier heap // what is to be looked at, the nearest first
	best     heap // the nearest so far, negative: the farthest first
	at       []int32
	values   []float32
}

func (g *Graph) walker() *walker { return g.walkers.Get().(*walker) }

// heap has the candidate of the smallest value first.
type heap []candidate

func (h *heap) push(c candidate) {
	*h = append(*h, c)
	a := *h
	i := len(a) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.before(a[up]) {
			break
		}
		a[i] = a[up]
		i = up
	}
	a[i] = c
}

func (h *heap) pop() candidate {
	a := *h
	first, last := a[0], a[len(a)-1]
	a = a[:len(a)-1]
	*h = a
	if len(a) > 0 {
		a.sink(last)
	}
	return first
}

// sink puts c in the place of the first.
func (h heap) sink(c candidate) {
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(c) {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = c
}

func (c candidate) before(d candidate) bool {
	return c.value < d.value || c.value == d.value && c.row < d.row
}

// begin forgets what was seen.
func (w *walker) begin(slots int) {
	if len(w.seen) < slots {
		w.seen, w.walk = make([]uint32, slots+slots/4), 0
	}
	if w.walk++; w.walk == 0 {
		clear(w.seen)
		w.walk = 1
	}
	w.frontier, w.best = w.frontier[:0], w.best[:0]
}

// compare computes the squared distances of q from the slots in w.at, into w.values.
func (g *Graph) compare(w *walker, q []float32) {
	n := len(w.at)
	for len(w.at)%kernel.RowsTogether != 0 {
		w.at = append(w.at, w.at[n-1])
	}
	w.values = slices.Grow(w.values[:0], len(w.at))[:len(w.at)]
	kernel.SquaredAt(w.values, q, g.rows, w.at)
	w.at, w.values = w.at[:n], w.values[:n]
}

// walk goes from the entry down to a layer, and gives up to breadth candidates there, the nearest first.
func (g *Graph) walk(w *walker, q []float32, level, breadth int) []candidate {
	w.at = append(w.at[:0], g.entry)
	g.compare(w, q)
	from := []candidate{{w.values[0], g.entry}}
	for l := g.top(); l > level; l-- {
		from = g.around(w, q, from, l, 1)
	}
	return g.around(w, q, from, level, breadth)
}

// around searches one layer from some candidates on (algorithm 2 of the paper).
func (g *Graph) around(w *walker, q []float32, from []candidate, level, breadth int) []candidate {
	w.begin(len(g.levels))
	for _, c := range from {
		w.seen[c.row] = w.walk
		w.consider(c, breadth)
	}
	for len(w.frontier) > 0 {
		c := w.frontier.pop()
		if len(w.best) >= breadth && c.value > -w.best[0].value {
			break
		}
		w.at = w.at[:0]
		for _, slot := range g.links(c.row, level) {
			if w.seen[slot] != w.walk {
				w.seen[slot] = w.walk
				w.at = append(w.at, slot)
			}
		}
		if len(w.at) == 0 {
			continue
		}
		g.compare(w, q)
		for i, value := range w.values {
			w.consider(candidate{value, w.at[i]}, breadth)
		}
	}
	found := make([]candidate, len(w.best))
	for i, c := range w.best {
		found[i] = candidate{-c.value, c.row}
	}
	sortCandidates(found)
	return found
}

// consider takes a candidate if it is among the breadth nearest so far.
func (w *walker) consider(c candidate, breadth int) {
	away := candidate{-c.value, c.row}
	switch {
	case len(w.best) < breadth:
		w.best.push(away)
	case c.value < -w.best[0].value:
		w.best.sink(away)
	default:
		return
	}
	w.frontier.push(c)
}

func sortCandidates(list []candidate) {
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.row, b.row))
	})
}

// choose is at most n of the candidates, the nearest first, each nearer to the base than to those chosen before (algorithm 4).
func (g *Graph) choose(w *walker, list []candidate, n int) layer {
	chosen := make(layer, 0, n)
	for _, c := range list {
		if len(chosen) == n {
			break
		}
		if len(chosen) > 0 {
			w.at = append(w.at[:0], chosen...)
			g.compare(w, g.row(c.row))
			if slices.Min(w.values) < c.value {
				continue
			}
		}
		chosen = append(chosen, c.row)
	}
	return chosen
}

// candidates are some slots by their distance from a slot; slots may repeat, or be the slot itself, which are left out.
func (g *Graph) candidates(w *walker, of int32, slots []int32) []candidate {
	slots = slices.DeleteFunc(slots, func(s int32) bool { return s == of })
	slices.Sort(slots)
	slots = slices.Compact(slots)
	if len(slots) == 0 {
		return nil
	}
	w.at = append(w.at[:0], slots...)
	g.compare(w, g.row(of))
	list := make([]candidate, len(slots))
	for i, s := range slots {
		list[i] = candidate{w.values[i], s}
	}
	sortCandidates(list)
	return list
}
