package recipe

import (
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/train"
)

// rule is the range that a setting has.
type rule struct {
	name  string
	value any
	fine  bool // false for NaN, which is in no range
	want  string
}

// Check reports the first setting that no training can have, such as every=0. What depends on the data is found by
// [Recipe.Train].
func (s Settings) Check() error {
	if s.Data == nil {
		return errors.New("settings without a kind of data: want Characters or Identities")
	}
	return s.Data.check(s)
}

// checkEncoder checks the settings of the training of an encoder.
func (s Settings) checkEncoder(data labelled) error {
	if err := s.checkRules(data); err != nil {
		return err
	}
	spec, err := s.encoderSpec(data)
	if err != nil {
		return err
	}
	if _, err := s.task(spec, 1); err != nil {
		return err
	}
	if _, err := s.augment(); err != nil {
		return err
	}
	_, err = s.optimizer()
	return err
}

// checkOneRate checks the settings of a training that has one learning rate for all layers and no trials: by these rules and the schedule's.
func (s Settings) checkOneRate(rules []rule) error {
	for _, r := range s.ScheduleSettings.rules() {
		if r.name != "validation" && r.name != "trials" { // which it does not have
			rules = append(rules, r)
		}
	}
	if err := broken(append(rules, rule{"optimizer", s.Optimizer, s.Optimizer != "sgd", "adam or adamw"})); err != nil {
		return err
	}
	_, err := s.optimizer()
	return err
}

// oneRate configures such a training.
func (s Settings) oneRate(stepsPerEpoch int, seed uint64) (train.Config, error) {
	optimizer, err := s.optimizer()
	return train.Config{
		Optimizer: optimizer, Schedule: s.schedule(), Layer: train.Layer{Rate: s.Rate, L2: s.L2.of(Other, 0)},
		StepsPerEpoch: max(1, stepsPerEpoch), Average: s.Average, Seed: seed,
	}, err
}

// checkRules compares each setting with the range it may have.
func (s Settings) checkRules(data labelled) error {
	return broken(slices.Concat(s.EncoderSettings.rules(), s.ObjectiveSettings.rules(), data.rules(s.ObjectiveSettings), s.ScheduleSettings.rules(), []rule{
		{"whiten", s.Whiten, s.Whiten == 0 || !s.hasPairHead(), "0 for pairs"},
		{"optimizer", s.Optimizer, s.Optimizer != "sgd" || s.hasPairHead(), "adam or adamw, as sgd comes with rates for the layers of objective=pairs"},
	}))
}

// broken reports the first rule that does not hold.
func broken(rules []rule) error {
	for _, r := range rules {
		if !r.fine {
			return fmt.Errorf("setting %s=%v: want %s", r.name, r.value, r.want)
		}
	}
	return nil
}
