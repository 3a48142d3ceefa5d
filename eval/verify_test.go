package eval

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// somePairs gives overlapping distances with ties.
func somePairs(n int, seed uint64) ([]float32, []bool) {
	rng := rand.New(rand.NewPCG(seed, 0))
	distances, same := make([]float32, n), make([]bool, n)
	for i := range distances {
		same[i] = i%2 == 0
		d := rng.Float64() * 2
		if !same[i] {
			d += 1
		}
		distances[i] = float32(math.Round(d*50) / 50)
	}
	return distances, same
}

func TestROCCountsAcceptedPairs(t *testing.T) {
	distances, same := somePairs(300, 1)
	roc, err := NewROC(distances, same)
	if err != nil {
		t.Fatal(err)
	}
	for threshold := -0.5; threshold < 4; threshold += 0.07 {
		falseMatches, falseNonMatches := 0, 0
		for i, d := range distances {
			if accepted := float64(d) <= threshold; accepted && !same[i] {
				falseMatches++
			} else if !accepted && same[i] {
				falseNonMatches++
			}
		}
		got := roc.At(threshold)
		near(t, "FMR", got.FMR, float64(falseMatches)/150, 1e-12)
		near(t, "FNMR", got.FNMR, float64(falseNonMatches)/150, 1e-12)
	}
	for _, far := range []float64{0, 0.001, 0.02, 0.1, 0.5, 1} { // the best TAR of all thresholds with that FAR
		best := 0.0
		for _, p := range roc.Points {
			if p.FMR <= far {
				best = max(best, 1-p.FNMR)
			}
		}
		near(t, "TAR", roc.TAR(far), best, 1e-12)
	}
	mostRight := 0
	for _, p := range roc.Points {
		right := 0
		for i, ok := range rightAt(p.Threshold, distances, same) {
			if ok && i >= 0 {
				right++
			}
		}
		mostRight = max(mostRight, right)
	}
	threshold, accuracy := roc.Best()
	near(t, "best accuracy", accuracy.Value, float64(mostRight)/300, 1e-12)
	atBest := roc.At(threshold)
	near(t, "accuracy at the best threshold", 1-(atBest.FMR+atBest.FNMR)/2, accuracy.Value, 1e-12)
}

// open-metric-learning's doctest: FNMR at FMR 0.1 and 0.5 is 0.4 and 0.2.
func TestTARAgreesWithOpenMetricLearning(t *testing.T) {
	distances := []float32{0, 0, 1, 1, 2, 2, 5, 5, 9, 9, 3, 3, 4, 4, 6, 6, 7, 7, 8, 8}
	same := make([]bool, 20)
	for i := range 10 {
		same[i] = true
	}
	roc, err := NewROC(distances, same)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "FNMR at FMR 0.1", 1-roc.TAR(0.1), 0.4, 1e-12)
	near(t, "FNMR at FMR 0.5", 1-roc.TAR(0.5), 0.2, 1e-12)
}

func TestEERIsWhereTheRatesCross(t *testing.T) {
	for _, c := range []struct {
		name      string
		distances []float32
		same      []bool
		eer       float64
	}{
		{"separated", []float32{1, 2, 3, 4}, []bool{true, true, false, false}, 0},
		{"upside down", []float32{3, 4, 1, 2}, []bool{true, true, false, false}, 1},
		{"all equal", []float32{1, 1, 1, 1}, []bool{true, true, false, false}, 0.5},
		{"one of two each", []float32{1, 3, 2, 4}, []bool{true, true, false, false}, 0.5},
		{"one of four each", []float32{1, 1, 1, 5, 4, 6, 6, 6}, []bool{true, true, true, true, false, false, false, false}, 0.25},
	} {
		roc, err := NewROC(c.distances, c.same)
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name, roc.EER(), c.eer, 1e-12)
	}
}

func TestVerifyJudgesAtAThresholdFromElsewhere(t *testing.T) {
	distances, same := somePairs(2000, 2)
	v, err := Verify(Scored{Distances: distances, Same: same}, 1.21, 1)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, d := range distances {
		if (d <= 1.21) == same[i] {
			right++
		}
	}
	near(t, "accuracy", v.Value, float64(right)/2000, 1e-12)
	near(t, "from error rates", 1-(v.FMR.Value+v.FNMR.Value)/2, v.Value, 1e-12)
	if v.Best.Value < v.Value || v.EER.CI95[0] > v.EER.Value || v.EER.CI95[1] < v.EER.Value || v.EER.CI95[1]-v.EER.CI95[0] > 0.1 {
		t.Errorf("best %v, EER %v: want at least the accuracy and a narrow interval around the EER", v.Best, v.EER)
	}
	if len(v.TARAtFAR) != 2 || v.TARAtFAR["1e-2"].Value > v.TARAtFAR["1e-1"].Value || v.LeastFAR != 0.003 {
		t.Errorf("TARAtFAR = %v down to %v, want 1e-1 and 1e-2 of 1000 different pairs, which support 0.003", v.TARAtFAR, v.LeastFAR)
	}
	data, err := json.Marshal(v)
	if err != nil || !strings.HasPrefix(string(data), `{"accuracy":`) {
		t.Errorf("json = %s, %v, want the accuracy first", data, err)
	}
}

func TestPairsThatCannotBeMeasuredSayWhy(t *testing.T) {
	for _, c := range []struct {
		distances []float32
		same      []bool
		want      string
	}{
		{[]float32{1, 2}, []bool{true}, "2 distances of 1 pairs"},
		{[]float32{1, 2}, []bool{true, true}, "2 same and 0 different pairs"},
		{[]float32{1, float32(math.NaN())}, []bool{true, false}, "distance of pair 2 is NaN"},
		{nil, nil, "0 same and 0 different"},
	} {
		if _, err := NewROC(c.distances, c.same); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewROC(%v, %v) = %v, want an error with %q", c.distances, c.same, err, c.want)
		}
		if _, err := Verify(Scored{Distances: c.distances, Same: c.same}, 1, 1); err == nil {
			t.Errorf("Verify(%v, %v) succeeded, want an error", c.distances, c.same)
		}
	}
}

// facenetPairs are 600 pairs by formula; the numbers below come from a numpy transcription of davidsandberg/facenet's
// calculate_roc and calculate_val on them.
func facenetPairs() ([]float32, []bool, []int) {
	distances, same := make([]float32, 600), make([]bool, 600)
	for i := range distances {
		u := float64((i*7919+13)%10007) / 10007
		same[i] = i/30%2 == 0
		distances[i] = float32(1.0 + 2.4*u)
		if same[i] {
			distances[i] = float32(0.3 + 1.6*u)
		}
	}
	return distances, same, ContiguousFolds(600, 10)
}

func TestTenFoldAgreesWithFaceNet(t *testing.T) {
	distances, same, fold := facenetPairs()
	got, err := JudgeTenFold(distances, same, fold, FaceNetThresholds(0.01))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", got.Value, 0.8116666666666668, 1e-12)
	near(t, "standard error", got.StandardError, 0.005583264233956043, 1e-12)
	for i, want := range []float64{49, 48, 48, 48, 49, 48, 50, 48, 51, 48} {
		near(t, "fold", got.Folds[i], want/60, 1e-12)
		near(t, "threshold", got.Thresholds[i], 1.89, 1e-12)
	}
	exact, err := JudgeTenFold(distances, same, fold, nil)
	if err != nil || math.Abs(exact.Value-got.Value) > 0.02 || exact.N != 600 {
		t.Errorf("JudgeTenFold at all thresholds = %v, %v, want about %v", exact.Proportion, err, got.Value)
	}
}

func TestValidationRateAgreesWithFaceNet(t *testing.T) {
	distances, same, fold := facenetPairs()
	for _, c := range []struct{ far, val, deviation, measured float64 }{
		{0.1, 0.5833333333333333, 0.016666666666666663, 0.09666666666666666},
		{0.01, 0.4566666666666667, 0.026034165586355507, 0.013333333333333332},
		{0.001, 0.4366666666666667, 0.01795054935711501, 0.003333333333333333},
	} {
		got, err := JudgeValidationRate(distances, same, fold, FaceNetThresholds(0.001), c.far)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "VAL", got.VAL, c.val, 1e-12)
		near(t, "deviation", got.Deviation, c.deviation, 1e-12)
		near(t, "FAR", got.FAR, c.measured, 1e-12)
	}
	got, err := JudgeValidationRate(distances, same, fold, FaceNetThresholds(0.001)[:500], 0.1)
	if err != nil || got.VAL != 0 {
		t.Errorf("VAL at a FAR that no threshold reaches = %v, %v, want 0", got, err)
	}
}

func TestFoldsThatCannotBeJudgedSayWhy(t *testing.T) {
	distances, same, _ := facenetPairs()
	for want, fold := range map[string][]int{
		"600 pairs and 0 folds":     nil,
		"only one fold":             make([]int, 600),
		"fold 2 of 3: it has no pa": append(ContiguousFolds(300, 1), slices.Repeat([]int{2}, 300)...),
		"0 same":                    ContiguousFolds(60, 2),
	} {
		n := max(len(fold), 1)
		if len(fold) == 0 {
			n = 600
		}
		if _, err := JudgeTenFold(distances[:n], same[:n], fold, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("JudgeTenFold = %v, want an error with %q", err, want)
		}
	}
	if got := ContiguousFolds(7, 3); len(got) != 7 || got[2] != 0 || got[3] != 1 || got[5] != 2 {
		t.Errorf("ContiguousFolds(7, 3) = %v, want sizes 3, 2, 2", got)
	}
}

func TestCompareFindsADifference(t *testing.T) {
	a, b := make([]bool, 200), make([]bool, 200)
	for i := range a {
		a[i], b[i] = i >= 10, i >= 40 // b misses 30 more
	}
	got, err := Compare(a, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "difference", got.Difference.Value, 0.15, 1e-12)
	if got.Difference.CI95[0] <= 0 || got.McNemar.P > 1e-6 || got.McNemar.OnlyA != 30 {
		t.Errorf("Compare = %+v, want a clear difference", got)
	}
	if _, err := Compare(a, b[:100], nil); err == nil {
		t.Errorf("Compare of 200 and 100 trials succeeded, want an error")
	}
}
