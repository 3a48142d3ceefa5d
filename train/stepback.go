package train

import (
	"fmt"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/modelfile/safetensors"
)

// healthy are copies of the weights at the beginning of the last two windows of steps that looked well.
type healthy struct {
	older, newer     []safetensors.Tensor
	olderAt, newerAt int // steps done then
}

// keepHealthy copies the weights at the start, and then once in a window.
func (t *Trainer[B]) keepHealthy() error {
	window := t.config.Watch.window()
	if _, watched := t.watched(); !watched || t.healthy.newer != nil && t.state.Step < t.healthy.newerAt+window {
		return nil
	}
	weights, err := t.save(t.isWeight)
	if err != nil {
		return err
	}
	t.healthy.older, t.healthy.olderAt = t.healthy.newer, t.healthy.newerAt
	t.healthy.newer, t.healthy.newerAt = weights, t.state.Step
	return nil
}

// watch looks at what a step showed, steps back if the encoder has collapsed, and says what it found and did.
func (t *Trainer[B]) watch(step sight) (note string, err error) {
	w, window := &t.state.Watcher, t.config.Watch.window()
	task, watched := t.watched()
	if !watched {
		return "", nil
	}
	reason := w.observe(step, window, task.Collapsed())
	switch {
	case reason == "" && w.idle(window):
		return fmt.Sprintf("nothing to learn: no tuple has had a loss for %d steps; use a harder miner or a larger margin", window), nil
	case reason == "" || w.GaveUp:
		return "", nil
	case w.Backs == maxBacks:
		w.GaveUp = true
		return fmt.Sprintf("collapsed again: %s; stepping back %d times has not helped: lower the learning rate, "+
			"take larger batches or check that the labels are right", reason, maxBacks), nil
	}
	return t.stepBack(reason)
}

// stepBack restores weights from before the collapse and goes on more gently: half the rate, and an easier task where
// there is one.
func (t *Trainer[B]) stepBack(reason string) (note string, err error) {
	weights, at := t.healthy.older, t.healthy.olderAt
	if weights == nil {
		weights, at = t.healthy.newer, t.healthy.newerAt
	}
	if err := t.load(weights); err != nil {
		return "", fmt.Errorf("step back: %w", err)
	}
	if err := t.forget(); err != nil {
		return "", fmt.Errorf("step back: %w", err)
	}
	t.state.RateFactor /= 2
	t.state.Watcher = watcher{Backs: t.state.Watcher.Backs + 1}
	t.healthy = healthy{newer: weights, newerAt: t.state.Step}
	note = fmt.Sprintf("collapsed: %s; went back to the weights of step %d with half the learning rate", reason, at)
	if what, ok := t.ease(); ok {
		note += " and " + what
	}
	return note, nil
}

// watched is the task as one to watch, false where nothing is watched.
func (t *Trainer[B]) watched() (task Watched[B], ok bool) {
	task, ok = t.task.(Watched[B])
	return task, ok && !t.config.Watch.Off
}

// ease replaces the task with an easier one, if there is one, and says what is easier about it.
func (t *Trainer[B]) ease() (what string, ok bool) {
	task, ok := t.task.(Watched[B])
	if !ok {
		return "", false
	}
	easier, what, ok := task.Easier()
	if !ok {
		return "", false
	}
	t.task = easier
	t.state.Easier++
	for _, exec := range []**model.Exec{&t.exec, &t.gathers} {
		if *exec != nil {
			(*exec).Finalize()
			*exec = nil
		}
	}
	return what, true
}
