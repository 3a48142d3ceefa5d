package train

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

// Objective makes the loss of a batch: [Labels] or [Pairs].
type Objective interface {
	// check says why the objective cannot train an encoder of this spec.
	check(spec encoder.Spec) error
	// declare creates the variables that build uses for embeddings of d numbers.
	declare(scope *model.Scope, d int)
	// inputs are what the graph is fed from a batch besides its images.
	inputs(b *dataset.Batch) ([]*tensors.Tensor, error)
	// build adds the loss to the graph, from embeddings [n, d] and the inputs.
	build(scope *model.Scope, embeddings *Node, inputs []*Node) metric.Outcome
	// collapsed is the typical value of a tuple when the encoder gives the same embedding to all images, 0 if unknown.
	collapsed() float64
	// name tells it from the objectives that easier gives.
	name() string
	// easier is what to go on with after the objective has made the encoder collapse; false when there is nothing easier.
	easier() (Objective, bool)
}

// Labels trains embeddings by the labels of a batch's rows.
type Labels struct {
	metric.Objective
	// Easier are the miners to step back to when the encoder collapses, one after the other, such as SemiHard, then All.
	Easier []metric.Miner
}

func (l Labels) check(encoder.Spec) error {
	if err := l.Objective.Check(); err != nil {
		return err
	}
	for _, miner := range l.Easier {
		easier := l.Objective
		if easier.Miner = miner; easier.Check() != nil {
			return fmt.Errorf("easier miner %s: %w", miner.Name, easier.Check())
		}
	}
	return nil
}

func (l Labels) declare(scope *model.Scope, d int) { l.Declare(scope.At(ObjectiveLayer), d) }

func (l Labels) inputs(b *dataset.Batch) ([]*tensors.Tensor, error) {
	if len(b.Labels) != b.N {
		return nil, fmt.Errorf("batch of %d images with %d labels", b.N, len(b.Labels))
	}
	if err := l.CheckLabels(b.Labels); err != nil {
		return nil, err
	}
	positives := metric.Positives(b.Labels)
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.Labels, b.N),
		tensors.FromFlatDataAndDimensions(positives, b.N, len(positives)/b.N),
	}, nil
}

func (l Labels) build(scope *model.Scope, embeddings *Node, inputs []*Node) metric.Outcome {
	return l.Apply(scope.At(ObjectiveLayer), metric.Batch{Embeddings: embeddings, Labels: inputs[0], Positives: inputs[1]})
}

func (l Labels) collapsed() float64 { return l.Collapsed() }

func (l Labels) name() string { return "miner " + l.Miner.Name }

func (l Labels) easier() (Objective, bool) {
	if len(l.Easier) == 0 {
		return l, false
	}
	l.Miner, l.Easier = l.Easier[0], l.Easier[1:]
	return l, true
}

// Pairs trains encoder and pair head with the binary cross-entropy of a batch's pairs, the mean over pairs
// (Koch et al. 2015, section 3.2).
type Pairs struct{}

func (Pairs) check(spec encoder.Spec) error {
	if !spec.PairHead {
		return errors.New("pairs need an encoder with a pair head: set PairHead in its spec")
	}
	return nil
}

func (Pairs) declare(*model.Scope, int) {}

func (Pairs) inputs(b *dataset.Batch) ([]*tensors.Tensor, error) {
	if len(b.Pairs) == 0 || len(b.Same) != len(b.Pairs) {
		return nil, fmt.Errorf("batch with %d pairs and %d answers: its sampler makes no pairs", len(b.Pairs), len(b.Same))
	}
	rows := make([]int32, 0, 2*len(b.Pairs))
	for side := range 2 {
		for _, pair := range b.Pairs {
			if pair[side] < 0 || int(pair[side]) >= b.N {
				return nil, fmt.Errorf("pair of row %d in a batch of %d images", pair[side], b.N)
			}
			rows = append(rows, pair[side])
		}
	}
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(rows, 2, len(b.Pairs), 1),
		tensors.FromFlatDataAndDimensions(b.Same, len(b.Same)),
	}, nil
}

func (Pairs) build(scope *model.Scope, embeddings *Node, inputs []*Node) metric.Outcome {
	rows, same := inputs[0], inputs[1]
	side := func(i int) *Node { return Gather(embeddings, Squeeze(Slice(rows, AxisElem(i)), 0)) }
	logits := encoder.PairHead(scope, side(0), side(1))
	loss := ReduceAllMean(metric.CrossEntropy(logits, same).Sum)
	distances := StopGradient(Sigmoid(Neg(logits))) // 1 − P(same)
	mean := ReduceAllMean(distances)
	wrong := LogicalXor(GreaterThan(logits, ZerosLike(logits)), GreaterThan(same, ZerosLike(same)))
	return metric.Outcome{
		Loss:    loss,
		Active:  ReduceAllMean(ConvertDType(wrong, logits.DType())),
		Typical: StopGradient(loss),
		Mean:    mean,
		Spread:  Sqrt(ReduceAllMean(Square(Sub(distances, mean)))),
	}
}

func (Pairs) collapsed() float64 { return math.Ln2 }

func (Pairs) name() string { return "pairs" }

func (p Pairs) easier() (Objective, bool) { return p, false }
