package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/siam-go/siam/encoder"
)

// Array is numbers row by row with their shape.
type Array struct {
	Shape  []int
	Values []float32
}

// Network is a [Model] that runs. It compiles once for each shape of its inputs. It is safe for use by several goroutines, one of
// which runs at a time.
type Network struct {
	backend compute.Backend
	model   *Model
	outputs []string

	turn     chan struct{}     // holds a token while nobody runs
	binds    bool              // inputs that are lists are known when a graph is built: some operation wants it so
	compiled map[string]*Graph // nil once closed
}

// maxBound is how many graphs are kept whose inputs were known; their number has no limit otherwise.
const maxBound = 16

// NewNetwork prepares the tensors called outputs to be computed; without any, the network's only output. It fails when the
// network lacks one of them, when it has several outputs and none is chosen, and as [Model.Select] does.
func NewNetwork(backend compute.Backend, m *Model, outputs ...string) (*Network, error) {
	if len(outputs) == 0 {
		outputs = []string{""}
	}
	part, err := m.Select(backend, outputs...)
	if err != nil {
		return nil, err
	}
	n := &Network{backend: backend, model: part, turn: make(chan struct{}, 1), compiled: map[string]*Graph{}}
	n.turn <- struct{}{}
	for _, v := range part.outputs {
		n.outputs = append(n.outputs, v.Name)
	}
	return n, nil
}

// Inputs are what the network reads: those of the model that its outputs need.
func (n *Network) Inputs() []ValueInfo { return n.model.Inputs() }

// Run computes the outputs for [Network.Inputs] laid out as [Model.Build] says; numbers of all types are given and returned as
// float32. It fails when the shapes do not fit the network, when ctx ends before its turn comes, and with [encoder.ErrClosed]
// after [Network.Close].
//
// Where an operation must know numbers when its graph is built, such as a new shape, a graph is compiled for every value of the
// inputs that are lists or single numbers.
func (n *Network) Run(ctx context.Context, inputs ...Array) ([]Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if product(in.Shape) != len(in.Values) {
			return nil, fmt.Errorf("run the network: input %d has %d numbers, want %v", i, len(in.Values), in.Shape)
		}
	}
	if len(inputs) != len(n.model.inputs) {
		return nil, fmt.Errorf("run the network: it has %d inputs, given %d", len(n.model.inputs), len(inputs))
	}
	select {
	case <-n.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { n.turn <- struct{}{} }()
	if n.compiled == nil {
		return nil, fmt.Errorf("run the network: %w", encoder.ErrClosed)
	}
	outputs, err := n.run(inputs)
	if err != nil {
		return nil, fmt.Errorf("run the network: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return outputs, nil
}

// run runs the graph for the inputs' shapes.
func (n *Network) run(inputs []Array) (outputs []Array, err error) {
	defer recoverTo(&err)
	g, err := n.graph(inputs)
	if err != nil {
		return nil, err
	}
	var arguments []any
	for _, in := range inputs {
		if n.bound(in) {
			continue
		}
		t, err := tensors.FromRaw(n.backend, 0, float32Shape(in.Shape...), dtypes.UnsafeByteSliceFromAny(in.Values))
		if err != nil {
			return nil, err
		}
		defer t.FinalizeAll()
		arguments = append(arguments, t)
	}
	for _, t := range g.Run(arguments...) {
		outputs = append(outputs, Array{t.Shape().Dimensions, tensors.MustCopyFlatData[float32](t)})
		defer t.FinalizeAll()
	}
	return outputs, nil
}

// bound says whether an input is known when a graph is built, as those without numbers always are.
func (n *Network) bound(in Array) bool { return n.binds && len(in.Shape) <= 1 || len(in.Values) == 0 }

// graph is the one for the inputs' shapes, and for the numbers of those that are bound.
func (n *Network) graph(inputs []Array) (*Graph, error) {
	g, err := n.graphFor(inputs)
	var unknown unknownError
	if !n.binds && errors.As(err, &unknown) {
		n.binds = true
		return n.graphFor(inputs)
	}
	return g, err
}

func (n *Network) graphFor(inputs []Array) (*Graph, error) {
	var key strings.Builder
	for _, in := range inputs {
		fmt.Fprint(&key, in.Shape)
		if n.bound(in) {
			fmt.Fprint(&key, in.Values)
		}
	}
	if g := n.compiled[key.String()]; g != nil {
		return g, nil
	}
	if n.binds && len(n.compiled) >= maxBound {
		n.free()
	}
	g, err := n.compile(inputs)
	if err == nil {
		n.compiled[key.String()] = g
	}
	return g, err
}

func (n *Network) compile(inputs []Array) (g *Graph, err error) {
	g = NewGraph(n.backend, "network")
	defer func() {
		if err != nil {
			g.Finalize()
		}
	}()
	defer recoverTo(&err)
	nodes, known := make([]*Node, len(inputs)), make([]*Tensor, len(inputs))
	for i, in := range inputs {
		if n.bound(in) {
			known[i] = n.model.inputs[i].tensor(in)
		} else {
			nodes[i] = Parameter(g, fmt.Sprint("input", i), float32Shape(in.Shape...))
		}
	}
	outputs := newBuilder(n.model, g).network(nodes, known, n.outputs)
	for i, output := range outputs {
		outputs[i] = ConvertDType(output, dtypes.Float32)
	}
	return g, g.Compile(outputs...)
}

// tensor is an array as what the network reads.
func (v ValueInfo) tensor(a Array) *Tensor {
	v.accepts(a.Shape)
	if v.Type.real() || v.Type == 0 {
		return floatTensor(a.Shape, a.Values)
	}
	values := make([]int64, len(a.Values))
	for i, x := range a.Values {
		values[i] = int64(x)
	}
	return intTensor(v.Type, slices.Clone(a.Shape), values)
}

// Close frees the compiled graphs once nobody runs. Later runs fail with [encoder.ErrClosed].
func (n *Network) Close() {
	<-n.turn
	defer func() { n.turn <- struct{}{} }()
	n.free()
	n.compiled = nil
}

func (n *Network) free() {
	for _, g := range n.compiled {
		g.Finalize()
	}
	clear(n.compiled)
}
