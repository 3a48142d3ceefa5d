package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
)

// OneShotTest says how [OneShot] questions a model.
type OneShotTest struct {
	Ways, Shots int
	Trials      int // of each of the two tasks
	Pairs       int // of verification, half of them same, as in [Labelled.Verify]
	Seed        uint64
}

// StandardOneShot is the test that this project reports: 20-way one-shot, 4,000 trials of each task, 20,000 pairs.
func StandardOneShot(seed uint64) OneShotTest {
	return OneShotTest{Ways: 20, Shots: 1, Trials: 4000, Pairs: 20000, Seed: seed}
}

// OneShotResult is what a model reaches on one-shot recognition and verification. The two recognition tasks differ: within an
// alphabet the ways look alike, unstructured ones come from everywhere and are easier.
type OneShotResult struct {
	Ways         int          `json:"ways"`
	Shots        int          `json:"shots"`
	Within       eval.OneShot `json:"within_alphabet"`
	Unstructured eval.OneShot `json:"unstructured"`
	// The intervals of both are by Units of what Unit says, alphabets or identities; see [eval.Items.ByUnit].
	Unit  string `json:"unit"`
	Units int    `json:"units"`
	// Verification is at the model's own threshold; absent when it has none.
	Verification *eval.Verification `json:"verification,omitempty"`

	// What the figures were measured on, for reports.
	Embeddings   [][]float32  `json:"-"` // of the set's items
	Trials       []eval.Trial `json:"-"` // within an alphabet
	Pairs        []eval.Pair  `json:"-"`
	Scored       eval.Scored  `json:"-"` // Pairs with their distances
	unstructured []eval.Trial
}

// OneShot questions a model on a set that it was not trained on. It fails when no alphabet has as many characters as the
// test has ways.
func OneShot(ctx context.Context, model Model, set *dataset.Set, test OneShotTest) (OneShotResult, error) {
	embeddings, err := Embed(ctx, model, set)
	if err != nil {
		return OneShotResult{}, err
	}
	result, err := recognise(set, embeddings, model.NamedDistance().Of, test)
	result.Embeddings = embeddings
	if err != nil || model.File().Calibration == nil {
		return result, err
	}
	items := ItemsOf(set)
	pairs, err := items.DistinctPairs(test.Pairs, test.Seed)
	if err != nil {
		return result, fmt.Errorf("drawing pairs from %s: %w", set.Name, err)
	}
	result.Pairs = pairs.Pairs
	result.Scored = items.Scored(pairs, eval.PairDistances(pairs.Pairs, embeddings, model.NamedDistance().Of))
	verification, err := eval.Verify(result.Scored, float64(model.File().Calibration.Threshold), test.Seed)
	if err != nil {
		return result, fmt.Errorf("verifying pairs of %s: %w", set.Name, err)
	}
	result.Verification = &verification
	return result, nil
}

func recognise[T any](set *dataset.Set, things []T, distance func(a, b T) float32, test OneShotTest) (OneShotResult, error) {
	result := OneShotResult{Ways: test.Ways, Shots: test.Shots}
	items := ItemsOf(set)
	episodes := eval.TrialOptions{Ways: test.Ways, Shots: test.Shots, Trials: test.Trials, Seed: test.Seed}
	within, err := items.WithinGroup(episodes)
	if err != nil {
		return result, fmt.Errorf("drawing trials from %s: %w", set.Name, err)
	}
	unstructured, err := items.Unstructured(episodes)
	if err != nil {
		return result, fmt.Errorf("drawing trials from %s: %w", set.Name, err)
	}
	result.Trials, result.unstructured = within, unstructured
	if result.Within, err = answered(items, within, things, distance); err != nil {
		return result, fmt.Errorf("judging on %s: %w", set.Name, err)
	}
	if result.Unstructured, err = answered(items, unstructured, things, distance); err != nil {
		return result, fmt.Errorf("judging on %s: %w", set.Name, err)
	}
	result.Unit, result.Units = items.Unit()
	return result, nil
}

func answered[T any](items eval.Items, trials []eval.Trial, things []T, distance func(a, b T) float32) (eval.OneShot, error) {
	answers, err := eval.Answer(trials, things, distance)
	if err == nil {
		answers.Proportion = items.ByUnit(trials, answers.Right)
	}
	return answers, err
}

// Answers are the answers on a set as a comparison with another model's takes them; seed is that of the test.
func (r OneShotResult) Answers(set *dataset.Set, seed uint64) (Answers, error) {
	tasks := map[string][]bool{"within_alphabet": r.Within.Right, "unstructured": r.Unstructured.Right}
	items := ItemsOf(set)
	ties := map[string]*eval.Ties{"within_alphabet": items.Ties(r.Trials), "unstructured": items.Ties(r.unstructured)}
	if r.Verification != nil {
		tasks["verification"] = r.Verification.Right
		ties["verification"] = r.Scored.Ties()
	}
	answers, err := newAnswers(seed, []any{classSizes(set), r.Ways, r.Shots}, tasks)
	answers.Ties = ties
	return answers, err
}
