package recipe

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/train"
)

// split takes the validation alphabets, or identities, out of a set, and checks that nothing is in both parts.
func (s Settings) split(set *dataset.Set, seed uint64) (learned, validated *dataset.Set, err error) {
	if s.Identities {
		return s.splitIdentities(set, seed)
	}
	groups := set.Groups()
	if s.Validation < 1 || s.Validation >= len(groups) {
		return nil, nil, fmt.Errorf("setting validation=%d: data set %s has %d alphabets, so 1 to %d can be kept out of training",
			s.Validation, set.Name, len(groups), len(groups)-1)
	}
	kept, err := dataset.Pick(groups, s.Validation, seed)
	if err != nil {
		return nil, nil, err
	}
	if learned, validated, err = dataset.SplitByGroup(set, kept...); err != nil {
		return nil, nil, err
	}
	if s.Drawers > 0 {
		if learned, validated, err = s.splitDrawers(learned, validated); err != nil {
			return nil, nil, err
		}
	}
	return learned, validated, dataset.Leak(learned, validated)
}

// validationDrawers is how many people draw the validation alphabets where people are split too (Koch et al. 2015, section 4.1).
const validationDrawers = 4

// splitDrawers leaves the first people's drawings to learn from, and the next four people's to validate on.
func (s Settings) splitDrawers(learned, validated *dataset.Set) (*dataset.Set, *dataset.Set, error) {
	drawers := learned.Drawers()
	if s.Drawers+validationDrawers > len(drawers) {
		return nil, nil, fmt.Errorf("setting drawers=%d: data set %s has %d people, and %d more validate",
			s.Drawers, learned.Name, len(drawers), validationDrawers)
	}
	rest, _, err := dataset.SplitByDrawer(learned, drawers[s.Drawers:]...)
	if err != nil {
		return nil, nil, err
	}
	_, chosen, err := dataset.SplitByDrawer(validated, drawers[s.Drawers:s.Drawers+validationDrawers]...)
	return rest, chosen, err
}

// extend adds turned and invented alphabets to what is learned from.
func (s Settings) extend(ctx context.Context, set *dataset.Set, seed uint64) (*dataset.Set, error) {
	if s.Turns {
		set = dataset.Turned(set, turns()...)
	}
	if s.Invented == 0 {
		return set, nil
	}
	invented, err := dataset.Generate(ctx, dataset.GenerateOptions{
		Alphabets: s.Invented, Characters: inventedCharacters, Drawers: inventedDrawers,
		Seed: rand.New(rand.NewPCG(seed, 0x1273)).Uint64(), // not the seed's own alphabets, which may be what is judged on
	})
	if err != nil {
		return nil, err
	}
	for i := range invented.Classes { // set may hold generated alphabets too
		c := &invented.Classes[i]
		c.Name, c.Group = "Invented "+c.Name, "Invented "+c.Group
	}
	return dataset.Join(set.Name, set, invented)
}

// The size of an invented alphabet.
const (
	inventedCharacters = 20
	inventedDrawers    = 10
)

// stepsPerEpoch is how many batches show as many images, or pairs, as there are.
func (s Settings) stepsPerEpoch(set *dataset.Set) int {
	if s.Objective == "pairs" {
		pool := s.Pool
		if pool == 0 {
			pool = len(set.Items)
		}
		return max(1, pool/s.Pairs)
	}
	if s.Identities {
		return max(1, len(set.Items)/(s.People*s.Photos+s.Negatives))
	}
	return max(1, len(set.Items)/(max(1, s.Alphabets)*s.Characters*s.Drawings))
}

// config says how to train.
func (s Settings) config(spec encoder.Spec, classes, stepsPerEpoch int, seed uint64) (train.Config, error) {
	objective, err := s.objective(classes)
	if err != nil {
		return train.Config{}, err
	}
	optimizer, err := s.optimizer()
	if err != nil {
		return train.Config{}, err
	}
	config := train.Config{
		Spec: spec, Objective: objective, Optimizer: optimizer, Schedule: train.Cosine(s.Steps, s.Steps/40),
		Layer: train.Layer{Rate: s.Rate}, StepsPerEpoch: stepsPerEpoch, Average: s.Average, Seed: seed,
	}
	if labels, ok := objective.(train.Labels); ok && labels.Classes > 0 && s.ProxyRate > 0 {
		config.Layers = map[string]train.Layer{train.ObjectiveLayer: {Rate: s.ProxyRate * s.Rate}}
	}
	if s.Optimizer == "sgd" {
		s.asKoch(&config)
	}
	return config, nil
}
