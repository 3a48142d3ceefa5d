package pairnet

import (
	"encoding/json"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/train"
)

// dropout is the part of the hidden layers' numbers that are left out while training.
const dropout = 0.3

// logits adds the network to the graph: crops a and b [n, h, w, Channels] to the logits [n] that they show the same.
func (s Spec) logits(scope *model.Scope, a, b *Node) *Node {
	l := encoder.NewLayers(scope.In("pair"))
	n := a.Shape().Dim(0)
	var x *Node
	switch s.Topology {
	case InputStacking:
		x = s.trunk(l, beside(a, b))
	case InNetwork:
		both := s.trunk(l, Concatenate([]*Node{a, b}, 0))
		x = beside(Slice(both, AxisRange(0, n)), Slice(both, AxisRange(n)))
	default:
		both := s.hidden(l, s.trunk(l, Concatenate([]*Node{a, b}, 0)))
		return s.alike(l, Slice(both, AxisRange(0, n)), Slice(both, AxisRange(n)))
	}
	return Reshape(l.Dense(s.hidden(l, x), "same", 1, encoder.Initial{}), n)
}

// alike is the logit that two embeddings [n, d] are of one object: less the more they differ, from the first step on.
func (s Spec) alike(l *encoder.Layers, a, b *Node) *Node {
	g, d := a.Graph(), a.Shape().Dim(-1)
	weights := l.Variable("same", "weights", encoder.Normal{Mean: -10 / float64(d)}, d).NodeValue(g)
	bias := l.Variable("far", "bias", encoder.Normal{Mean: 3}).NodeValue(g)
	return l.Keep("same", Add(ReduceSum(Mul(Abs(Sub(a, b)), ExpandAxes(weights, 0)), -1), bias))
}

// beside is a and b side by side, as their mean and their difference: the same to a linear layer, and nearer to what it is to tell.
func beside(a, b *Node) *Node { return Concatenate([]*Node{MulScalar(Add(a, b), 0.5), Sub(a, b)}, -1) }

// trunk is convolutions and poolings, flat at the end.
func (s Spec) trunk(l *encoder.Layers, x *Node) *Node {
	for i, filters := range s.Filters {
		x = l.Conv(x, fmt.Sprintf("conv%d", i+1), encoder.Conv{Filters: filters, Size: s.Kernels[i], Bias: !s.Norm})
		if s.Norm {
			x = l.Norm(x, fmt.Sprintf("norm%d", i+1))
		}
		x = encoder.MaxPool2(encoder.ReLU(x))
	}
	return encoder.Flatten(x)
}

func (s Spec) hidden(l *encoder.Layers, x *Node) *Node {
	for i, units := range s.Hidden {
		x = encoder.ReLU(l.Dense(x, fmt.Sprintf("hidden%d", i+1), units, encoder.Initial{}))
		if s.Topology != CostFunction { // what is left out of one embedding would differ from the other
			x = l.Dropout(x, dropout)
		}
	}
	return x
}

// Batch is n pairs of crops.
type Batch struct {
	N             int
	First, Second []float32 // [n, h, w, Channels]
	Same          []float32 // [n]: 1 where both show the same object, 0 where not
}

// Pairs trains the network on pairs. It is a [train.Task].
type Pairs struct{ Spec Spec }

// Declare implements [train.Task].
func (p Pairs) Declare(backend compute.Backend, store *model.Store) error {
	if err := p.Spec.Check(); err != nil {
		return err
	}
	return encoder.Record(backend, store, func(scope *model.Scope, g *Graph) {
		crop := shapes.Make(dtypes.Float32, 1, p.Spec.Height, p.Spec.Width, Channels)
		p.Spec.logits(scope, Parameter(g, "first", crop), Parameter(g, "second", crop))
	})
}

// Feed implements [train.Task].
func (p Pairs) Feed(b *Batch) ([]*tensors.Tensor, error) {
	if n := b.N * p.Spec.size(); len(b.First) != n || len(b.Second) != n || len(b.Same) != b.N {
		return nil, fmt.Errorf("batch of %d pairs with %d and %d numbers and %d answers", b.N, len(b.First), len(b.Second), len(b.Same))
	}
	return []*tensors.Tensor{p.Spec.tensor(b.First, b.N), p.Spec.tensor(b.Second, b.N), tensors.FromFlatDataAndDimensions(b.Same, b.N)}, nil
}

func (s Spec) tensor(values []float32, n int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, n, s.Height, s.Width, Channels)
}

// Loss implements [train.Task]: the binary cross-entropy, mean over the pairs. Active is the part of them that is answered wrongly.
func (p Pairs) Loss(scope *model.Scope, inputs []*Node) train.Outcome {
	x, same := p.Spec.logits(scope, inputs[0], inputs[1]), inputs[2]
	loss := ReduceAllMean(Sub(Add(MaxScalar(x, 0), Log1p(Exp(Neg(Abs(x))))), Mul(x, same)))
	wrong := MulScalar(OneMinus(Mul(Sign(x), Sign(AddScalar(same, -0.5)))), 0.5)
	return train.Outcome{Loss: loss, Active: ReduceAllMean(StopGradient(wrong))}
}

// Identity implements [train.Identified].
func (p Pairs) Identity() string {
	text, _ := json.Marshal(p.Spec) // numbers and words always encode
	return string(text)
}
