package track

import (
	"math"
	"slices"
)

// parts of a track of which the first and the last are compared, to learn how alike one object looks to itself.
const parts = 3

// alike is o with what distances of embeddings mean in this video, learned of its short tracks, which are in the order of their first frames: the first and
// the last third of one show the same object, and two that are there at the same time show two (C.-H. Kuo, C. Huang, R. Nevatia, "Multi-target tracking by
// on-line learned discriminative appearance models", 2010). A distance then costs −log of how much more likely it is of one object than of two. Where the
// tracks do not tell, o stays.
func (o Offline) alike(tracks [][]seen) Offline {
	var distances []float64
	var same []bool
	yes := 0
	compare := func(a, b []float32, one bool) {
		if a == nil || len(a) != len(b) {
			return
		}
		distances, same = append(distances, 1-float64(dot(a, b))), append(same, one)
		if one {
			yes++
		}
	}
	type there struct {
		last int // frame
		look []float32
	}
	var others []there // who are there when a track begins
	for _, t := range tracks {
		if len(t) < parts {
			continue
		}
		if n := len(t) / parts; n >= parts {
			compare(look(t[:n]), look(t[len(t)-n:]), true)
		}
		now := there{t[len(t)-1].frame, look(t)}
		others = slices.DeleteFunc(others, func(o there) bool { return o.last < t[0].frame })
		for _, o := range others {
			compare(now.look, o.look, false)
		}
		others = append(others, now)
	}
	fit := FitScores(distances, same)
	if fit.Slope >= 0 {
		return o
	}
	prior := math.Log(float64(yes+1) / float64(len(same)-yes+1))
	o.Looks, o.Alike = -fit.Slope, (prior-fit.Offset)/fit.Slope
	return o
}

// look is the mean embedding of a track, of length 1; nil where it has none.
func look(t []seen) []float32 {
	var all sum
	for _, d := range t {
		all.add(d.look, 1)
	}
	return all.look()
}
