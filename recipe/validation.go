package recipe

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// validation is the alphabets, or identities, that training does not see, ready to be questioned again and again.
type validation struct {
	set    *dataset.Set
	inputs []float32 // [n, h, w, c]
	judge  func(embeddings [][]float32, compare distance) (accuracy float64, err error)
	head   func(weights []modelfile.Tensor) (distance, error)
}

type distance = func(a, b []float32) float32

func newValidation(l *lesson, spec encoder.Spec, s Settings) *validation {
	v := &validation{set: l.validated, judge: l.judge}
	v.head = func(weights []modelfile.Tensor) (distance, error) {
		d, err := encoder.DistanceOf(spec, s.distance(), weights)
		return d.Of, err
	}
	prepare := spec.Preprocess
	size := prepare.Size()
	v.inputs = make([]float32, len(v.set.Items)*size)
	for i, item := range v.set.Items {
		prepare.Apply(v.inputs[i*size:(i+1)*size], item.Pixels())
	}
	return v
}

// score is the accuracy that the trainer's weights reach.
func (v *validation) score(ctx context.Context, trainer *train.Trainer[*dataset.Batch], embedder *train.Embedder[*dataset.Batch]) (float64, error) {
	embeddings, err := embedder.Embed(ctx, v.inputs)
	if err != nil {
		return 0, fmt.Errorf("validating: %w", err)
	}
	weights, err := trainer.Weights()
	if err != nil {
		return 0, fmt.Errorf("validating: %w", err)
	}
	compare, err := v.head(weights)
	if err != nil {
		return 0, fmt.Errorf("validating: %w", err)
	}
	accuracy, err := v.judge(embeddings, compare)
	if err != nil {
		return 0, fmt.Errorf("validating: %w", err)
	}
	return accuracy, nil
}

// calibrationPairs is how many pairs choose the threshold; Koch et al. 2015 validate on as many.
const calibrationPairs = 10000

// calibrate chooses the threshold with the fewest wrong verdicts on validation pairs.
func (v *validation) calibrate(ctx context.Context, backend siam.Backend, file *modelfile.File, kind string, seed uint64) (*modelfile.Calibration, error) {
	model, err := siam.New(file, siam.WithBackend(backend))
	if err != nil {
		return nil, err
	}
	defer model.Close()
	embeddings, err := judge.Embed(ctx, model, v.set)
	if err != nil {
		return nil, err
	}
	pairs, err := judge.ItemsOf(v.set).BalancedPairs(calibrationPairs, seed)
	if err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	chosen, err := eval.CalibrateMinimumError(eval.PairDistances(pairs, embeddings, model.Distance), eval.Same(pairs), seed)
	if err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	if chosen.Accuracy.CI95[0] <= 0.5 { // of pairs of which half are the same
		return nil, fmt.Errorf("the model is no better than chance on %d pairs of validation %s of %s: lower the learning rate, or train longer",
			len(pairs), kind, v.set.Name)
	}
	return &modelfile.Calibration{
		Threshold: float32(chosen.Threshold.Value), FMR: chosen.FMR.Value, FNMR: chosen.FNMR.Value,
		Pairs: len(pairs), DataSet: "validation " + kind + " of " + v.set.Name,
	}, nil
}
