package search

import "slices"

// Unreachable lists the keys of vectors that no search can find, because no links lead to them. There are none after a change.
func (g *Graph) Unreachable() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var keys []string
	for slot, reached := range g.reached() {
		if !reached && g.levels[slot] >= 0 {
			keys = append(keys, g.keys[slot])
		}
	}
	slices.Sort(keys)
	return keys
}

// reached says which slots the ground layer's links lead to from the entry.
func (g *Graph) reached() []bool {
	reached := make([]bool, len(g.levels))
	if g.entry >= 0 {
		g.reach(reached, g.entry)
	}
	return reached
}

// reach marks a slot and all that its links lead to.
func (g *Graph) reach(reached []bool, slot int32) {
	reached[slot] = true
	todo := []int32{slot}
	for len(todo) > 0 {
		last := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, s := range g.links(last, 0) {
			if !reached[s] {
				reached[s] = true
				todo = append(todo, s)
			}
		}
	}
}

// mend leads links to all that cannot be reached. A link that takes the place of another may cut off what that led to, which is
// mended in the next round.
func (g *Graph) mend() {
	if g.entry < 0 {
		return
	}
	w := g.walker()
	defer g.walkers.Put(w)
	held := map[[2]int32]bool{} // links that were made here, and stay
	for made := -1; made < len(held); {
		made = len(held)
		reached := g.reached()
		for slot, level := range g.levels {
			if level >= 0 && !reached[slot] {
				g.lead(w, int32(slot), reached, held)
				g.reach(reached, int32(slot))
			}
		}
	}
}

// lead links the nearest slot that can be reached to one that cannot.
func (g *Graph) lead(w *walker, slot int32, reached []bool, held map[[2]int32]bool) {
	var near []int32
	for _, c := range g.walk(w, g.row(slot), 0, g.options.Build) {
		if reached[c.row] {
			near = append(near, c.row)
		}
	}
	near = append(near, g.entry)
	for _, from := range near {
		if links := g.links(from, 0); len(links) < g.most(0) {
			g.setLinks(from, 0, append(slices.Clone(links), slot))
			held[[2]int32{from, slot}] = true
			return
		}
	}
	for _, from := range near {
		list := g.candidates(w, from, slices.Clone(g.links(from, 0)))
		for i := len(list) - 1; i >= 0; i-- { // the farthest goes
			if last := list[i].row; !held[[2]int32{from, last}] {
				links := g.links(from, 0)
				links[slices.Index(links, last)] = slot
				held[[2]int32{from, slot}] = true
				return
			}
		}
	}
}
