package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Trainer trains one task with batches of type B. It is not safe for use by several goroutines.
type Trainer[B any] struct {
	backend     compute.Backend
	config      Config
	first, task Task[B]         // as it began; the same, or an easier one after a collapse
	declared    map[string]bool // the paths of the task's variables
	layers      []string
	store       *model.Store
	exec        *model.Exec // of stepGraph, nil until the first step
	gathers     *model.Exec // of stepGraph for a batch that does not end its step, likewise
	gathered    gathered
	state       state
	healthy     healthy
}

// state is what changes from step to step besides the store's variables. A checkpoint holds it.
type state struct {
	Step       int     `json:"step"`        // steps done
	Updates    int     `json:"updates"`     // of the optimizer since its memory was last emptied
	RateFactor float64 `json:"rate_factor"` // halved with each step back
	Easier     int     `json:"easier"`      // how often the task was made easier
	Watcher    watcher `json:"watcher"`
	Best       Best    `json:"best"`
}

// Step is what one step of training showed.
type Step struct {
	Number   int     // from 1
	Epoch    int     // from 0
	Loss     float64 // with the penalty of Layer.L2
	Rate     float64 // the learning rate of layers without settings of their own
	Gradient float64 // its length before clipping
	// Active is the fraction of the batch's tuples with a loss above 0, for pairs the fraction answered wrongly. Mean and
	// Spread are the mean and the standard deviation of the batch's distances.
	Active, Mean, Spread float64
	// Note says in plain words what the watch for collapse has found and done; it is usually empty.
	Note string
}

// New prepares a training of a task, whose variables start with the initial values that belong to config.Seed. The backend stays the
// caller's.
func New[B any](backend compute.Backend, task Task[B], config Config) (*Trainer[B], error) {
	if task == nil {
		return nil, errors.New("train: no task")
	}
	if config.Schedule == nil {
		config.Schedule = Constant()
	}
	t := &Trainer[B]{
		backend: backend, config: config, first: task, task: task,
		declared: make(map[string]bool), store: model.NewStore(), state: state{RateFactor: 1},
	}
	if err := t.declare(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := t.store.SetRNGStateFromSeed(int64(config.Seed)); err != nil {
		return nil, fmt.Errorf("train: seed the random numbers: %w", err)
	}
	if err := config.check(t.layers); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return t, nil
}

// declare lets the task create its variables, and finds the layers that they belong to.
func (t *Trainer[B]) declare() error {
	t.store.SetParam(model.ParamInitialSeed, int64(t.config.Seed))
	var err error
	if panicked := exceptions.TryCatch[error](func() { err = t.task.Declare(t.backend, t.store) }); err == nil {
		err = panicked
	}
	if err != nil {
		return err
	}
	for v := range t.store.IterVariables() {
		if first := topScope(v); first == optimizerScope || first == averageScope || first == gatheredScope {
			return fmt.Errorf("the task declares variable %s, but the scope %s is the trainer's", v.Path(), first)
		}
		if v.Path() == randomNumbers {
			continue
		}
		t.declared[v.Path()] = true
		if layer := layerOf(v); layer != ObjectiveLayer && !slices.Contains(t.layers, layer) {
			t.layers = append(t.layers, layer)
		}
	}
	t.layers = append(t.layers, ObjectiveLayer)
	return nil
}

// Layers lists the names of the layers, in the order in which the task declared their variables, of an encoder from the image on; the
// last, [ObjectiveLayer], is what the task learns besides the model.
func (t *Trainer[B]) Layers() []string { return slices.Clone(t.layers) }

// Done is the number of steps done.
func (t *Trainer[B]) Done() int { return t.state.Step }

// Epoch is the number of full epochs done.
func (t *Trainer[B]) Epoch() int { return t.moment().Epoch() }

func (t *Trainer[B]) moment() Moment { return Moment{t.state.Step, t.config.StepsPerEpoch} }

func (t *Trainer[B]) layerIndex(v *model.Variable) int { return slices.Index(t.layers, layerOf(v)) }

// Steps does one step for each batch, or for each Config.Accumulate batches, and yields what it showed. It ends with the batches, with the caller's break, or with
// the first error: that of a batch, ctx's, or a loss or gradient that is not finite. After ctx's end and after a loss that
// is not finite the trainer is as it was after the last good step: it can be saved, and Steps can be called again. Batches that do not
// make a whole step change no weight.
func (t *Trainer[B]) Steps(ctx context.Context, batches iter.Seq2[B, error]) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Step{}, err)
			return
		}
		t.gathered = gathered{}
		for batch, err := range batches {
			if err == nil {
				err = ctx.Err()
			}
			var step Step
			if err == nil {
				step, err = t.step(batch)
			}
			if err == nil && t.gathered.batches > 0 {
				continue // the step goes on with the next batch
			}
			if !yield(step, err) || err != nil {
				return
			}
		}
	}
}

// step trains on one batch. What it showed is of all batches of a step, once the last of them is done.
func (t *Trainer[B]) step(batch B) (Step, error) {
	if t.gathered.batches == 0 {
		if err := t.keepHealthy(); err != nil {
			return Step{}, err
		}
	}
	number, rate := t.state.Step+1, t.rate(t.state.Step)
	result, err := t.run(batch)
	if err != nil {
		return Step{}, fmt.Errorf("step %d: %w", number, err)
	}
	var squares float64
	for _, s := range result.gradients {
		squares += s
	}
	if !finite(result.loss) || !finite(squares) {
		return Step{}, &NotFinite{Step: number, Rate: rate, Where: t.diagnose(batch, result)}
	}
	if t.gather(result); t.gathered.batches < t.config.parts() {
		return Step{}, nil
	}
	seen := t.gathered.sum
	t.gathered = gathered{}
	step := Step{
		Number: number, Epoch: t.Epoch(), Loss: seen.loss, Rate: rate, Gradient: math.Sqrt(squares),
		Active: seen.sight.Active, Mean: seen.sight.Mean, Spread: seen.sight.Spread,
	}
	t.state.Step++
	t.state.Updates++
	step.Note, err = t.watch(seen.sight)
	return step, err
}

// rate is the learning rate after so many steps, of layers without settings of their own.
func (t *Trainer[B]) rate(steps int) float64 {
	return t.config.Layer.Rate * t.config.Schedule(Moment{steps, t.config.StepsPerEpoch}) * t.state.RateFactor
}

// result is the vector stepGraph returns, taken apart.
type result struct {
	loss      float64
	sight     sight
	gradients []float64 // squared lengths by layer
}

// run executes the step's graph.
func (t *Trainer[B]) run(batch B) (r result, err error) {
	fed, err := t.task.Feed(batch)
	if err != nil {
		return result{}, err
	}
	inputs := append([]*tensors.Tensor{t.settings()}, fed...)
	err = exceptions.TryCatch[error](func() { r = t.execute(inputs) })
	return r, err
}

// execute compiles the graph if need be and runs it. It panics on errors.
func (t *Trainer[B]) execute(inputs []*tensors.Tensor) result {
	exec, last := &t.exec, t.last()
	if !last {
		exec = &t.gathers
	}
	if *exec == nil {
		*exec = model.MustNewExec(t.backend, t.store, func(scope *model.Scope, inputs []*Node) *Node {
			return t.stepGraph(scope, inputs, last)
		}).SetMaxCache(-1)
	}
	output := (*exec).MustCall(inputs)[0]
	for _, in := range inputs {
		in.MustFinalizeAll()
	}
	defer output.MustFinalizeAll()
	numbers := make([]float64, output.Size())
	for i, v := range tensors.MustCopyFlatData[float32](output) {
		numbers[i] = float64(v)
	}
	return result{
		loss:      numbers[0],
		sight:     sight{Typical: numbers[1], Active: numbers[2], Mean: numbers[3], Spread: numbers[4]},
		gradients: numbers[5:],
	}
}

// stepGraph builds one step. inputs are the settings (see [Trainer.settings]), then what the task feeds.
// The result is one vector: loss, typical value, active fraction, mean and spread of the distances, then the squared length
// of each layer's gradient.
//
// A batch that is not the last of its step changes no weight; its gradients are held for the next.
//
// When loss or gradient is not finite, the step changes no weight, so that the last good ones remain.
func (t *Trainer[B]) stepGraph(scope *model.Scope, inputs []*Node, last bool) *Node {
	store, g := scope.Store(), inputs[0].Graph()
	settings := t.split(inputs[0])
	store.SetTraining(g, true)
	before := t.withoutGradient(g)
	outcome := t.task.Loss(scope, inputs[1:])
	t.mustBeDeclared(g)
	weights := t.trainable(g)
	mustTeach(outcome, weights)
	loss := t.penalized(outcome.Loss, weights, g)
	gradients := t.together(scope, weights, Gradient(loss, nodes(weights, g)...), settings.again)
	lengths := t.lengths(weights, gradients)
	total := ReduceAllSum(lengths)
	finite := LogicalAnd(IsFinite(loss), IsFinite(total))
	if last {
		t.update(scope, settings, weights, t.safe(gradients, total, finite))
	} else {
		t.hold(scope, weights, gradients, finite)
	}
	for v, old := range before {
		v.SetNodeValue(Where(finite, v.NodeValue(g), old))
	}
	if last {
		t.follow(scope, settings.keep, finite)
	}
	return Concatenate([]*Node{Stack(outcome.numbers(loss), 0), lengths}, 0)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
