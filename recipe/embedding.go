package recipe

import (
	"context"
	"fmt"
	"iter"
	"maps"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// labelled is a kind of data that an encoder learns from by labels or by pairs.
type labelled interface {
	// rules check the settings that only it has.
	rules(s ObjectiveSettings) []rule
	// prepare says how its images are prepared for an encoder.
	prepare(p imgproc.Preprocess) imgproc.Preprocess
	// begin makes a data set ready for a training.
	begin(ctx context.Context, set *dataset.Set, s Settings, seed uint64) (*lesson, error)
}

// lesson is a data set made ready for a training.
type lesson struct {
	learned   *dataset.Set
	extended  *dataset.Set // learned, and what was added to it
	validated *dataset.Set
	epoch     int    // batches that show all that there is once
	note      string // what is done otherwise than the settings ask for
	// sampler picks the examples of each step from extended. It chooses hard ones by index, when that is not nil.
	sampler func(index *dataset.Lookalikes) (dataset.Sampler, error)
	// judge is the accuracy that the embeddings of validated reach.
	judge func(embeddings [][]float32, compare distance) (float64, error)
}

// distance compares two embeddings.
type distance = func(a, b []float32) float32

// embedding is the training of an encoder at work.
type embedding struct {
	*lesson
	recipe   Recipe
	job      Job
	spec     encoder.Spec
	trainer  *train.Trainer[*dataset.Batch]
	embedder *train.Embedder[*dataset.Batch]
	inputs   []float32   // the validated images [n, h, w, c]
	old      [][]float32 // all that is learned from as the job's older model embeds it; nil without one
	memory   embeddingMemory
	episodes []episode // of validated
	shown    []Example // the episodes, as the last score answered them
}

// embeddingMemory is what a resumed training of an encoder must know.
type embeddingMemory struct {
	Lookalikes *dataset.Lookalikes `json:"lookalikes,omitempty"` // of all that is learned from; nil until they are looked for
}

// newEncoderCourse is the training of an encoder on a kind of data.
func newEncoderCourse(ctx context.Context, r Recipe, job Job, data labelled) (c course[*dataset.Batch], err error) {
	e, err := newEmbedding(ctx, r, job, data)
	if err != nil {
		return c, err
	}
	return course[*dataset.Batch]{trainer: e.trainer, batches: e.batches, score: e.score, model: e.model, memory: &e.memory, note: e.note,
		show: func(p *Progress) { p.Examples = e.shown }}, nil
}

// newEmbedding checks the settings and builds everything that the first step needs.
func newEmbedding(ctx context.Context, r Recipe, job Job, data labelled) (*embedding, error) {
	if err := r.Settings.checkEncoder(data); err != nil {
		return nil, err
	}
	e := &embedding{recipe: r, job: job}
	var err error
	if e.spec, err = r.Settings.encoderSpec(data); err != nil {
		return nil, err
	}
	if e.lesson, err = data.begin(ctx, job.Background, r.Settings, job.Seed); err != nil {
		return nil, err
	}
	if err := judge.CanClaim(e.validated, job.FMR); err != nil {
		return nil, fmt.Errorf("of the %s kept out of training, %w", r.Settings.Data.Words().Parts, err)
	}
	if e.spec, err = job.compatible(e.spec); err != nil {
		return nil, err
	}
	e.episodes = drawEpisodes(e.validated, job.Seed)
	e.inputs = prepared(e.spec.Preprocess, e.validated.Items)
	if e.old, err = job.embedOld(ctx, e.extended); err != nil {
		return nil, err
	}
	return e, e.newTrainer()
}

// prepared are images as an encoder reads them, [n, h, w, c].
func prepared(p imgproc.Preprocess, items []dataset.Item) []float32 {
	size := p.Size()
	inputs := make([]float32, len(items)*size)
	for i, item := range items {
		p.Apply(inputs[i*size:(i+1)*size], item.Pixels())
	}
	return inputs
}

func (e *embedding) newTrainer() error {
	task, err := e.recipe.Settings.task(e.spec, len(e.extended.Classes))
	if err != nil {
		return err
	}
	config, err := e.recipe.Settings.config(task, e.epoch, e.job.Seed)
	if err != nil {
		return err
	}
	if e.job.Compatible != nil {
		if task, err = asCompatible(task); err != nil {
			return err
		}
	}
	if e.trainer, err = train.New(e.job.Backend, task, config); err != nil {
		return err
	}
	if e.embedder, err = train.NewEmbedder(e.trainer, e.spec); err != nil {
		return err
	}
	if e.job.Init != nil {
		if err := e.trainer.SetWeights(e.job.Init.Weights); err != nil {
			return fmt.Errorf("starting from another model: %w", err)
		}
	}
	return nil
}

// batches are those up to the next look through the data set, or to the end. Each look is at the weights of a step that is a
// multiple of Refresh, and a checkpoint holds what it found, so that a resumed training sees the same batches.
func (e *embedding) batches(ctx context.Context) (iter.Seq2[*dataset.Batch, error], error) {
	s, done := e.recipe.Settings, e.trainer.Done()
	until := s.Steps
	if s.Refresh > 0 {
		until = min(s.Steps, (done/s.Refresh+1)*s.Refresh)
		if done > 0 && done%s.Refresh == 0 {
			var err error
			if e.memory.Lookalikes, err = e.look(ctx); err != nil {
				return nil, fmt.Errorf("looking for look-alikes: %w", err)
			}
		}
	}
	sampler, err := e.sampler(e.memory.Lookalikes)
	if err != nil {
		return nil, err
	}
	augment, err := s.augment()
	if err != nil {
		return nil, err
	}
	loader, err := dataset.NewLoader(e.extended, sampler, dataset.LoaderOptions{
		Preprocess: e.spec.Preprocess, Augment: augment, Seed: e.job.Seed, Start: done, Steps: until - done, Old: e.old,
	})
	if err != nil {
		return nil, err
	}
	return loader.Batches(ctx), nil
}

// score is the accuracy of the weights on what validates.
func (e *embedding) score(ctx context.Context) (float64, error) {
	embeddings, err := e.embedder.Embed(ctx, e.inputs)
	if err != nil {
		return 0, err
	}
	weights, err := e.trainer.Weights()
	if err != nil {
		return 0, err
	}
	compare, err := encoder.DistanceOf(e.spec, e.recipe.Settings.distance(), weights)
	if err != nil {
		return 0, err
	}
	e.shown = nil
	for _, one := range e.episodes {
		e.shown = append(e.shown, one.answered(e.validated, embeddings, compare.Of))
	}
	return e.judge(embeddings, compare.Of)
}

// model is a model of the weights of a step, with its threshold chosen on what validates.
func (e *embedding) model(ctx context.Context, weights []modelfile.Tensor, step int, finished bool) (*modelfile.File, error) {
	s := e.recipe.Settings
	file, err := encoder.NewFile(e.spec, s.distance(), weights)
	if err != nil {
		return nil, err
	}
	file.Provenance = modelfile.Provenance{
		Recipe: e.recipe.Name, DataSet: e.job.Background.Name, Seed: e.job.Seed, Steps: step, Commit: e.job.Commit,
		Settings: maps.Collect(s.encoded()), Learned: e.names(),
	}
	if old := e.job.Compatible; old != nil {
		file.Distance = old.Distance // on the unit sphere all orders are one
		file.Provenance.Compatible = append([]string{old.Hash}, old.Provenance.Compatible...)
	} else if finished && s.Whiten > 0 { // which would make it incompatible
		if err := e.whiten(ctx, file); err != nil {
			return nil, err
		}
	}
	file.Calibration, err = e.calibrate(ctx, file)
	return file, err
}

// names remembers the classes that the model was made from, and those of the model that it started from.
func (e *embedding) names() modelfile.Learned {
	var before modelfile.Learned
	if e.job.Init != nil {
		before = e.job.Init.Provenance.Learned
	}
	var names []string
	for _, set := range []*dataset.Set{e.learned, e.validated} {
		for _, class := range set.Classes {
			names = append(names, class.Name)
		}
	}
	return modelfile.NewLearned(before, names...)
}

// whiten evens out how the model's embeddings vary within the classes that were learned.
func (e *embedding) whiten(ctx context.Context, file *modelfile.File) error {
	embeddings, err := e.job.embedWith(ctx, file, e.learned)
	if err != nil {
		return err
	}
	file.Weights, err = encoder.Whiten(e.spec, file.Weights, embeddings, judge.ItemsOf(e.learned).Labels, e.recipe.Settings.Whiten)
	if err != nil {
		err = fmt.Errorf("%w: the model tells nothing apart; lower the learning rate", err)
	}
	return err
}

// embedWith embeds a set with a model.
func (j Job) embedWith(ctx context.Context, file *modelfile.File, set *dataset.Set) ([][]float32, error) {
	model, err := siam.New(file, siam.WithBackend(j.Backend))
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return judge.Embed(ctx, model, set)
}
