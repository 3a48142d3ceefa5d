package recipe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/siam-go/siam/boost"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/train"
)

// Followed are videos with the truth about who is where, and crops of people, from which a network learns which boxes belong together.
type Followed struct {
	Topology string  `json:"topology"` // one of package pairnet: where the two crops of a pair meet
	Flow     bool    `json:"flow"`     // whether the motion to the next frame is looked at
	Batch    int     `json:"batch"`    // pairs in a batch
	Far      float64 `json:"far"`      // seconds between the two boxes of a pair, at most
	Crops    float64 `json:"crops"`    // part of the pairs that are of crops, which have no next frame
	Trees    int     `json:"trees"`    // boosted trees over the network's answer and what boxes and times say; 0 for none
	Taught   int     `json:"taught"`   // pairs that the trees learn from
	// Out keeps every person out of the network's training whose number in the set is divisible by it: they validate, and teach the trees.
	Out int `json:"out"`
}

// ReIDSiamese is the association network of "Learning by tracking".
func ReIDSiamese() Recipe {
	return Recipe{
		Name: "reid-siamese", Summary: "which boxes of a video show the same person: the association network and boosted trees of Leal-Taixé et al. 2016, for siam track --offline",
		Settings: Settings{
			Data:             Followed{Topology: pairnet.InputStacking, Flow: true, Batch: 64, Far: 3, Crops: 0.3, Trees: 400, Taught: 6000, Out: 3},
			ScheduleSettings: ScheduleSettings{Steps: 800, Optimizer: "adamw", Rate: 3e-3, Decay: 0.05, Average: 0.99, Every: 200},
		},
	}
}

// Words implements [Source].
func (Followed) Words() Words {
	return Words{Parts: "people", Asked: "the part of pairs that are answered rightly,", Measure: Accuracy}
}

// Read implements [Source].
func (d Followed) Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error) {
	spec, err := d.spec()
	if err != nil {
		return Background{}, err
	}
	return readPassers(ctx, spec, folder, leave)
}

// without is a set less the videos, or people, of these names.
func without(set *dataset.Set, names []string) (*dataset.Set, error) {
	if len(names) == 0 {
		return set, nil
	}
	rest := &dataset.Set{Name: set.Name + " without " + strings.Join(names, ", ")}
	label, left := map[int]int{}, map[string]bool{}
	for i, c := range set.Classes {
		out := false
		for _, name := range []string{c.Name, c.Group} {
			if slices.Contains(names, name) {
				out, left[name] = true, true
			}
		}
		if !out {
			label[i] = len(rest.Classes)
			rest.Classes = append(rest.Classes, c)
		}
	}
	for _, name := range names {
		if !left[name] {
			return nil, fmt.Errorf("there is no video or person %s; there are %s", name, strings.Join(set.Groups(), ", "))
		}
	}
	for _, item := range set.Items {
		if at, kept := label[item.Label]; kept {
			item.Label = at
			rest.Items = append(rest.Items, item)
		}
	}
	return rest, nil
}

func (d Followed) spec() (pairnet.Spec, error) {
	spec := pairnet.Paper()
	spec.Topology, spec.Flow = d.Topology, d.Flow
	return spec, spec.Check()
}

func (d Followed) check(s Settings) error {
	rules := []rule{
		{"batch", d.Batch, d.Batch >= 1 && d.Batch <= 10000, "1 to 10000"},
		{"far", d.Far, d.Far > 0 && !math.IsInf(d.Far, 0), "more than 0"},
		{"crops", d.Crops, d.Crops >= 0 && d.Crops <= 1, "0 to 1"},
		{"trees", d.Trees, d.Trees >= 0 && d.Trees <= 100000, "0 to 100000"},
		{"taught", d.Taught, d.Taught >= 1, "1 or more"},
		{"out", d.Out, d.Out >= 2, "2 or more"},
	}
	if err := s.checkOneRate(rules); err != nil {
		return err
	}
	_, err := d.spec()
	return err
}

// pairCourse is a training of the association network at work.
type pairCourse struct {
	data      Followed
	recipe    Recipe
	job       Job
	spec      pairnet.Spec
	trainer   *train.Trainer[*pairnet.Batch]
	learned   *pairnet.Sampler
	validated *pairnet.Sampler
	questions [][]int32 // of validated
	shown     []Example // the questions, as the last score answered them
}

// newPairCourse checks the settings and builds everything that the first step needs.
func newPairCourse(r Recipe, job Job, data Followed) (c course[*pairnet.Batch], err error) {
	if err := r.Settings.Check(); err != nil {
		return c, err
	}
	if job.Compatible != nil {
		return c, errors.New("a model that compares pairs has no embeddings to be compatible with")
	}
	w := &pairCourse{data: data, recipe: r, job: job}
	if w.spec, err = data.spec(); err != nil {
		return c, err
	}
	pairs := pairnet.Sampler{Spec: w.spec, Pairs: data.Batch, Far: data.Far, Crops: data.Crops, Seed: job.Seed}
	if w.learned, err = pairnet.NewSampler(pairs, job.Background, func(label int) bool { return label%data.Out != 0 }); err != nil {
		return c, fmt.Errorf("what the network learns from: %w", err)
	}
	pairs.Crops, pairs.Seed = 0, job.Seed+1
	if w.validated, err = pairnet.NewSampler(pairs, job.Background, func(label int) bool { return label%data.Out == 0 }); err != nil {
		return c, fmt.Errorf("what is kept out, with out=%d: %w", data.Out, err)
	}
	if err := w.newTrainer(); err != nil {
		return c, err
	}
	w.drawQuestions()
	return course[*pairnet.Batch]{trainer: w.trainer, batches: w.batches, score: w.score, model: w.model, memory: new(struct{}),
		show: func(p *Progress) { p.Examples = w.shown }}, nil
}

// drawQuestions draws those that a validation shows, the same each time.
func (w *pairCourse) drawQuestions() {
	rng := rand.New(rand.NewPCG(w.job.Seed, 17))
	for range 4 * examplesShown { // not all that are drawn have an answer
		if q := w.validated.Question(rng, 1+exampleWays); q != nil && len(w.questions) < examplesShown {
			w.questions = append(w.questions, q)
		}
	}
}

func (w *pairCourse) newTrainer() error {
	config, err := w.recipe.Settings.oneRate(w.learned.Items()/w.data.Batch, w.job.Seed)
	if err != nil {
		return err
	}
	if w.trainer, err = train.New(w.job.Backend, train.Task[*pairnet.Batch](pairnet.Pairs{Spec: w.spec}), config); err != nil {
		return err
	}
	if init := w.job.Init; init != nil {
		_, weights, err := boost.FromTensors(init.Weights)
		if err == nil {
			err = w.trainer.SetWeights(weights)
		}
		if err != nil {
			return fmt.Errorf("starting from another model: %w", err)
		}
	}
	return nil
}

func (w *pairCourse) batches(ctx context.Context) (iter.Seq2[*pairnet.Batch, error], error) {
	return dataset.Prefetch(ctx, dataset.PrefetchOptions{Start: w.trainer.Done(), End: w.recipe.Settings.Steps}, w.learned.Fill), nil
}

// scored is how many pairs a validation asks about.
const scored = 256

// score is the part of pairs of people kept out that the network answers rightly.
func (w *pairCourse) score(ctx context.Context) (float64, error) {
	weights, err := w.trainer.Weights()
	if err != nil {
		return 0, err
	}
	pairs, same := w.draw(scored)
	for _, q := range w.questions {
		for _, item := range q[1:] {
			pairs = append(pairs, w.validated.Pair(q[0], item))
		}
	}
	distances, err := w.distances(ctx, weights, pairs)
	if err != nil {
		return 0, err
	}
	w.answer(distances[scored:])
	right := 0.
	for i, d := range distances[:scored] {
		if d < 0.5 == same[i] {
			right++
		}
	}
	return right / scored, nil
}

// answer answers the questions with the distances of their pairs.
func (w *pairCourse) answer(distances []float64) {
	w.shown = nil
	for _, q := range w.questions {
		x := Example{Asked: w.validated.Image(q[0])}
		for n, item := range q[1:] {
			x.Answers = append(x.Answers, Answer{w.validated.Image(item), float32(distances[n]), n == 0})
		}
		distances = distances[len(q)-1:]
		x.sort()
		w.shown = append(w.shown, x)
	}
}

// draw are n pairs of people kept out, the same each time.
func (w *pairCourse) draw(n int) (pairs []pairnet.Pair, same []bool) {
	rng := rand.New(rand.NewPCG(w.job.Seed, 99))
	for range n {
		p, alike := w.validated.Draw(rng)
		pairs, same = append(pairs, p), append(same, alike)
	}
	return pairs, same
}

// distances are what the network alone says.
func (w *pairCourse) distances(ctx context.Context, weights []modelfile.Tensor, pairs []pairnet.Pair) ([]float64, error) {
	file, err := pairnet.NewFile(w.spec, weights, nil)
	if err != nil {
		return nil, err
	}
	model, err := pairnet.New(w.job.Backend, file)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	return model.Distances(ctx, pairs)
}

func (w *pairCourse) model(ctx context.Context, weights []modelfile.Tensor, step int, finished bool) (*modelfile.File, error) {
	var trees *boost.Forest
	if finished && w.data.Trees > 0 {
		var err error
		if trees, err = w.grow(ctx, weights); err != nil {
			return nil, err
		}
	}
	file, err := pairnet.NewFile(w.spec, weights, trees)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, class := range w.job.Background.Classes {
		names = append(names, class.Name)
	}
	file.Provenance = modelfile.Provenance{
		Recipe: w.recipe.Name, DataSet: w.job.Background.Name, Seed: w.job.Seed, Steps: step, Commit: w.job.Commit,
		Settings: maps.Collect(w.recipe.Settings.encoded()), Learned: modelfile.NewLearned(nil, names...),
	}
	return file, nil
}

// grow makes the trees, from people that the network has not learned from: so they learn what its answer is worth.
func (w *pairCourse) grow(ctx context.Context, weights []modelfile.Tensor) (*boost.Forest, error) {
	pairs, same := w.draw(w.data.Taught)
	distances, err := w.distances(ctx, weights, pairs)
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, len(pairs))
	for i, p := range pairs {
		rows[i] = pairnet.Row(distances[i], p)
	}
	settings := boost.Default()
	settings.Trees, settings.Seed = w.data.Trees, w.job.Seed
	return boost.Train(ctx, rows, same, settings)
}
