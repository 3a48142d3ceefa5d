package eval

import "errors"

// FoldVerification is how well listed pairs are judged: each fold at the threshold that is best on the others, or, where there
// is only one fold, at the model's. The accuracy's interval is by people, as everywhere.
type FoldVerification struct {
	TenFold
	// OverFolds is the accuracy as the protocol of Labeled Faces in the Wild reports it. Nil where there is one fold.
	OverFolds *OverFolds `json:"over_folds,omitempty"`
	Curve
	// Best is what one threshold, the best of these very pairs, would give: an upper bound, not a result.
	Best Best `json:"best_threshold"`
	// AtModel is at the threshold that was chosen in training, nil when none was.
	AtModel    *Verification `json:"at_model_threshold,omitempty"`
	MeasuredOn Evidence      `json:"measured_on"`
}

// OverFolds is a mean of folds with its standard error, deviation/√folds: of two or three folds that error says little.
type OverFolds struct {
	Mean          float64 `json:"mean"`
	StandardError float64 `json:"standard_error"`
	Folds         int     `json:"folds"`
}

// JudgeFolds judges pairs by their distances; fold[i] is the fold of pair i, from 0. threshold comes from other data and may be
// nil where there are two folds or more. It fails like [JudgeTenFold].
func JudgeFolds(s Scored, fold []int, threshold *float64, seed uint64) (FoldVerification, error) {
	pairs, err := s.sorted()
	if err != nil {
		return FoldVerification{}, err
	}
	roc := s.rocOf(pairs)
	v := FoldVerification{Curve: s.curve(pairs, roc, seed), Best: s.best(roc), MeasuredOn: s.evidence()}
	if threshold != nil {
		at, err := Verify(s, *threshold, seed)
		if err != nil {
			return v, err
		}
		v.AtModel = &at
	}
	switch several := hasSeveral(fold); {
	case several:
		if v.TenFold, err = JudgeTenFold(s.Distances, s.Same, fold, nil); err != nil {
			return v, err
		}
		v.OverFolds = &OverFolds{v.Value, v.StandardError, len(v.Folds)}
	case threshold == nil:
		return v, errors.New("judging folds: there is only one fold, and the model has no threshold: want a second fold to choose one on")
	default:
		v.Right, v.Folds, v.Thresholds = v.AtModel.Right, []float64{v.AtModel.Value}, []float64{*threshold}
	}
	v.Proportion = s.accuracy(v.Right)
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
