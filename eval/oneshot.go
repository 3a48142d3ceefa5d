package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/stats"
)

// Trial is one question of N-way K-shot recognition: which way does the query belong to? Numbers are rows of the items.
type Trial struct {
	Query   int
	Support [][]int // [ways][shots]
	True    int     // the right way
}

// OneShot is how well the trials were answered.
type OneShot struct {
	// The interval takes the trials as independent, until [Items.ByUnit] knows better.
	stats.Proportion
	Choices []int  `json:"-"` // chosen way of each trial, -1 where all distances are infinite
	Right   []bool `json:"-"` // of each trial
}

// Answer gives each trial the way with the smallest mean distance between the query and its shots, the first of equals.
// Distance is called from several goroutines. Items are what the trials' rows refer to: embeddings, or whatever else distance
// compares. It fails on a distance that is not a number; an infinite one is just far.
func Answer[T any](trials []Trial, items []T, distance func(a, b T) float32) (OneShot, error) {
	choices, right := make([]int, len(trials)), make([]bool, len(trials))
	failed := make([]bool, len(trials))
	parallel.Ranges(len(trials), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			choices[i], failed[i] = answer(trials[i], items, distance)
			right[i] = choices[i] == trials[i].True
		}
	})
	if i := slices.Index(failed, true); i >= 0 {
		return OneShot{}, fmt.Errorf("answering one-shot trials: a distance of trial %d is not a number; the model is broken or not trained", i+1)
	}
	return OneShot{Proportion: stats.Count(right), Choices: choices, Right: right}, nil
}

// ByUnit is the part of the trials that were answered rightly, with an interval by independent units: alphabets where there are several,
// and classes elsewhere. A trial belongs to the class of its query. Trials of one alphabet share its characters and the people who
// drew them, so that thousands of trials of ten alphabets say little more of an eleventh than ten do.
func (items Items) ByUnit(trials []Trial, right []bool) stats.Proportion {
	return stats.Proportion(items.Ties(trials).trials(numbers(right)).Mean())
}

// Unit names the independent units of intervals, and counts them: alphabets where there are several, and identities elsewhere.
func (items Items) Unit() (name string, n int) {
	numbered := items.numbered()
	if numbered.units == nil {
		return numbered.unit, len(numbered.of)
	}
	return numbered.unit, slices.Max(numbered.units) + 1
}

func answer[T any](trial Trial, items []T, distance func(a, b T) float32) (choice int, failed bool) {
	choice, nearest := -1, math.Inf(1)
	for way, shots := range trial.Support {
		sum := 0.0
		for _, s := range shots {
			sum += float64(distance(items[trial.Query], items[s]))
		}
		if math.IsNaN(sum) {
			return -1, true
		}
		if mean := sum / float64(len(shots)); mean < nearest {
			choice, nearest = way, mean
		}
	}
	return choice, false
}
