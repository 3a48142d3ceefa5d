package recipe

import (
	"errors"
	"fmt"
	"slices"
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

// checkRules compares each setting with the range it may have.
func (s Settings) checkRules(data labelled) error {
	for _, r := range slices.Concat(s.EncoderSettings.rules(), s.ObjectiveSettings.rules(), data.rules(s.ObjectiveSettings), s.ScheduleSettings.rules(), []rule{
		{"whiten", s.Whiten, s.Whiten == 0 || !s.hasPairHead(), "0 for pairs"},
		{"optimizer", s.Optimizer, s.Optimizer != "sgd" || s.hasPairHead(), "adam or adamw, as sgd comes with rates for the layers of objective=pairs"},
	}) {
		if !r.fine {
			return fmt.Errorf("setting %s=%v: want %s", r.name, r.value, r.want)
		}
	}
	return nil
}
