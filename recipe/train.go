package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// training is a recipe at work.
type training struct {
	recipe     Recipe
	job        Job
	spec       encoder.Spec
	trainer    *train.Trainer[*dataset.Batch]
	embedder   *train.Embedder[*dataset.Batch]
	loader     *dataset.Loader
	validation *validation
	lesson     *lesson
	index      *dataset.Lookalikes // of all that is learned from; nil until it is looked for
	old        [][]float32         // all that is learned from as the job's older model embeds it; nil without one
	setName    string
	setHash    string // of what is learned from
	began      time.Time
}

// Train runs the recipe and yields every step; the last Progress has the model.
//
// When it ends early, by ctx, by the caller's break or by an error, job.Checkpoint has all that is needed to go on: with
// Job.Resume the losses are those of an unbroken training. When it fails because its numbers overflow, or because what it has
// learned is no better than chance, the Progress beside the error has the best model of the validations before, if there is one.
func (r Recipe) Train(ctx context.Context, job Job) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		t, err := r.prepare(ctx, job)
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

// prepare checks the settings and builds everything that the first step needs.
func (r Recipe) prepare(ctx context.Context, job Job) (*training, error) {
	if err := r.Settings.Check(); err != nil {
		return nil, err
	}
	spec, err := r.Settings.encoderSpec()
	if err != nil {
		return nil, err
	}
	lesson, err := r.Settings.Data.begin(ctx, job.Background, r.Settings, job.Seed)
	if err != nil {
		return nil, err
	}
	if spec, err = job.compatible(spec); err != nil {
		return nil, err
	}
	t := &training{
		recipe: r, job: job, spec: spec, lesson: lesson, validation: newValidation(lesson, spec, r.Settings),
		setName: job.Background.Name, setHash: hashOf(job.Background), began: time.Now(),
	}
	if err := t.embedOld(ctx); err != nil {
		return nil, err
	}
	return t, t.newTrainer()
}

// load prepares the batches up to a step.
func (t *training) load(until int) error {
	sampler, err := t.lesson.sampler(t.index)
	if err != nil {
		return err
	}
	augment, err := t.recipe.Settings.augment()
	if err != nil {
		return err
	}
	start := t.trainer.Done()
	t.loader, err = dataset.NewLoader(t.lesson.extended, sampler, dataset.LoaderOptions{
		Preprocess: t.spec.Preprocess, Augment: augment, Seed: t.job.Seed, Start: start, Steps: until - start, Old: t.old,
	})
	return err
}

func (t *training) newTrainer() error {
	task, err := t.recipe.Settings.task(t.spec, len(t.lesson.extended.Classes))
	if err != nil {
		return err
	}
	config, err := t.recipe.Settings.config(task, t.lesson.epoch, t.job.Seed)
	if err != nil {
		return err
	}
	if t.job.Compatible != nil {
		if task, err = asCompatible(task); err != nil {
			return err
		}
	}
	if t.trainer, err = train.New(t.job.Backend, task, config); err != nil {
		return err
	}
	if t.embedder, err = train.NewEmbedder(t.trainer, t.spec); err != nil {
		return err
	}
	if t.job.Init != nil {
		if err := t.trainer.SetWeights(t.job.Init.Weights); err != nil {
			return fmt.Errorf("starting from another model: %w", err)
		}
	}
	return t.restore()
}

// restore goes on from the job's checkpoint, or makes sure that none is lost.
func (t *training) restore() error {
	if t.job.Checkpoint == "" {
		return nil
	}
	_, err := os.Stat(t.job.Checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist) && t.job.Resume:
		return fmt.Errorf("there is no checkpoint %s to resume from", t.job.Checkpoint)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !t.job.Resume:
		return fmt.Errorf("checkpoint %s of an interrupted training is there: resume from it, or remove it to start again", t.job.Checkpoint)
	}
	encoded, err := t.trainer.LoadCheckpoint(t.job.Checkpoint)
	if err != nil {
		return err
	}
	var loaded saved
	if err := json.Unmarshal(encoded, &loaded); err != nil {
		return fmt.Errorf("checkpoint %s is of no recipe: %w", t.job.Checkpoint, err)
	}
	ours, err := t.identity()
	if err == nil && string(loaded.Training) != string(ours) {
		err = fmt.Errorf("checkpoint %s is of another training (%s), this one is %s: give the same recipe, settings, data and seed",
			t.job.Checkpoint, loaded.Training, ours)
	}
	t.index = loaded.Lookalikes
	return err
}

// saved is what a checkpoint holds besides the trainer's state.
type saved struct {
	Training   json.RawMessage     `json:"training"`
	Lookalikes *dataset.Lookalikes `json:"lookalikes,omitempty"`
}

// identity tells trainings apart: a checkpoint of one must not go on as another.
func (t *training) identity() ([]byte, error) {
	return json.Marshal(struct {
		Recipe   string   `json:"recipe"`
		DataSet  string   `json:"data_set"`
		Contents string   `json:"contents"`
		Seed     uint64   `json:"seed"`
		Settings Settings `json:"settings"`
		Old      string   `json:"compatible_with,omitempty"`
	}{t.recipe.Name, t.setName, t.setHash, t.job.Seed, t.recipe.Settings, t.job.compatibleHash()})
}

// hashOf tells data sets of one name apart by their classes and how many images each has.
func hashOf(set *dataset.Set) string {
	hash := sha256.New()
	for label, items := range set.ByClass() {
		fmt.Fprintf(hash, "%s %d\n", set.Classes[label].Name, len(items))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// run takes the steps, in rounds. It reports whether the training came to its end.
func (t *training) run(ctx context.Context, yield func(Progress, error) bool) bool {
	for t.trainer.Done() < t.recipe.Settings.Steps { // not when resumed after its last step
		if err := t.prepareRound(ctx); err != nil {
			yield(t.interrupted(ctx, err))
			return false
		}
		if goOn, ended := t.round(ctx, yield); !goOn {
			return ended
		}
	}
	return true
}

// round takes the steps that are loaded. It reports whether to go on to the next round, and, if not, whether the training came to
// its end early.
func (t *training) round(ctx context.Context, yield func(Progress, error) bool) (goOn, ended bool) {
	for step, err := range t.trainer.Steps(ctx, t.loader.Batches(ctx)) {
		if err != nil {
			yield(t.interrupted(ctx, err))
			return false, false
		}
		progress := Progress{
			Step: step.Number, Steps: t.recipe.Settings.Steps, Epoch: step.Epoch, Loss: step.Loss, Rate: step.Rate,
			Active: step.Active, Mean: step.Mean, Spread: step.Spread, Note: step.Note,
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
func (t *training) validate(ctx context.Context, progress *Progress) (stop bool, err error) {
	s := t.recipe.Settings
	over := t.job.For > 0 && time.Since(t.began) >= t.job.For
	if progress.Step%s.Every != 0 && progress.Step != s.Steps && !over {
		return false, nil
	}
	score, err := t.validation.score(ctx, t.trainer, t.embedder)
	if err != nil {
		return false, err
	}
	progress.Validation = &score
	patience := s.Patience
	if patience == 0 {
		patience = s.Steps
	}
	if _, stop, err = t.trainer.Observe(score, patience); err != nil {
		return false, err
	}
	return stop || over, t.save()
}

func (t *training) save() error {
	if t.job.Checkpoint == "" {
		return nil
	}
	identity, err := t.identity()
	if err != nil {
		return err
	}
	state, err := json.Marshal(saved{identity, t.index})
	if err != nil {
		return err
	}
	return t.trainer.SaveCheckpoint(t.job.Checkpoint, state)
}

// interrupted saves a checkpoint and says why the training stopped. Numbers that overflowed would do so again after the
// checkpoint, so then there is the last good model.
func (t *training) interrupted(ctx context.Context, reason error) (Progress, error) {
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
func (t *training) lastGood(ctx context.Context) *modelfile.File {
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

// result is the weights of the best validation where training may stop early. Otherwise the schedule has brought the rate down
// to 0, and the last weights are better than what the noise of a validation would choose.
func (t *training) result() (weights []modelfile.Tensor, step int, err error) {
	if t.recipe.Settings.Patience > 0 {
		if best, weights := t.trainer.Best(); weights != nil {
			return weights, best.Step, nil
		}
	}
	weights, err = t.trainer.Weights()
	return weights, t.trainer.Done(), err
}

// finish makes the model.
func (t *training) finish(ctx context.Context) (*modelfile.File, error) {
	weights, step, err := t.result()
	if err != nil {
		return nil, err
	}
	return t.model(ctx, weights, step, t.recipe.Settings.Whiten > 0)
}

// model is a model of the weights of a step, with its threshold chosen on the validation alphabets.
func (t *training) model(ctx context.Context, weights []modelfile.Tensor, step int, whiten bool) (*modelfile.File, error) {
	file, err := encoder.NewFile(t.spec, t.recipe.Settings.distance(), weights)
	if err != nil {
		return nil, err
	}
	file.Provenance = modelfile.Provenance{
		Recipe: t.recipe.Name, DataSet: t.setName, Seed: t.job.Seed, Steps: step, Commit: t.job.Commit,
		Settings: maps.Collect(t.recipe.Settings.encoded()), Learned: t.names(),
	}
	if old := t.job.Compatible; old != nil {
		file.Distance = old.Distance // on the unit sphere all orders are one
		file.Provenance.Compatible = append([]string{old.Hash}, old.Provenance.Compatible...)
	} else if whiten { // which would make it incompatible
		if err := t.whiten(ctx, file); err != nil {
			return nil, err
		}
	}
	file.Calibration, err = t.validation.calibrate(ctx, t.job.Backend, file, t.recipe.Settings.Data.Words().Parts, t.job.Seed)
	return file, err
}

// names remembers the classes that the model was made from, and those of the model that it started from.
func (t *training) names() modelfile.Learned {
	var before modelfile.Learned
	if t.job.Init != nil {
		before = t.job.Init.Provenance.Learned
	}
	var names []string
	for _, set := range []*dataset.Set{t.lesson.learned, t.validation.set} {
		for _, class := range set.Classes {
			names = append(names, class.Name)
		}
	}
	return modelfile.NewLearned(before, names...)
}

// whiten evens out how the model's embeddings vary within the classes that were learned.
func (t *training) whiten(ctx context.Context, file *modelfile.File) error {
	model, err := siam.New(file, siam.WithBackend(t.job.Backend))
	if err != nil {
		return err
	}
	defer model.Close()
	embeddings, err := judge.Embed(ctx, model, t.lesson.learned)
	if err != nil {
		return err
	}
	file.Weights, err = encoder.Whiten(t.spec, file.Weights, embeddings, judge.ItemsOf(t.lesson.learned).Labels, t.recipe.Settings.Whiten)
	if err != nil {
		err = fmt.Errorf("%w: the model tells nothing apart; lower the learning rate", err)
	}
	return err
}
