package onnx

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"

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
	outputs []string
	turn    chan struct{} // holds a token while nobody runs
	exec    *Exec         // nil once closed
}

// NewNetwork prepares the tensors called outputs to be computed; without any, the network's only output. It fails when the
// network lacks one of them, or has several outputs and none is chosen.
func NewNetwork(backend compute.Backend, m *Model, outputs ...string) (*Network, error) {
	if len(outputs) == 0 {
		outputs = []string{""}
	}
	n := &Network{backend: backend, outputs: make([]string, len(outputs)), turn: make(chan struct{}, 1)}
	for i, name := range outputs {
		var err error
		if n.outputs[i], err = m.Output(name); err != nil {
			return nil, err
		}
	}
	exec, err := NewExec(backend, func(inputs []*Node) []*Node { return m.Build(inputs, n.outputs) })
	if err != nil {
		return nil, fmt.Errorf("prepare the network: %w", err)
	}
	n.exec = exec.SetMaxCache(-1)
	n.turn <- struct{}{}
	return n, nil
}

// Run computes the outputs for inputs laid out as [Model.Build] says. It fails when their shapes do not fit the network, when ctx
// ends before its turn comes, and with [encoder.ErrClosed] after [Network.Close].
func (n *Network) Run(ctx context.Context, inputs ...Array) ([]Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if product(in.Shape) != len(in.Values) {
			return nil, fmt.Errorf("run the network: input %d has %d numbers, want %v", i, len(in.Values), in.Shape)
		}
	}
	select {
	case <-n.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { n.turn <- struct{}{} }()
	if n.exec == nil {
		return nil, fmt.Errorf("run the network: %w", encoder.ErrClosed)
	}
	var outputs []Array
	if err := exceptions.TryCatch[error](func() { outputs = n.call(inputs) }); err != nil {
		return nil, fmt.Errorf("run the network: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return outputs, nil
}

// call runs the graph for the inputs' shapes. It panics on errors.
func (n *Network) call(inputs []Array) []Array {
	arguments := make([]any, len(inputs))
	for i, in := range inputs {
		t, err := tensors.FromRaw(n.backend, 0, float32Shape(in.Shape...), dtypes.UnsafeByteSliceFromAny(in.Values))
		if err != nil {
			panic(err)
		}
		defer t.MustFinalizeAll()
		arguments[i] = t
	}
	results := n.exec.MustCall(arguments...)
	outputs := make([]Array, len(results))
	for i, t := range results {
		outputs[i] = Array{t.Shape().Dimensions, tensors.MustCopyFlatData[float32](t)}
		t.MustFinalizeAll()
	}
	return outputs
}

// Close frees the compiled graphs once nobody runs. Later runs fail with [encoder.ErrClosed].
func (n *Network) Close() {
	<-n.turn
	defer func() { n.turn <- struct{}{} }()
	if n.exec != nil {
		n.exec.Finalize()
		n.exec = nil
	}
}
