package search

import (
	"fmt"
	"slices"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/parallel"
)

// addedTogether bounds the vectors that are added together: each looks for its links before the others have theirs.
const addedTogether = 256

// Add adds vectors, [len(keys), dim], and replaces those whose keys are there. All of it, or nothing: it fails on keys that are empty
// or given twice, and on numbers that are not finite or far too large.
func (g *Graph) Add(keys []string, vectors []float32) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.check(keys, vectors); err != nil {
		return fmt.Errorf("search graph: %w", err)
	}
	var replaced []int32
	for _, key := range keys {
		if slot, there := g.of[key]; there {
			replaced = append(replaced, slot)
		}
	}
	g.remove(replaced)
	for lo := 0; lo < len(keys); {
		hi := min(lo+min(1+len(g.of)/16, addedTogether), len(keys))
		slots := make([]int32, hi-lo)
		for i := range slots {
			slots[i] = g.slotFor(keys[lo+i], vectors[(lo+i)*g.dim:][:g.dim])
		}
		g.join(slots)
		lo = hi
	}
	g.mend()
	return nil
}

func (g *Graph) check(keys []string, vectors []float32) error {
	if len(vectors) != len(keys)*g.dim {
		return fmt.Errorf("%d numbers for %d vectors of %d", len(vectors), len(keys), g.dim)
	}
	seen := map[string]bool{}
	for i, key := range keys {
		v := vectors[i*g.dim:][:g.dim]
		if key == "" || seen[key] {
			return fmt.Errorf("key %q of vector %d is empty or given twice", key, i+1)
		}
		seen[key] = true
		if err := distance.CheckOne(g.dim, v); err != nil {
			return fmt.Errorf("vector %q %w", key, err)
		}
		if length(g.place(v, false)) > longestPlaced {
			return fmt.Errorf("vector %q is longer than %v", key, float64(longestPlaced))
		}
	}
	return nil
}

// slotFor gives a vector a place, in which it has no links yet.
func (g *Graph) slotFor(key string, v []float32) int32 {
	var slot int32
	if n := len(g.free); n > 0 {
		slot, g.free = g.free[n-1], g.free[:n-1]
	} else {
		slot = int32(len(g.keys))
		g.keys, g.levels, g.upper = append(g.keys, ""), append(g.levels, -1), append(g.upper, nil)
		g.ground = append(g.ground, make([]int32, 1+g.most(0))...)
		g.vectors, g.rows = append(g.vectors, v...), append(g.rows, make([]float32, g.width)...)
	}
	g.keys[slot], g.of[key] = key, slot
	level := g.levelOf(key)
	g.levels[slot], g.upper[slot] = int8(level), make([]layer, level)
	copy(g.vector(slot), v)
	copy(g.row(slot), g.place(v, false))
	g.longest = max(g.longest, length(g.row(slot)))
	return slot
}

// join links new slots with the rest and with each other. It looks for links on all cores, and makes them afterwards.
func (g *Graph) join(slots []int32) {
	chosen := make([][]layer, len(slots))
	parallel.Ranges(len(slots), func(lo, hi int) {
		w := g.walker()
		defer g.walkers.Put(w)
		for i := lo; i < hi; i++ {
			chosen[i] = g.linksFor(w, slots[i], slots)
		}
	})
	type place struct {
		slot  int32
		level int
	}
	back := map[place][]int32{}
	var places []place
	for i, slot := range slots {
		for level, links := range chosen[i] {
			g.setLinks(slot, level, links)
			for _, to := range links {
				p := place{to, level}
				if back[p] == nil {
					places = append(places, p)
				}
				back[p] = append(back[p], slot)
			}
		}
		if g.entry < 0 || int(g.levels[slot]) > g.top() {
			g.entry = slot
		}
	}
	parallel.Ranges(len(places), func(lo, hi int) {
		w := g.walker()
		defer g.walkers.Put(w)
		for _, p := range places[lo:hi] {
			g.link(w, p.slot, p.level, back[p])
		}
	})
}

// linksFor chooses the links of a slot in each of its layers, among those in the graph and the new ones.
func (g *Graph) linksFor(w *walker, slot int32, all []int32) []layer {
	links := make([]layer, g.levels[slot]+1)
	for level := range links {
		var peers []int32
		for _, other := range all {
			if int(g.levels[other]) >= level {
				peers = append(peers, other)
			}
		}
		if g.entry >= 0 && level <= g.top() {
			for _, c := range g.walk(w, g.row(slot), level, g.options.Build) {
				peers = append(peers, c.row)
			}
		}
		list := g.candidates(w, slot, peers)
		links[level] = g.choose(w, list[:min(len(list), g.options.Build)], g.options.Links)
	}
	return links
}

// link adds links to those of a slot; where they are too many it chooses.
func (g *Graph) link(w *walker, slot int32, level int, more []int32) {
	links := append(slices.Clone(g.links(slot, level)), more...)
	slices.Sort(links)
	links = slices.DeleteFunc(slices.Compact(links), func(s int32) bool { return s == slot })
	if most := g.most(level); len(links) > most {
		links = g.choose(w, g.candidates(w, slot, links), most)
	}
	g.setLinks(slot, level, links)
}

// Remove removes vectors, and says how many of the keys were there. Nothing finds them any more, and their numbers are gone.
func (g *Graph) Remove(keys ...string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var slots []int32
	for _, key := range keys {
		if slot, there := g.of[key]; there {
			slots = append(slots, slot)
		}
	}
	slices.Sort(slots)
	slots = slices.Compact(slots)
	g.remove(slots)
	g.mend()
	return len(slots)
}

func (g *Graph) remove(slots []int32) {
	if len(slots) == 0 {
		return
	}
	gone := make([]bool, len(g.levels))
	for _, slot := range slots {
		gone[slot] = true
	}
	relinked := make([][]layer, len(g.levels))
	parallel.Ranges(len(g.levels), func(lo, hi int) {
		w := g.walker()
		defer g.walkers.Put(w)
		for slot := lo; slot < hi; slot++ {
			if g.levels[slot] >= 0 && !gone[slot] {
				relinked[slot] = g.without(w, int32(slot), gone)
			}
		}
	})
	for slot, layers := range relinked {
		for level, links := range layers {
			if links != nil {
				g.setLinks(int32(slot), level, links)
			}
		}
	}
	for _, slot := range slots {
		delete(g.of, g.keys[slot])
		g.keys[slot], g.levels[slot], g.upper[slot] = "", -1, nil
		g.setLinks(slot, 0, nil)
		clear(g.vector(slot))
		clear(g.row(slot))
		g.free = append(g.free, slot)
	}
	if gone[g.entry] {
		g.entry = -1
		for slot, level := range g.levels {
			if level >= 0 && (g.entry < 0 || int(level) > g.top()) {
				g.entry = int32(slot)
			}
		}
	}
}

// without is a slot's layers in which links were lost, with links to the neighbours of those; nil for other layers.
func (g *Graph) without(w *walker, slot int32, gone []bool) []layer {
	var layers []layer
	for level := range int(g.levels[slot]) + 1 {
		links := g.links(slot, level)
		if !slices.ContainsFunc(links, func(s int32) bool { return gone[s] }) {
			continue
		}
		var near []int32
		passed := map[int32]bool{}
		todo := slices.Clone(links)
		for len(todo) > 0 && len(passed) < mostLinks {
			next := todo[0]
			todo = todo[1:]
			if !gone[next] {
				near = append(near, next)
			} else if !passed[next] {
				passed[next] = true
				todo = append(todo, g.links(next, level)...)
			}
		}
		if layers == nil {
			layers = make([]layer, g.levels[slot]+1)
		}
		layers[level] = g.choose(w, g.candidates(w, slot, near), g.most(level))
	}
	return layers
}
