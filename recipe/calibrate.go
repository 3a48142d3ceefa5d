package recipe

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
)

// calibrationPairs is how many pairs choose the threshold; Koch et al. 2015 validate on as many.
const calibrationPairs = 10000

// calibrate chooses the threshold with the fewest wrong verdicts on validation pairs.
func (e *embedding) calibrate(ctx context.Context, file *modelfile.File) (*modelfile.Calibration, error) {
	embeddings, err := e.job.embedWith(ctx, file, e.validated)
	if err != nil {
		return nil, err
	}
	compare, err := encoder.DistanceOf(e.spec, file.Distance, file.Weights)
	if err != nil {
		return nil, err
	}
	pairs, err := judge.ItemsOf(e.validated).BalancedPairs(calibrationPairs, e.job.Seed)
	if err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	chosen, err := eval.CalibrateMinimumError(eval.PairDistances(pairs, embeddings, compare.Of), eval.Same(pairs), e.job.Seed)
	if err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	kind := e.recipe.Settings.Data.Words().Parts
	if chosen.Accuracy.CI95[0] <= 0.5 { // of pairs of which half are the same
		return nil, fmt.Errorf("the model is no better than chance on %d pairs of validation %s of %s: lower the learning rate, or train longer",
			len(pairs), kind, e.validated.Name)
	}
	return &modelfile.Calibration{
		Threshold: float32(chosen.Threshold.Value), FMR: chosen.FMR.Value, FNMR: chosen.FNMR.Value,
		Pairs: len(pairs), DataSet: "validation " + kind + " of " + e.validated.Name,
	}, nil
}
