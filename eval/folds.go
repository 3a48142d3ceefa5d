package eval

import (
	"errors"

	"github.com/siam-go/siam/stats"
)

// FoldVerification is how well listed pairs are judged: each fold at the threshold that is best on the others, or, where there
// is only one fold, at the model's.
type FoldVerification struct {
	TenFold
	EER     float64  `json:"eer"`
	EERCI95 Interval `json:"eer_ci95"`
	// TARAtFAR is the true accept rate at false accept rates of 1e-1, 1e-2 … down to what the different pairs can measure.
	TARAtFAR map[string]float64 `json:"tar_at_far"`
	// AtModel is at the threshold that was chosen in training, nil when none was.
	AtModel *Verification `json:"at_model_threshold,omitempty"`
}

// JudgeFolds judges pairs by their distances; fold[i] is the fold of pair i, from 0. threshold comes from other data and may be
// nil where there are two folds or more. The interval of the accuracy is that of the pairs: it takes them as independent. It
// fails like [JudgeTenFold].
func JudgeFolds(distances []float32, same []bool, fold []int, threshold *float64, seed uint64) (FoldVerification, error) {
	pairs, err := sortPairs(distances, same)
	if err != nil {
		return FoldVerification{}, err
	}
	roc := pairs.roc(nil)
	v := FoldVerification{EER: roc.EER(), EERCI95: pairs.bootstrap(seed, (*ROC).EER).CI95, TARAtFAR: roc.TARs()}
	if threshold != nil {
		at, err := Verify(distances, same, *threshold, seed)
		if err != nil {
			return v, err
		}
		v.AtModel = &at
	}
	switch several := hasSeveral(fold); {
	case several:
		if v.TenFold, err = JudgeTenFold(distances, same, fold, nil); err != nil {
			return v, err
		}
	case threshold == nil:
		return v, errors.New("judging folds: there is only one fold, and the model has no threshold: want a second fold to choose one on")
	default:
		v.Right, v.Folds, v.Thresholds = v.AtModel.Right, []float64{v.AtModel.Value}, []float64{*threshold}
	}
	v.Proportion = stats.Count(v.Right)
	return v, nil
}

// hasSeveral says whether the folds of pairs are more than one.
func hasSeveral(fold []int) bool {
	for _, f := range fold {
		if f != fold[0] {
			return true
		}
	}
	return false
}
