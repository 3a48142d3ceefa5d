package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// TrialOptions says which random trials to draw. Each trial draws its own ways, support and query, so trials are independent.
type TrialOptions struct {
	Ways   int // classes to choose between, 2 or more
	Shots  int // support items per way, 1 or more
	Trials int
	Seed   uint64
}

// WithinGroup draws trials whose ways all come from one group, as in Lake's runs: the harder task, and the one to compare
// with Koch's 92 %. Each trial takes a random group that has enough classes. Where all drawers are known, one person drew
// the first shot of every way, another the second, and so on, and yet another drew the query, as in Koch and Lake; else the
// rows are any different ones of their class. It fails when no group has enough classes, and says how many there are.
func (items Items) WithinGroup(o TrialOptions) ([]Trial, error) {
	groups, err := items.groups(false)
	if err != nil {
		return nil, err
	}
	return items.draw(o, groups)
}

// Unstructured draws trials whose ways come from all classes regardless of their group: the easier task that most papers
// after 2016 report. Support and query of a class are by different people where that is known. It fails when there are too
// few classes, and says how many there are.
func (items Items) Unstructured(o TrialOptions) ([]Trial, error) {
	groups, err := items.groups(true)
	if err != nil {
		return nil, err
	}
	groups[0].drawers = nil // drawer 1 of one alphabet is not drawer 1 of another
	return items.draw(o, groups)
}

func (items Items) draw(o TrialOptions, groups []group) ([]Trial, error) {
	if o.Ways < 2 || o.Shots < 1 || o.Trials < 1 {
		return nil, fmt.Errorf("drawing %d trials of %d-way %d-shot: want at least 1 trial, 2 ways and 1 shot", o.Trials, o.Ways, o.Shots)
	}
	usable, err := items.usable(o, groups)
	if err != nil {
		return nil, err
	}
	trials := make([]Trial, o.Trials)
	for t := range trials {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(t)))
		if trials[t], err = items.drawOne(o, usable, rng); err != nil {
			return nil, err
		}
	}
	return trials, nil
}

// usable keeps the classes with enough rows and the groups with enough such classes.
func (items Items) usable(o TrialOptions, groups []group) ([]group, error) {
	var usable []group
	most := 0
	for _, g := range groups {
		g.classes = slices.DeleteFunc(g.classes, func(c class) bool { return !items.canGive(c, o.Shots+1) })
		most = max(most, len(g.classes))
		if len(g.classes) >= o.Ways {
			usable = append(usable, g)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("drawing %d-way %d-shot episodes: the largest of %d groups has %d classes with %d images by different people; ask for at most %d ways",
			o.Ways, o.Shots, len(groups), most, o.Shots+1, most)
	}
	return usable, nil
}

// drawTries bounds the search for people who all drew enough classes of a group.
const drawTries = 1000

func (items Items) drawOne(o TrialOptions, groups []group, rng *rand.Rand) (Trial, error) {
	for range drawTries {
		g := groups[rng.IntN(len(groups))]
		var ways [][]int // per way: the shots, then a row for the query
		if len(g.drawers) > o.Shots {
			ways = items.waysBySamePeople(o, g, rng)
		} else {
			ways = items.waysByAnybody(o, g, rng)
		}
		if len(ways) == o.Ways {
			return newTrial(ways, rng.IntN(o.Ways)), nil
		}
	}
	return Trial{}, fmt.Errorf("drawing %d-way %d-shot episodes: hardly any %d people drew the same %d classes; ask for fewer ways or shots",
		o.Ways, o.Shots, o.Shots+1, o.Ways)
}

// waysBySamePeople chooses shots+1 people and then ways among the classes that all of them drew; it returns fewer ways where
// there are not enough.
func (items Items) waysBySamePeople(o TrialOptions, g group, rng *rand.Rand) [][]int {
	people := rng.Perm(len(g.drawers))[:o.Shots+1]
	var ways [][]int
	for _, c := range rng.Perm(len(g.classes)) {
		way := make([]int, 0, o.Shots+1)
		for _, p := range people {
			if row := items.drawnBy(g.drawers[p], g.classes[c], rng); row >= 0 {
				way = append(way, row)
			}
		}
		if len(way) == o.Shots+1 {
			if ways = append(ways, way); len(ways) == o.Ways {
				break
			}
		}
	}
	return ways
}

// drawnBy returns a random row of c that the drawer made, -1 when there is none.
func (items Items) drawnBy(drawer int, c class, rng *rand.Rand) int {
	chosen, seen := -1, 0
	for _, row := range c.rows {
		if items.drawer(row) == drawer {
			if seen++; rng.IntN(seen) == 0 {
				chosen = row
			}
		}
	}
	return chosen
}

func (items Items) waysByAnybody(o TrialOptions, g group, rng *rand.Rand) [][]int {
	ways := make([][]int, o.Ways)
	for w, c := range rng.Perm(len(g.classes))[:o.Ways] {
		ways[w] = items.byDifferentDrawers(g.classes[c], o.Shots+1, rng)
	}
	return ways
}

// newTrial makes the last row of the true way the query.
func newTrial(ways [][]int, truth int) Trial {
	shots := len(ways[0]) - 1
	trial := Trial{Query: ways[truth][shots], Support: ways, True: truth}
	for w := range ways {
		trial.Support[w] = ways[w][:shots]
	}
	return trial
}
