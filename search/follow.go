package search

import (
	"fmt"
	"slices"
)

// Follow makes the graph hold these vectors, [len(keys), dim], and no others: it removes those that are no more, adds new ones and
// replaces those whose numbers differ. It says how many these were, and fails like [Graph.Add], and changes nothing then.
func (g *Graph) Follow(keys []string, vectors []float32) (changed int, err error) {
	g.mu.Lock()
	if err = g.check(keys, vectors); err != nil {
		g.mu.Unlock()
		return 0, fmt.Errorf("search graph: %w", err)
	}
	now := make(map[string]bool, len(keys))
	var more []string
	var numbers []float32
	for i, key := range keys {
		now[key] = true
		v := vectors[i*g.dim:][:g.dim]
		if slot, there := g.of[key]; !there || !slices.Equal(g.vector(slot), v) {
			more, numbers = append(more, key), append(numbers, v...)
		}
	}
	var gone []string
	for key := range g.of {
		if !now[key] {
			gone = append(gone, key)
		}
	}
	g.mu.Unlock()
	if len(gone) > 0 {
		g.Remove(gone...)
	}
	if len(more) > 0 {
		err = g.Add(more, numbers)
	}
	return len(gone) + len(more), err
}
