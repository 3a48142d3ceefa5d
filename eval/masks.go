package eval

import (
	"fmt"
	"math"
)

// MaskScore is how well a mask agrees with the true one.
type MaskScore struct {
	Precision float64 // the part of all pixels, of object and background, that is right
	Jaccard   float64 // of the pixels that either says are object, the part that both do; 1 where neither says so of any
}

// ScoreMask compares a found mask with a true one: 255 is object, 0 background, and pixels of any other byte count neither way. It panics
// when the lengths differ.
func ScoreMask(found []bool, truth []uint8) MaskScore {
	if len(found) != len(truth) {
		panic(fmt.Sprintf("eval: mask of %d pixels for one of %d", len(found), len(truth)))
	}
	var right, counted, both, either int
	for i, t := range truth {
		if t != 0 && t != 255 {
			continue
		}
		object := t == 255
		counted++
		if found[i] == object {
			right++
		}
		if found[i] && object {
			both++
		}
		if found[i] || object {
			either++
		}
	}
	s := MaskScore{Precision: 1, Jaccard: 1}
	if counted > 0 {
		s.Precision = float64(right) / float64(counted)
	}
	if either > 0 {
		s.Jaccard = float64(both) / float64(either)
	}
	return s
}

// MapScore is how well probabilities agree with a true mask, in the measures of co-saliency.
type MapScore struct {
	MAE float64 // mean absolute difference (Perazzi et al. 2012)
	// F is F with β² = 0.3 where what is at least k/255 counts as found (Achanta et al. 2009). The F-max of many images is the largest of
	// their mean, as one threshold has to serve all.
	F [256]float64
}

// ScoreMap compares probabilities in [0, 1] with a true mask as [ScoreMask] reads it. It panics when the lengths differ.
func ScoreMap(probability []float32, truth []uint8) MapScore {
	if len(probability) != len(truth) {
		panic(fmt.Sprintf("eval: map of %d pixels for a mask of %d", len(probability), len(truth)))
	}
	var object, beside [256]int
	var s MapScore
	counted, objects := 0, 0
	for i, t := range truth {
		if t != 0 && t != 255 {
			continue
		}
		counted++
		level := int(min(max(probability[i], 0), 1)*255 + 0.5)
		if t == 255 {
			objects++
			object[level]++
		} else {
			beside[level]++
		}
		s.MAE += math.Abs(float64(probability[i]) - float64(t)/255)
	}
	s.MAE /= float64(max(1, counted))
	s.F = fCurve(object, beside, objects)
	return s
}

// fCurve is F by threshold, of how many pixels of object and beside it have each level.
func fCurve(object, beside [256]int, objects int) (f [256]float64) {
	const beta2 = 0.3
	hits, found := 0, 0
	for level := 255; level >= 0; level-- {
		hits, found = hits+object[level], found+object[level]+beside[level]
		if hits == 0 {
			continue
		}
		precision, recall := float64(hits)/float64(found), float64(hits)/float64(objects)
		f[level] = (1 + beta2) * precision * recall / (beta2*precision + recall)
	}
	return f
}
