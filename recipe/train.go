package recipe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/train"
)

// Train runs the recipe and yields every step; the last Progress has the model.
//
// When it ends early, by ctx, by the caller's break or by an error, job.Checkpoint has all that is needed to go on: with
// Job.Resume the losses are those of an unbroken training. When it fails because its numbers overflow, or because what it has
// learned is no better than chance, the Progress beside the error has the best model of the validations before, if there is one.
func (r Recipe) Train(ctx context.Context, job Job) iter.Seq2[Progress, error] {
	switch data := r.Settings.Data.(type) {
	case Shared:
		return runCourse(ctx, r, job, func() (course[*coseg.Batch], error) { return newCosegCourse(r, job, data) })
	case Followed:
		return runCourse(ctx, r, job, func() (course[*pairnet.Batch], error) { return newPairCourse(r, job, data) })
	}
	return runCourse(ctx, r, job, func() (course[*dataset.Batch], error) {
		data, ok := r.Settings.Data.(labelled)
		if !ok {
			return course[*dataset.Batch]{}, fmt.Errorf("nothing is trained on %T", r.Settings.Data)
		}
		return newEncoderCourse(ctx, r, job, data)
	})
}

// course is what a kind of data makes of a recipe and a job, for the training to go through. B is a batch.
type course[B any] struct {
	trainer *train.Trainer[B]
	// batches are those up to the next time that something else is to be done with the weights, at most to the last one.
	batches func(ctx context.Context) (iter.Seq2[B, error], error)
	// score is how good the weights are now, in [0, 1].
	score func(ctx context.Context) (float64, error)
	// model is the model of the weights of a step; finished says whether they are the result, or only what is left of a failure.
	model func(ctx context.Context, weights []modelfile.Tensor, step int, finished bool) (*modelfile.File, error)
	// memory is what a checkpoint holds besides the trainer's state: a pointer to what JSON can write and read.
	memory any
	// show puts into a progress what the weights of the last score answer.
	show func(*Progress)
	// note is said with the first step: what is done otherwise than the settings ask for; "" for nothing.
	note string
}

// training is a recipe at work.
type training[B any] struct {
	course[B]
	recipe Recipe
	job    Job
	began  time.Time
}

// runCourse begins a course and goes through it.
func runCourse[B any](ctx context.Context, r Recipe, job Job, begin func() (course[B], error)) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		t := &training[B]{recipe: r, job: job, began: time.Now()}
		var err error
		if t.course, err = begin(); err == nil {
			err = t.restore()
		}
		if err != nil {
			yield(Progress{}, fmt.Errorf("recipe %s: %w", r.Name, err))
			return
		}
		if !t.run(ctx, yield) {
			return
		}
		model, err := t.finish(ctx)
		if err != nil {
			yield(Progress{Model: t.lastGood(ctx)}, fmt.Errorf("recipe %s: %w", r.Name, err))
			return
		}
		yield(Progress{Step: t.trainer.Done(), Steps: r.Settings.Steps, Model: model}, nil)
	}
}

// run takes the steps, in rounds. It reports whether the training came to its end.
func (t *training[B]) run(ctx context.Context, yield func(Progress, error) bool) bool {
	for t.trainer.Done() < t.recipe.Settings.Steps { // not when resumed after its last step
		batches, err := t.batches(ctx)
		if err != nil {
			yield(t.interrupted(ctx, err))
			return false
		}
		if goOn, ended := t.round(ctx, batches, yield); !goOn {
			return ended
		}
	}
	return true
}

// round takes a step for each batch. It reports whether to go on to the next round, and, if not, whether the training came to its
// end early.
func (t *training[B]) round(ctx context.Context, batches iter.Seq2[B, error], yield func(Progress, error) bool) (goOn, ended bool) {
	for step, err := range t.trainer.Steps(ctx, batches) {
		if err != nil {
			yield(t.interrupted(ctx, err))
			return false, false
		}
		progress := Progress{
			Step: step.Number, Steps: t.recipe.Settings.Steps, Epoch: step.Epoch, Loss: step.Loss, Rate: step.Rate,
			Active: step.Active, Mean: step.Mean, Spread: step.Spread, Note: step.Note,
		}
		if t.note != "" {
			progress.Note, t.note = strings.TrimPrefix(progress.Note+"; "+t.note, "; "), ""
		}
		stop, err := t.validate(ctx, &progress)
		if err != nil {
			yield(t.interrupted(ctx, err))
			return false, false
		}
		if !yield(progress, nil) {
			t.save() // when that fails, nobody is left to hear of it
			return false, false
		}
		if stop {
			return false, true
		}
	}
	return true, true
}

// validate scores the weights when it is time, saves a checkpoint, and says when training should stop.
func (t *training[B]) validate(ctx context.Context, progress *Progress) (stop bool, err error) {
	s := t.recipe.Settings
	over := t.job.For > 0 && time.Since(t.began) >= t.job.For
	if progress.Step%s.Every != 0 && progress.Step != s.Steps && !over {
		return false, nil
	}
	score, err := t.score(ctx)
	if err != nil {
		return false, fmt.Errorf("validating: %w", err)
	}
	progress.Validation = &score
	t.show(progress)
	patience := s.Patience
	if patience == 0 {
		patience = s.Steps
	}
	if _, stop, err = t.trainer.Observe(score, patience); err != nil {
		return false, err
	}
	return stop || over, t.save()
}

// interrupted saves a checkpoint and says why the training stopped. Numbers that overflowed would do so again after the
// checkpoint, so then there is the last good model.
func (t *training[B]) interrupted(ctx context.Context, reason error) (Progress, error) {
	var overflow *train.NotFinite
	last := Progress{}
	goOn := ", go on with --resume"
	if errors.As(reason, &overflow) {
		last.Model, goOn = t.lastGood(ctx), ""
	}
	if t.trainer.Done() == 0 || t.job.Checkpoint == "" {
		return last, fmt.Errorf("recipe %s: %w", t.recipe.Name, reason)
	}
	if err := t.save(); err != nil {
		return last, fmt.Errorf("recipe %s stopped after step %d: %w; and its checkpoint: %w", t.recipe.Name, t.trainer.Done(), reason, err)
	}
	return last, fmt.Errorf("recipe %s stopped after step %d: %w; checkpoint %s is saved%s",
		t.recipe.Name, t.trainer.Done(), reason, t.job.Checkpoint, goOn)
}

// lastGood is the model of the best validation so far, nil when there is none that tells things apart.
func (t *training[B]) lastGood(ctx context.Context) *modelfile.File {
	best, weights := t.trainer.Best()
	if weights == nil {
		return nil
	}
	model, err := t.model(ctx, weights, best.Step, false)
	if err != nil {
		return nil // the error that ended the training is told
	}
	return model
}

// finish makes the model: of the weights of the best validation where training may stop early. Otherwise the schedule has brought
// the rate down to 0, and the last weights are better than what the noise of a validation would choose.
func (t *training[B]) finish(ctx context.Context) (*modelfile.File, error) {
	if t.recipe.Settings.Patience > 0 {
		if best, weights := t.trainer.Best(); weights != nil {
			return t.model(ctx, weights, best.Step, true)
		}
	}
	weights, err := t.trainer.Weights()
	if err != nil {
		return nil, err
	}
	return t.model(ctx, weights, t.trainer.Done(), true)
}
