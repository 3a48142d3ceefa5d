package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Pair is two rows and whether their labels agree.
type Pair struct {
	A, B int
	Same bool
}

// Same returns whether each pair's labels agree.
func Same(pairs []Pair) []bool {
	same := make([]bool, len(pairs))
	for i, p := range pairs {
		same[i] = p.Same
	}
	return same
}

// BalancedPairs draws n pairs as Koch does: half same and half different, the same number from every group, both rows of a
// pair from one group and by two people. (Different pairs of a group that only one person drew are by that person; rows
// whose drawer is unknown count as by different people.) Pairs may repeat. A group that has fewer than two classes, or no
// class with two images by different people, is left out; when all are, it fails.
func (items Items) BalancedPairs(n int, seed uint64) ([]Pair, error) {
	usable, err := items.pairGroups()
	if err != nil {
		return nil, err
	}
	pairs := make([]Pair, n)
	for i := range pairs {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		g := usable[i/2%len(usable)]
		if i%2 == 0 {
			rows := items.byDifferentDrawers(g.twice[rng.IntN(len(g.twice))], 2, rng)
			pairs[i] = Pair{rows[0], rows[1], true}
		} else {
			pairs[i] = items.differentPair(g, rng)
		}
	}
	return pairs, nil
}

// pairGroups are the groups that can give pairs. It fails when there are none.
func (items Items) pairGroups() ([]pairGroup, error) {
	groups, err := items.groups(false)
	if err != nil {
		return nil, err
	}
	var usable []pairGroup
	for _, g := range groups {
		twice := slices.DeleteFunc(slices.Clone(g.classes), func(c class) bool { return !items.canGive(c, 2) })
		if len(g.classes) > 1 && len(twice) > 0 {
			usable = append(usable, pairGroup{g.classes, twice})
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("drawing pairs: none of %d groups has two classes, one of them with two images by different people", len(groups))
	}
	return usable, nil
}

// pairGroup is a group's classes and those of them that can give a same pair.
type pairGroup struct{ classes, twice []class }

func (items Items) differentPair(g pairGroup, rng *rand.Rand) Pair {
	var p Pair
	for range drawTries {
		i, j := rng.IntN(len(g.classes)), rng.IntN(len(g.classes)-1)
		if j >= i {
			j++
		}
		a, b := g.classes[i].rows, g.classes[j].rows
		p = Pair{A: a[rng.IntN(len(a))], B: b[rng.IntN(len(b))]}
		if !items.drawnByOneOf([]int{p.A}, p.B) {
			break
		}
	}
	return p
}
