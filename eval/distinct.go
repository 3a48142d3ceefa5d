package eval

// Distinct are pairs of items of which none comes twice.
type Distinct struct {
	Pairs []Pair
	// Weights say how much each counts: the same pairs half of the whole and the different ones half, every group the same, every class
	// of a group the same, and every two classes.
	Weights []float64
	All     bool // they are all that there are
}

// DistinctPairs are all same pairs when they are not more than n/2, and all different ones when they are not more than n/2; of a kind of
// which there are more, n/2 are drawn as [Items.BalancedPairs] draws, and one that is drawn twice is one pair that counts twice. What
// is a pair is said there, and so is when it fails.
func (items Items) DistinctPairs(n int, seed uint64) (Distinct, error) {
	groups, err := items.pairGroups()
	if err != nil {
		return Distinct{}, err
	}
	d := Distinct{All: true}
	var drawn []Pair
	for _, same := range []bool{true, false} {
		if pairs, weights, all := items.every(groups, same, n/2); all {
			d.Pairs, d.Weights = append(d.Pairs, pairs...), append(d.Weights, weights...)
			continue
		}
		if d.All = false; drawn == nil {
			if drawn, err = items.BalancedPairs(n, seed); err != nil {
				return Distinct{}, err
			}
		}
		d.addOnce(drawn, same)
	}
	return d, nil
}

// addOnce adds the drawn pairs that are the same, or that are not, each once.
func (d *Distinct) addOnce(drawn []Pair, same bool) {
	place, total := map[[2]int]int{}, 0
	first := len(d.Pairs)
	for _, p := range drawn {
		if p.Same != same {
			continue
		}
		total++
		key := [2]int{min(p.A, p.B), max(p.A, p.B)}
		at, known := place[key]
		if !known {
			at = len(d.Pairs)
			place[key], d.Pairs, d.Weights = at, append(d.Pairs, p), append(d.Weights, 0)
		}
		d.Weights[at]++
	}
	for i := first; i < len(d.Weights); i++ {
		d.Weights[i] /= 2 * float64(total)
	}
}

// every lists all pairs of a kind with their weights; all is false when there are more than most.
func (items Items) every(groups []pairGroup, same bool, most int) (pairs []Pair, weights []float64, all bool) {
	for _, g := range groups {
		if k := len(g.classes); !same && k*(k-1)/2 > most {
			return nil, nil, false
		}
		parts := g.differentParts()
		if same {
			parts = g.sameParts()
		}
		share := 0.5 / float64(len(groups)*len(parts))
		for _, part := range parts {
			before := len(pairs)
			if pairs = items.pairsOf(pairs, part, most); len(pairs) > most {
				return nil, nil, false
			}
			for range len(pairs) - before {
				weights = append(weights, share/float64(len(pairs)-before))
			}
		}
	}
	return pairs, weights, true
}

// sameParts and differentParts are what pairs are drawn from, each part as often as another: a class, or two.
func (g pairGroup) sameParts() [][2]class {
	var parts [][2]class
	for _, c := range g.twice {
		parts = append(parts, [2]class{c, c})
	}
	return parts
}

func (g pairGroup) differentParts() [][2]class {
	var parts [][2]class
	for i, a := range g.classes {
		for _, b := range g.classes[:i] {
			parts = append(parts, [2]class{b, a})
		}
	}
	return parts
}

// pairsOf adds the pairs of a part that are by two people; all pairs of a part that has none such. It stops soon after most.
func (items Items) pairsOf(pairs []Pair, part [2]class, most int) []Pair {
	before := len(pairs)
	for _, byTwo := range []bool{true, false} {
		same := part[0].label == part[1].label
		for i, a := range part[0].rows {
			others := part[1].rows
			if same {
				others = others[i+1:]
			}
			for _, b := range others {
				if !byTwo || !items.drawnByOneOf([]int{a}, b) {
					pairs = append(pairs, Pair{a, b, same})
				}
			}
			if len(pairs) > most {
				return pairs
			}
		}
		if len(pairs) > before {
			break
		}
	}
	return pairs
}

// Scored are the pairs with their distances, tied by the items' labels; the intervals are by groups where there are several, by labels
// elsewhere. Unit names these, as in [Scored].
func (items Items) Scored(d Distinct, distances []float32) Scored {
	s := Scored{Distances: distances, Same: Same(d.Pairs), Weights: d.Weights, Images: len(items.Labels), All: d.All}
	numbered := items.numbered()
	s.Units, s.Unit = numbered.units, numbered.unit
	for _, p := range d.Pairs {
		s.Classes = append(s.Classes, [2]int{numbered.of[items.Labels[p.A]], numbered.of[items.Labels[p.B]]})
	}
	return s
}

// numbering is of classes from 0, and of their independent units.
type numbering struct {
	of    map[int]int // a label's class
	units []int       // of each class; nil when classes are units
	unit  string
}

// numbered says what is independent in a collection. Characters of one alphabet look alike and are drawn by the same people, and some
// alphabets are harder than others, so that alphabets are the units where there are several; people, animals and things are units themselves.
func (items Items) numbered() numbering {
	n := numbering{of: map[int]int{}, unit: "identities"}
	groups := map[int]int{}
	var units []int
	for row, label := range items.Labels {
		if _, known := n.of[label]; known {
			continue
		}
		group := items.groupOf(row)
		if _, known := groups[group]; !known {
			groups[group] = len(groups)
		}
		n.of[label] = len(n.of)
		units = append(units, groups[group])
	}
	if len(groups) > 1 {
		n.units, n.unit = units, "alphabets"
	}
	return n
}
