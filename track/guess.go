package track

import (
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
)

// GuessScores is a map for a detector of which nothing is known but the scores of one file: none where they lie in [0, 1], or else one that
// takes the lowest quarter for doubtful, 0.5 at its end, and the highest for 0.93 and more. A map that was learned is better: [FitScores].
func GuessScores(rows []mot.Row) Scores {
	var all []float64
	for _, r := range rows {
		all = append(all, r.Score)
	}
	slices.Sort(all)
	if len(all) == 0 || all[0] >= 0 && all[len(all)-1] <= 1 {
		return Scores{}
	}
	low, high := all[len(all)/4], all[len(all)*3/4]
	if high == low {
		return Scores{Offset: 2.6} // all alike: believed
	}
	slope := math.Log(0.93/0.07) / (high - low)
	return Scores{Slope: slope, Offset: -slope * low}
}
