package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

// Pairs trains an encoder and its pair head with the binary cross-entropy of a batch's pairs, the mean over pairs
// (Koch et al. 2015, section 3.2). A pair is active when it is answered wrongly; its distance is 1 − P(same).
type Pairs struct{ Spec encoder.Spec }

// Declare implements [Task]. It fails when the spec fails its Check or has no pair head.
func (p Pairs) Declare(backend compute.Backend, store *model.Store) error {
	if !p.Spec.PairHead {
		return errors.New("pairs need an encoder with a pair head: set PairHead in its spec")
	}
	return encoder.Declare(backend, store, p.Spec)
}

// Feed implements [Task]: images, or vectors, the rows of each pair, and whether they are the same.
func (p Pairs) Feed(b *dataset.Batch) ([]*tensors.Tensor, error) {
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
	input, err := encoderInput(p.Spec, b)
	if err != nil {
		return nil, err
	}
	return []*tensors.Tensor{
		input,
		tensors.FromFlatDataAndDimensions(rows, 2, len(b.Pairs), 1),
		tensors.FromFlatDataAndDimensions(b.Same, len(b.Same)),
	}, nil
}

// Loss implements [Task].
func (p Pairs) Loss(scope *model.Scope, inputs []*Node) Outcome {
	embeddings, rows, same := encoder.Build(scope, p.Spec, inputs[0]), inputs[1], inputs[2]
	side := func(i int) *Node { return Gather(embeddings, Squeeze(Slice(rows, AxisElem(i)), 0)) }
	logits := encoder.PairHead(scope, side(0), side(1))
	return answers(logits, same, ReduceAllMean)
}

// answers is the outcome of logits [p] for pairs [p] that are the same, 1, or not, 0; mean is over pairs as they count.
func answers(logits, same *Node, mean func(x *Node) *Node) Outcome {
	loss := mean(metric.CrossEntropy(logits, same).Sum)
	distances := StopGradient(Sigmoid(Neg(logits))) // 1 − P(same)
	middle := mean(distances)
	wrong := LogicalXor(GreaterThan(logits, ZerosLike(logits)), GreaterThan(same, ZerosLike(same)))
	return Outcome{
		Loss:    loss,
		Active:  mean(ConvertDType(wrong, logits.DType())),
		Typical: StopGradient(loss),
		Mean:    middle,
		Spread:  Sqrt(mean(Square(Sub(distances, middle)))),
	}
}

// Collapsed implements [Watched]: the loss of the answer one half.
func (p Pairs) Collapsed() float64 { return math.Ln2 }

// Easier implements [Watched]: there is nothing easier.
func (p Pairs) Easier() (Task[*dataset.Batch], string, bool) { return p, "", false }

// Outputs implements [Layered].
func (p Pairs) Outputs(scope *model.Scope, inputs []*Node) []Output {
	return encoderOutputs(scope, p.Spec, inputs)
}

// Identity implements [Identified].
func (p Pairs) Identity() string { return encoderIdentity(p.Spec) }
