package eval

import (
	"math"

	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/stats"
)

// Trial is one question of N-way K-shot recognition: which way does the query belong to? Numbers are rows of the items.
type Trial struct {
	Query   int
	Support [][]int // [ways][shots]
	True    int     // the right way
}

// OneShot is how well the trials were answered. The interval takes the trials as independent.
type OneShot struct {
	stats.Proportion
	Choices []int  `json:"-"` // chosen way of each trial, -1 where no distance was a number
	Right   []bool `json:"-"` // of each trial
}

// Answer gives each trial the way with the smallest mean distance between the query and its shots, the first of equals.
// Distance is called from several goroutines; one that is not a number counts as infinitely far. Items are what the trials'
// rows refer to: embeddings, or whatever else distance compares.
func Answer[T any](trials []Trial, items []T, distance func(a, b T) float32) OneShot {
	choices, right := make([]int, len(trials)), make([]bool, len(trials))
	parallel.Ranges(len(trials), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			choices[i] = answer(trials[i], items, distance)
			right[i] = choices[i] == trials[i].True
		}
	})
	return OneShot{Proportion: stats.Count(right), Choices: choices, Right: right}
}

func answer[T any](trial Trial, items []T, distance func(a, b T) float32) int {
	choice, nearest := -1, math.Inf(1)
	for way, shots := range trial.Support {
		sum := 0.0
		for _, s := range shots {
			sum += float64(distance(items[trial.Query], items[s]))
		}
		if mean := sum / float64(len(shots)); mean < nearest {
			choice, nearest = way, mean
		}
	}
	return choice
}
