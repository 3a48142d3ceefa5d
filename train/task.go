package train

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Task is what is trained with batches of type B: which variables there are, what a batch feeds to the graph, and what loss that
// makes. [Labels], [Pairs], [AllPairs] and [Compatible] train encoders; a program may bring a task of its own. A task may besides be
// [Watched], [Layered] and [Identified].
type Task[B any] interface {
	// Declare creates in store all variables that Loss uses, with their initial values, which may depend on the training's seed: the
	// store's parameter [model.ParamInitialSeed]. Those of the model may be in any scope but "optimizer", "average", "gathered" and
	// [ObjectiveLayer], and are what [Trainer.Weights] returns. In [ObjectiveLayer] is what is learned besides the model, such as
	// proxies, and, not trainable, what is remembered from batch to batch, of which all zeros is the beginning. Package encoder has
	// layers with initial values, and Record, which creates the variables of a graph. The error says why nothing can be trained.
	Declare(backend compute.Backend, store *model.Store) error
	// Feed makes the tensors that the graph is fed from a batch, as many each time; the trainer frees them. Every new shape costs the
	// compilation of a graph. The error says what is wrong with the batch.
	Feed(batch B) ([]*tensors.Tensor, error)
	// Loss adds the loss to the graph, from what Feed made, with the variables that Declare created. It panics, as GoMLX's graph
	// functions do, when shapes do not fit.
	Loss(scope *model.Scope, inputs []*Node) Outcome
}

// Outcome is what a task makes of a batch: scalars, of which only Loss has a gradient. All but Loss may be nil, for a task that has
// no such number; [Step] then shows 0.
type Outcome struct {
	Loss *Node // to minimise
	// Active is the fraction, in [0, 1], of the batch's tuples that still teach something.
	Active *Node
	// Typical is the mean value of a tuple, for the watch for collapse.
	Typical *Node
	// Mean and Spread are the mean and the standard deviation of the batch's distances.
	Mean, Spread *Node
}

// Watched is a task whose training is watched for collapse, see [Watch]. Its outcomes have all numbers.
type Watched[B any] interface {
	// Collapsed is what Typical is when the encoder gives the same embedding to all images, 0 if unknown.
	Collapsed() float64
	// Easier is the task to go on with after a collapse, with the same variables, and what is easier about it, such as "miner all";
	// false when there is none.
	Easier() (task Task[B], what string, ok bool)
}

// Layered is a task that can show its layers, so that a training whose numbers overflow says in which one.
type Layered interface {
	// Outputs adds the model to the graph, without a loss, and returns what the layers give, from the first to the last.
	Outputs(scope *model.Scope, inputs []*Node) []Output
}

// Output is what one layer gives, by the layer's name, such as "encoder/conv1".
type Output struct {
	Layer string
	Value *Node
}

// Identified is a task that tells its model from others with the same variables, so that a checkpoint of one does not go on as the
// other's.
type Identified interface {
	// Identity is the same for the same model only, such as its spec as JSON.
	Identity() string
}
