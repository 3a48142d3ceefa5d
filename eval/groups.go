package eval

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// group is one alphabet with its classes, ready to draw from. Everything is in order of label and row, so that a seed draws
// the same rows on every machine.
type group struct {
	classes []class
	drawers []int // who drew here, ascending; empty unless every row's drawer is known
}

type class struct {
	label int
	rows  []int
}

// groups arranges the items by group; together puts all into one group.
func (items Items) groups(together bool) ([]group, error) {
	if err := items.check(); err != nil {
		return nil, err
	}
	order := make([]int, len(items.Labels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if together {
			return cmp.Compare(items.Labels[a], items.Labels[b])
		}
		return cmp.Or(cmp.Compare(items.groupOf(a), items.groupOf(b)), cmp.Compare(items.Labels[a], items.Labels[b]))
	})
	var all []group
	for i, row := range order {
		if i == 0 || !together && items.groupOf(row) != items.groupOf(order[i-1]) {
			all = append(all, group{})
		}
		all[len(all)-1].add(items.Labels[row], row)
	}
	if items.drawersKnown() {
		for g := range all {
			all[g].drawers = items.drawersOf(all[g])
		}
	}
	return all, nil
}

func (items Items) check() error {
	n := len(items.Labels)
	if n == 0 {
		return fmt.Errorf("drawing from items: there are none")
	}
	if items.Groups != nil && len(items.Groups) != n || items.Drawers != nil && len(items.Drawers) != n {
		return fmt.Errorf("drawing from items: %d labels, %d groups and %d drawers: want as many of each, or none",
			n, len(items.Groups), len(items.Drawers))
	}
	return nil
}

func (items Items) groupOf(row int) int {
	if items.Groups == nil {
		return 0
	}
	return items.Groups[row]
}

// drawer returns who made the row, 0 when unknown.
func (items Items) drawer(row int) int {
	if items.Drawers == nil {
		return 0
	}
	return items.Drawers[row]
}

// drawersKnown says whether the drawer of every row is known.
func (items Items) drawersKnown() bool {
	return items.Drawers != nil && !slices.Contains(items.Drawers, 0)
}

// drawersOf returns who drew in g, ascending.
func (items Items) drawersOf(g group) []int {
	var drawers []int
	for _, c := range g.classes {
		for _, row := range c.rows {
			drawers = append(drawers, items.Drawers[row])
		}
	}
	slices.Sort(drawers)
	return slices.Compact(drawers)
}

func (g *group) add(label, row int) {
	if n := len(g.classes); n == 0 || g.classes[n-1].label != label {
		g.classes = append(g.classes, class{label: label})
	}
	last := &g.classes[len(g.classes)-1]
	last.rows = append(last.rows, row)
}

// byDifferentDrawers draws k rows of c in random order, no two by the same known drawer; nil when there are not so many.
func (items Items) byDifferentDrawers(c class, k int, rng *rand.Rand) []int {
	rows := slices.Clone(c.rows)
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var chosen []int
	for _, row := range rows {
		if !items.drawnByOneOf(chosen, row) {
			if chosen = append(chosen, row); len(chosen) == k {
				return chosen
			}
		}
	}
	return nil
}

// drawnByOneOf says whether a known drawer made both row and one of the others.
func (items Items) drawnByOneOf(others []int, row int) bool {
	return items.drawer(row) != 0 &&
		slices.ContainsFunc(others, func(o int) bool { return items.drawer(o) == items.drawer(row) })
}

// canGive says whether c has k rows, no two by the same known drawer.
func (items Items) canGive(c class, k int) bool {
	var unknown int
	var drawers []int
	for _, row := range c.rows {
		if d := items.drawer(row); d == 0 {
			unknown++
		} else if !slices.Contains(drawers, d) {
			drawers = append(drawers, d)
		}
	}
	return unknown+len(drawers) >= k
}
