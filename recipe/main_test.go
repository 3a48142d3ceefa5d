package recipe

import (
	"errors"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
)

func backend(t *testing.T) siam.Backend {
	t.Helper()
	b, err := siam.NewBackend("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// alphabets are invented ones, as small as o says.
func alphabets(t *testing.T, o dataset.GenerateOptions) *dataset.Set {
	t.Helper()
	set, err := dataset.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// few are six alphabets of five characters, each drawn by eight hands.
func few(t *testing.T) *dataset.Set {
	return alphabets(t, dataset.GenerateOptions{Alphabets: 6, Characters: 5, Drawers: 8, Seed: 1})
}

// tiny is the triplet recipe at a size that trains within a second: 20 steps, validated every fifth.
func tiny() Recipe {
	r := Triplet()
	s := &r.Settings
	s.Size, s.Widths, s.Dim = 28, []int{8, 16}, 16
	s.Average = 0.9
	s.Data = Characters{Alphabets: 2, Characters: 4, Drawings: 2, Ink: 0.86, RealShare: 0.7}
	s.Steps, s.Every, s.Trials, s.Validation = 20, 5, 100, 2
	return r
}

// tinyKoch is the recipe of pairs, at a size that trains within a second.
func tinyKoch() Recipe {
	r := KochPaper()
	s := &r.Settings
	s.Encoder, s.Pairs, s.Pool, s.Data = "koch35", 4, 8, Characters{}
	s.Init, s.Rate, s.Rates = encoder.InitHe, 1e-3, ByLayer{"head": 1e-5} // so few steps of the paper's are no better than chance
	s.Steps, s.Every, s.Trials, s.Validation, s.Patience = 4, 2, 20, 2, 0
	return r
}

// tinyAllPairs is the recipe of all pairs of a batch, at a size that trains within a second.
func tinyAllPairs() Recipe {
	r := Koch35()
	s := &r.Settings
	s.Dim = 16
	s.Data = Characters{Alphabets: 2, Characters: 2, Drawings: 2, Ink: 0.86}
	s.Steps, s.Every, s.Trials, s.Validation = 4, 2, 20, 2
	return r
}

// change changes the settings of a kind of data.
func change[D Data](s *Settings, by func(d *D)) {
	data := s.Data.(D)
	by(&data)
	s.Data = data
}

// outcome is what a training yielded.
type outcome struct {
	steps History
	model *modelfile.File
	err   error
}

// losses are those of all steps, to compare trainings bit by bit.
func (o outcome) losses() []float64 {
	var all []float64
	for _, p := range o.steps {
		all = append(all, p.Loss)
	}
	return all
}

// walk runs a recipe to its end, or breaks the loop after the given number of steps when that is above 0.
func walk(t *testing.T, r Recipe, job Job, breakAfter int) outcome {
	t.Helper()
	var o outcome
	for p, err := range r.Train(t.Context(), job) {
		switch {
		case err != nil:
			o.err = errors.Join(o.err, err)
		case p.Model != nil:
			o.model = p.Model
		default:
			o.steps = append(o.steps, p)
		}
		if breakAfter > 0 && len(o.steps) == breakAfter {
			break
		}
	}
	return o
}

func specOf(t *testing.T, model *modelfile.File) encoder.Spec {
	t.Helper()
	spec, err := encoder.SpecOf(model)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// trained runs a recipe that must succeed.
func trained(t *testing.T, r Recipe, job Job) outcome {
	t.Helper()
	o := walk(t, r, job, 0)
	if o.err != nil || o.model == nil {
		t.Fatalf("Train: model %v, error %v", o.model, o.err)
	}
	return o
}
