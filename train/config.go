// Package train trains a [Task]: with batches of labels or pairs an encoder, or what a program makes a task of. The caller owns the
// loop:
//
//	t, err := train.New(backend, task, config)
//	for step, err := range t.Steps(ctx, batches) {
//		…
//	}
//
// One compiled graph does a whole step: network, loss, gradients, optimizer. What changes from step to step, such as rates, is fed to
// it.
package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Layer are the settings of one layer (Koch et al. 2015, section 3.2).
type Layer struct {
	Rate     float64 // learning rate η, before the schedule's factor
	Momentum float64 // μ in [0, 1), which [SGD] uses
	L2       float64 // λ: the loss gets λ‖w‖² of the layer's weights, not of its bias and scales
}

// Config says how to train.
type Config struct {
	Optimizer Optimizer
	// Schedule is the factor on all rates; nil keeps them.
	Schedule Schedule
	// Layer holds for all layers that Layers does not name. Names are those of [Trainer.Layers], such as "encoder/conv1".
	Layer  Layer
	Layers map[string]Layer
	// RampEpochs above 0 lets momenta grow linearly by the epoch, from 0.5 in epoch 0 to Layer.Momentum in this epoch.
	RampEpochs int
	// StepsPerEpoch defines an epoch for schedule and ramp.
	StepsPerEpoch int
	// Accumulate above 1 makes a step of so many batches, one after another: of the mean of their gradients. So a large batch fits into
	// memory.
	Accumulate int
	// Clip above 0 scales the gradient of all weights together down to at most this length.
	Clip float64
	// Average above 0 keeps an exponential moving average of the weights, which is then the result: after each step it
	// keeps this share of itself, less in the first steps. 0.99 to 0.999 are customary.
	Average float64
	Seed    uint64 // of initial weights and dropout
	Watch   Watch  // of tasks that are [Watched]
}

// check says what is wrong with the settings; layers are the names that Layers may use.
func (c Config) check(layers []string) error {
	switch {
	case c.Optimizer == nil:
		return errors.New("no optimizer")
	case c.StepsPerEpoch < 1:
		return fmt.Errorf("%d steps per epoch, want at least 1", c.StepsPerEpoch)
	case c.Accumulate < 0:
		return fmt.Errorf("gradients of %d batches make a step, want 0 or more", c.Accumulate)
	case !(c.Clip >= 0):
		return fmt.Errorf("clip %v, want 0 or more", c.Clip)
	case !(c.Average >= 0 && c.Average < 1):
		return fmt.Errorf("average %v, want 0 or more and less than 1", c.Average)
	case c.Watch.Window < 0:
		return fmt.Errorf("watch window of %d steps, want 0 or more", c.Watch.Window)
	}
	for name, layer := range c.Layers {
		if !slices.Contains(layers, name) {
			return fmt.Errorf("settings for layer %q, which is none of %s", name, strings.Join(layers, ", "))
		}
		if err := layer.check(); err != nil {
			return fmt.Errorf("layer %s: %w", name, err)
		}
	}
	return c.Layer.check()
}

func (l Layer) check() error {
	switch {
	case !(l.Rate >= 0) || math.IsInf(l.Rate, 0):
		return fmt.Errorf("learning rate %v, want 0 or more", l.Rate)
	case !(l.Momentum >= 0 && l.Momentum < 1):
		return fmt.Errorf("momentum %v, want 0 or more and less than 1", l.Momentum)
	case !(l.L2 >= 0) || math.IsInf(l.L2, 0):
		return fmt.Errorf("L2 %v, want 0 or more", l.L2)
	}
	return nil
}

// layer is the settings of the layer of this name.
func (c Config) layer(name string) Layer {
	if l, ok := c.Layers[name]; ok {
		return l
	}
	return c.Layer
}

// momentum is μ of layer l in an epoch.
func (c Config) momentum(l Layer, epoch int) float64 {
	const start = 0.5
	if c.RampEpochs == 0 || epoch >= c.RampEpochs {
		return l.Momentum
	}
	return start + (l.Momentum-start)*float64(epoch)/float64(c.RampEpochs)
}
