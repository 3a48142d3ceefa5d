package eval

import (
	"math"
	"testing"
)

func TestScoreMaskCountsPixels(t *testing.T) {
	for _, c := range []struct {
		found     []bool
		truth     []uint8
		precision float64
		jaccard   float64
	}{
		{[]bool{true, true, false, false}, []uint8{255, 0, 255, 0}, 0.5, 1. / 3},
		{[]bool{true, false}, []uint8{255, 0}, 1, 1},
		{[]bool{true, true, true}, []uint8{255, 128, 0}, 0.5, 0.5}, // void counts neither way
		{[]bool{false, false}, []uint8{0, 0}, 1, 1},
		{[]bool{true, true}, []uint8{0, 0}, 0, 0},
		{[]bool{true}, []uint8{128}, 1, 1},
	} {
		if got := ScoreMask(c.found, c.truth); math.Abs(got.Precision-c.precision) > 1e-12 || math.Abs(got.Jaccard-c.jaccard) > 1e-12 {
			t.Errorf("ScoreMask(%v, %v) = %+v, want P %v and J %v", c.found, c.truth, got, c.precision, c.jaccard)
		}
	}
}

func TestScoreMap(t *testing.T) {
	got := ScoreMap([]float32{1, 0.8, 0.4, 0, 0.3}, []uint8{255, 0, 255, 0, 128})
	// Above 0.4: 2 of 3 right, both found: 1.3·(2/3)/(0.3·2/3+1); above 0.8: 1 of 1, half found: 1.3·0.5/(0.3+0.5) = 0.8125.
	if want := (0 + 0.8 + 0.6 + 0) / 4; math.Abs(got.MAE-want) > 1e-6 {
		t.Errorf("MAE = %v, want %v", got.MAE, want)
	}
	for level, want := range map[int]float64{255: 0.8125, 205: 0.8125, 204: 1.3 * 0.25 / (0.3*0.5 + 0.5), 102: 1.3 * 2 / 3 / (0.2 + 1), 0: 1.3 * 0.5 / (0.15 + 1)} {
		if math.Abs(got.F[level]-want) > 1e-9 {
			t.Errorf("F from %d on = %v, want %v", level, got.F[level], want)
		}
	}
}
