package eval

import (
	"strings"
	"testing"
)

func TestFoldsAreJudgedByTheOthersThresholds(t *testing.T) {
	distances, same := somePairs(600, 3)
	folds := ContiguousFolds(600, 3)
	threshold := 0.9
	v, err := JudgeFolds(Scored{Distances: distances, Same: same}, folds, &threshold, 1)
	if err != nil {
		t.Fatal(err)
	}
	ten, err := JudgeTenFold(distances, same, folds, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", v.Value, ten.Value, 1e-12)
	if v.N != 600 || len(v.Folds) != 3 || len(v.Right) != 600 {
		t.Errorf("%d pairs, %d folds, %d answers, want 600, 3 and 600", v.N, len(v.Folds), len(v.Right))
	}
	at, err := Verify(Scored{Distances: distances, Same: same}, threshold, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy at the model's threshold", v.AtModel.Value, at.Value, 1e-12)
	near(t, "EER", v.EER.Value, at.EER.Value, 1e-12)
	if v.EER != at.EER || v.TARAtFAR["1e-2"] != at.TARAtFAR["1e-2"] {
		t.Errorf("EER %v and TAR %v, want those of Verify, %v and %v", v.EER, v.TARAtFAR, at.EER, at.TARAtFAR)
	}
	if v.OverFolds == nil || *v.OverFolds != (OverFolds{ten.Value, ten.StandardError, 3}) {
		t.Errorf("over folds = %v, want the protocol's mean of 3 folds and its error, %v", v.OverFolds, ten.StandardError)
	}
	if bare, err := JudgeFolds(Scored{Distances: distances, Same: same}, folds, nil, 1); err != nil || bare.AtModel != nil || bare.Value != v.Value {
		t.Errorf("without a threshold: %v at the model's %v, error %v, want %v and none", bare.Value, bare.AtModel, err, v.Value)
	}
}

func TestASingleFoldIsJudgedAtTheModelsThreshold(t *testing.T) {
	distances, same := somePairs(100, 4)
	folds, threshold := make([]int, 100), 0.7
	v, err := JudgeFolds(Scored{Distances: distances, Same: same}, folds, &threshold, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "accuracy", v.Value, v.AtModel.Value, 1e-12)
	if len(v.Thresholds) != 1 || v.Thresholds[0] != threshold {
		t.Errorf("thresholds %v, want the model's %v", v.Thresholds, threshold)
	}
	if _, err := JudgeFolds(Scored{Distances: distances, Same: same}, folds, nil, 1); err == nil || !strings.Contains(err.Error(), "only one fold") {
		t.Errorf("JudgeFolds of one fold without a threshold = %v, want a refusal", err)
	}
}
