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
	spec   encoder.Spec
	inputs []float32 // [n, h, w, c]
	judge  func(embeddings [][]float32, compare distance) (accuracy float64, err error)
	head   func(weights []modelfile.Tensor) (distance, error)
}

type distance = func(a, b []float32) float32

const mostWays = 20

func newValidation(set *dataset.Set, spec encoder.Spec, s Settings, seed uint64) (*validation, error) {
	v := &validation{set: set, spec: spec}
	v.head = func(weights []modelfile.Tensor) (distance, error) {
		d, err := encoder.DistanceOf(spec, s.distance(), weights)
		return d.Of, err
	}
	judge, err := s.judge(set, seed)
	if err != nil {
		return nil, fmt.Errorf("validation %s: %w", s.kind(), err)
	}
	v.judge = judge
	prepare := spec.Preprocess
	size := prepare.Height * prepare.Width * prepare.Channels
	v.inputs = make([]float32, len(set.Items)*size)
	for i, item := range set.Items {
		prepare.Apply(v.inputs[i*size:(i+1)*size], item.Pixels())
	}
	return v, nil
}

// kind is what the data set holds.
func (s Settings) kind() string {
	if s.Identities {
		return "identities"
	}
	return "alphabets"
}

// judge prepares the questions for a validation set: one-shot trials within its alphabets, or pairs of its identities.
func (s Settings) judge(set *dataset.Set, seed uint64) (func([][]float32, distance) (float64, error), error) {
	if s.Identities {
		return judgePairs(set, s.Trials, seed)
	}
	trials, err := s.trials(set, seed)
	return func(embeddings [][]float32, compare distance) (float64, error) {
		return eval.Answer(trials, embeddings, compare).Value, nil
	}, err
}

// trials are one-shot trials within the alphabets of a set.
func (s Settings) trials(set *dataset.Set, seed uint64) ([]eval.Trial, error) {
	return judge.ItemsOf(set).WithinGroup(eval.Episodes{Ways: min(mostWays, largestGroup(set)), Shots: 1, Trials: s.Trials, Seed: seed})
}

// largestGroup is how many classes the largest group has.
func largestGroup(set *dataset.Set) int {
	count, most := make(map[string]int), 0
	for _, class := range set.Classes {
		count[class.Group]++
		most = max(most, count[class.Group])
	}
	return most
}

// score is the accuracy that the trainer's weights reach.
func (v *validation) score(ctx context.Context, trainer *train.Trainer) (float64, error) {
	embeddings, err := trainer.Embed(ctx, v.inputs)
	if err != nil {
		return 0, fmt.Errorf("validating: %w", err)
	}
	var weights []modelfile.Tensor
	if v.spec.PairHead {
		if weights, err = trainer.Weights(); err != nil {
			return 0, fmt.Errorf("validating: %w", err)
		}
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
