package recipe

import (
	"fmt"
	"math"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/train"
)

func (s ScheduleSettings) rules() []rule {
	return []rule{
		{"steps", s.Steps, s.Steps >= 1, "1 or more"},
		{"rate", s.Rate, s.Rate > 0, "more than 0"},
		{"rates", s.Rates, s.Rates.within(0, math.Inf(1)), "0 or more for each layer"},
		{"fall", s.Fall, s.Fall >= 0 && s.Fall <= 1, "0 to 1"},
		{"momentum", s.Momentum, s.Momentum.within(0, 1), "0 or more and less than 1"},
		{"ramp", s.Ramp, s.Ramp >= 0, "0 or more"},
		{"l2", s.L2, s.L2.within(0, math.Inf(1)), "0 or more"},
		{"proxy_rate", s.ProxyRate, s.ProxyRate >= 0, "0 or more"},
		{"decay", s.Decay, s.Decay >= 0, "0 or more"},
		{"average", s.Average, s.Average >= 0 && s.Average < 1, "0 or more and less than 1"},
		{"whiten", s.Whiten, s.Whiten >= 0, "0 or more"},
		{"validation", s.Validation, s.Validation >= 1, "1 or more"},
		{"every", s.Every, s.Every >= 1, "1 or more"},
		{"patience", s.Patience, s.Patience >= 0, "0 or more"},
		{"trials", s.Trials, s.Trials >= 1, "1 or more"},
	}
}

// optimizer is the one that the settings name.
func (s ScheduleSettings) optimizer() (train.Optimizer, error) {
	switch s.Optimizer {
	case "sgd":
		return train.SGD{}, nil
	case "adam":
		return train.NewAdam(), nil
	case "adamw":
		return train.NewAdamW(s.Decay), nil
	}
	return nil, fmt.Errorf("setting optimizer=%s: want sgd, adam or adamw", s.Optimizer)
}

// schedule is the factor on all rates.
func (s ScheduleSettings) schedule() train.Schedule {
	if s.Fall > 0 {
		return train.Decay(s.Fall)
	}
	return train.Cosine(s.Steps, s.Steps/40)
}

// config says how to train a task.
func (s Settings) config(task train.Task[*dataset.Batch], stepsPerEpoch int, seed uint64) (train.Config, error) {
	optimizer, err := s.optimizer()
	if err != nil {
		return train.Config{}, err
	}
	config := train.Config{
		Optimizer: optimizer, Schedule: s.schedule(), RampEpochs: s.Ramp,
		StepsPerEpoch: stepsPerEpoch, Average: s.Average, Seed: seed,
	}
	s.layers(&config)
	if labels, ok := task.(train.Labels); ok && labels.Objective.Classes > 0 && s.ProxyRate > 0 {
		config.Layers[train.ObjectiveLayer] = train.Layer{Rate: s.ProxyRate * s.Rate}
	}
	return config, nil
}
