package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/stats"
)

// Scored are pairs with the distances that a model gives them, and with what ties pairs to each other.
type Scored struct {
	Distances []float32
	Same      []bool
	Weights   []float64 // how much each counts, half of the whole for the same pairs; nil counts all alike
	// Classes are what the two images of each pair show, such as two people, numbered from 0. Nil takes pairs as independent.
	Classes [][2]int
	Units   []int  // the unit of each class that is independent of others, such as the alphabet of a character; nil when classes are
	Unit    string // what units are, such as "identities"
	Images  int    // of which the pairs are
	All     bool   // the pairs are all that there are, not a draw of them
}

// Evidence says what figures were measured on. Their intervals are by independent units: what one unit gives stays together, so that many
// pairs of few people do not pass for many people.
type Evidence struct {
	Identities     int    `json:"identities"`
	Images         int    `json:"images"`
	SamePairs      int    `json:"same_pairs"` // distinct ones, as the different ones
	DifferentPairs int    `json:"different_pairs"`
	AllPairs       bool   `json:"all_pairs"` // they are all that there are, not a draw
	Unit           string `json:"unit"`      // what the intervals are by: identities, alphabets or pairs
	Units          int    `json:"units"`     // how many there are
}

func (e Evidence) String() string {
	of := fmt.Sprintf("%d same and %d different pairs", e.SamePairs, e.DifferentPairs)
	if e.AllPairs {
		of = fmt.Sprintf("all %d same and %d different pairs", e.SamePairs, e.DifferentPairs)
	}
	text := fmt.Sprintf("%s of %d images of %d identities", of, e.Images, e.Identities)
	if e.Unit != "identities" {
		text += fmt.Sprintf("; intervals by %d %s", e.Units, e.Unit)
	}
	return text
}

// ROC measures the pairs' error rates. It fails like [NewROC].
func (s Scored) ROC() (*ROC, error) {
	pairs, err := s.sorted()
	if err != nil {
		return nil, err
	}
	return s.rocOf(pairs), nil
}

func (s Scored) rocOf(pairs scoredPairs) *ROC {
	roc := pairs.roc(nil)
	if s.Classes != nil {
		people := map[[2]int]bool{}
		for i, c := range s.Classes {
			if !s.Same[i] {
				people[[2]int{min(c[0], c[1]), max(c[0], c[1])}] = true
			}
		}
		roc.People = len(people)
	}
	return roc
}

// sorted checks the pairs and orders them by distance.
func (s Scored) sorted() (scoredPairs, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	pairs, sames := make(scoredPairs, len(s.Distances)), 0
	for i, d := range s.Distances {
		if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
			return nil, fmt.Errorf("measuring error rates: the distance of pair %d is %v; the model is broken or not trained", i+1, d)
		}
		pairs[i] = scoredPair{distance: d, same: s.Same[i], weight: s.weight(i), units: s.unitsOf(i)}
		if s.Same[i] {
			sames++
		}
	}
	if sames == 0 || sames == len(pairs) {
		return nil, fmt.Errorf("measuring error rates: %d same and %d different pairs, want some of both", sames, len(pairs)-sames)
	}
	slices.SortFunc(pairs, func(a, b scoredPair) int { return cmp.Compare(a.distance, b.distance) })
	return pairs, nil
}

func (s Scored) check() error {
	n := len(s.Distances)
	switch {
	case len(s.Same) != n:
		return fmt.Errorf("measuring error rates: %d distances of %d pairs", n, len(s.Same))
	case s.Weights != nil && len(s.Weights) != n || s.Classes != nil && len(s.Classes) != n:
		return fmt.Errorf("measuring error rates: %d pairs with %d weights and %d classes, want as many of each, or none", n, len(s.Weights), len(s.Classes))
	}
	for i, w := range s.Weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return fmt.Errorf("measuring error rates: the weight of pair %d is %v, want one above 0", i+1, w)
		}
	}
	return nil
}

func (s Scored) weight(i int) float64 {
	if s.Weights == nil {
		return 1
	}
	return s.Weights[i]
}

// classesOf pair i; a pair of unknown people is its own class.
func (s Scored) classesOf(i int) [2]int {
	if s.Classes == nil {
		return [2]int{i, i}
	}
	return s.Classes[i]
}

func (s Scored) unitsOf(i int) [2]int {
	c := s.classesOf(i)
	if s.Units == nil {
		return c
	}
	return [2]int{s.Units[c[0]], s.Units[c[1]]}
}

// evidence counts what the pairs are of.
func (s Scored) evidence() Evidence {
	e := Evidence{Images: s.Images, AllPairs: s.All, Unit: s.Unit}
	classes, units := map[int]bool{}, map[int]bool{}
	for i, same := range s.Same {
		if same {
			e.SamePairs++
		} else {
			e.DifferentPairs++
		}
		c, u := s.classesOf(i), s.unitsOf(i)
		classes[c[0]], classes[c[1]], units[u[0]], units[u[1]] = true, true, true, true
	}
	e.Units = len(units)
	if s.Classes == nil {
		e.Unit = "pairs"
	} else {
		e.Identities = len(classes)
	}
	return e
}

// trials are the pairs that are the same, or those that are not, each with what value says of it.
func (s Scored) trials(same bool, of string, value func(i int) bool) stats.Trials {
	t := stats.Trials{Units: s.Units, Of: of}
	for i := range s.Same {
		if s.Same[i] != same {
			continue
		}
		v := 0.0
		if value(i) {
			v = 1
		}
		t.Values, t.Weights, t.Classes = append(t.Values, v), append(t.Weights, s.weight(i)), append(t.Classes, s.classesOf(i))
	}
	return t
}

// accuracy is how many pairs are judged right. Where pairs have weights, same and different ones count half each.
func (s Scored) accuracy(right []bool) stats.Proportion {
	is := func(i int) bool { return right[i] }
	same, different := s.trials(true, "pairs", is), s.trials(false, "pairs", is)
	if s.Weights != nil {
		return stats.Proportion(stats.MeanOf(same, different))
	}
	all := stats.Trials{Units: s.Units, Of: "pairs"}
	all.Values, all.Classes = slices.Concat(same.Values, different.Values), slices.Concat(same.Classes, different.Classes)
	return stats.Proportion(all.Mean())
}
