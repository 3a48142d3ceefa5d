package main

import (
	"fmt"
	"time"

	"github.com/siam-go/siam/recipe"
)

// trainingProgress shows a training.
type trainingProgress struct {
	*progress
	first   int // step at which it started
	measure recipe.Measure
}

func (a *app) newTrainingProgress(s recipe.Settings) *trainingProgress {
	p := &trainingProgress{progress: a.newProgress("training", "steps", s.Steps), measure: s.Data.Words().Measure}
	p.spoke = time.Time{} // the first step is worth a line
	return p
}

func (p *trainingProgress) step(s recipe.Progress) {
	if p.app.quiet {
		return
	}
	if p.first == 0 {
		p.first = s.Step
	}
	p.done = s.Step
	if s.Validation != nil || s.Note != "" || p.bar == nil && time.Since(p.spoke) > quietFor {
		p.write(p.line(s))
	}
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("loss %.3f", s.Loss))
		p.bar.Set(s.Step) // an error only says that the terminal is gone
	}
}

func (p *trainingProgress) line(s recipe.Progress) string {
	line := fmt.Sprintf("step %d of %d, loss %.4f, rate %.2g", s.Step, s.Steps, s.Loss, s.Rate) + p.pace(s.Step-p.first)
	switch {
	case s.Validation == nil:
	case p.measure == recipe.Jaccard:
		line += fmt.Sprintf(", validation J %.3f", *s.Validation)
	default:
		line += fmt.Sprintf(", validation %.1f %%", 100**s.Validation)
	}
	if s.Note != "" {
		line += "\nnote: " + s.Note
	}
	return line
}
