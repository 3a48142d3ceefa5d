package pairnet

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/boost"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// NewFile is the model file of a network with these weights, and of trees, which may be nil.
func NewFile(spec Spec, weights []modelfile.Tensor, trees *boost.Forest) (*modelfile.File, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	f := &modelfile.File{Kind: Kind, Spec: text, Weights: weights}
	if trees != nil {
		f.Weights = append(f.Weights[:len(f.Weights):len(f.Weights)], trees.Tensors()...)
	}
	return f, nil
}

// Model compares crops with fixed weights. It is safe for use by several goroutines, one of which computes at a time.
type Model struct {
	Spec  Spec
	trees *boost.Forest // nil for none
	turn  sync.Mutex
	store *model.Store
	exec  *model.Exec
}

// New makes a model of a model file. The error says what of it does not fit.
func New(backend compute.Backend, file *modelfile.File) (*Model, error) {
	if file.Kind != Kind {
		return nil, fmt.Errorf("the model is of kind %q, none for association: train one with siam train reid-siamese", file.Kind)
	}
	m := &Model{}
	err := file.DecodeSpec(&m.Spec)
	if err == nil {
		err = m.Spec.Check()
	}
	if err != nil {
		return nil, err
	}
	trees, weights, err := boost.FromTensors(file.Weights)
	if err == nil && trees != nil && trees.Columns != contexts+1 {
		err = fmt.Errorf("its trees look at %d numbers, want %d", trees.Columns, contexts+1)
	}
	if err != nil {
		return nil, err
	}
	m.trees = trees
	if m.store, err = train.NewStore(backend, train.Task[*Batch](Pairs{m.Spec}), weights); err != nil {
		return nil, err
	}
	err = exceptions.TryCatch[error](func() {
		m.exec = model.MustNewExec(backend, m.store, func(scope *model.Scope, crops []*Node) *Node { return m.Spec.logits(scope, crops[0], crops[1]) })
	})
	if err != nil {
		return nil, fmt.Errorf("build the network: %w", err)
	}
	return m, nil
}

// Close frees the model.
func (m *Model) Close() {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.exec.Finalize()
	m.store.Finalize()
}

// Pair is two boxes, the earlier first.
type Pair struct {
	A, B           Crop
	SightA, SightB Sight
}

// at a time: of one size, so that one graph does for all.
const atATime = 32

// logits are what the network says of pairs of crops. It fails when ctx has ended.
func (m *Model) logits(ctx context.Context, pairs []Pair) ([]float64, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	first, second := make([]float32, atATime*m.Spec.size()), make([]float32, atATime*m.Spec.size())
	logits := make([]float64, 0, len(pairs))
	for len(pairs) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(len(pairs), atATime)
		for i, p := range pairs[:n] {
			m.Spec.fill(first[i*m.Spec.size():], p.A, view{})
			m.Spec.fill(second[i*m.Spec.size():], p.B, view{})
		}
		err := exceptions.TryCatch[error](func() {
			a, b := m.Spec.tensor(first, atATime), m.Spec.tensor(second, atATime)
			defer a.MustFinalizeAll()
			defer b.MustFinalizeAll()
			out := m.exec.MustCall(a, b)[0]
			defer out.MustFinalizeAll()
			for _, v := range tensors.MustCopyFlatData[float32](out)[:n] {
				logits = append(logits, float64(v))
			}
		})
		if err != nil {
			return nil, err
		}
		pairs = pairs[n:]
	}
	return logits, nil
}

// Distances are, for each pair, 1 − the probability that both boxes are of one object, in [0, 1]: of the trees over the network's logit and the
// pair's context, or without trees of the network alone. It fails when ctx has ended.
func (m *Model) Distances(ctx context.Context, pairs []Pair) ([]float64, error) {
	logits, err := m.logits(ctx, pairs)
	if err != nil {
		return nil, err
	}
	for i, x := range logits {
		logits[i] = 1 / (1 + math.Exp(x))
		if m.trees != nil {
			logits[i] = 1 - m.trees.Probability(Row(logits[i], pairs[i]))
		}
	}
	return logits, nil
}

// Row is what the trees look at: the logit of the network's distance, and the pair's context.
func Row(distance float64, p Pair) []float32 {
	c := Context(p.SightA, p.SightB)
	d := min(max(distance, 1e-9), 1-1e-9)
	return append([]float32{float32(math.Log((1 - d) / d))}, c[:]...)
}
