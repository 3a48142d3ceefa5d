package onnx

import (
	"context"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Array is numbers row by row with their shape.
type Array struct {
	Shape  []int
	Values []float32
}

// Network is a [Model] that runs. It compiles once for each shape of its inputs and is safe for use by several goroutines.
type Network struct {
	backend compute.Backend
	outputs []string
	mu      sync.Mutex
	exec    *Exec
}

// NewNetwork prepares the tensors called outputs to be computed; without any, the network's only output. It fails when the
// network lacks one of them, or has several outputs and none is chosen.
func NewNetwork(backend compute.Backend, m *Model, outputs ...string) (*Network, error) {
	if len(outputs) == 0 {
		outputs = []string{""}
	}
	n := &Network{backend: backend, outputs: make([]string, len(outputs))}
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
	return n, nil
}

// Run computes the outputs for inputs laid out as [Model.Build] says. It fails when their shapes do not fit the network.
func (n *Network) Run(ctx context.Context, inputs ...Array) ([]Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var outputs []Array
	err := exceptions.TryCatch[error](func() {
		arguments := make([]any, len(inputs))
		for i, in := range inputs {
			if product(in.Shape) != len(in.Values) {
				panic(fmt.Errorf("input %d has %d numbers, want %v", i, len(in.Values), in.Shape))
			}
			t, err := tensors.FromRaw(n.backend, 0, float32Shape(in.Shape...), dtypes.UnsafeByteSliceFromAny(in.Values))
			if err != nil {
				panic(err)
			}
			defer t.MustFinalizeAll()
			arguments[i] = t
		}
		outputs = n.call(arguments)
	})
	if err != nil {
		return nil, fmt.Errorf("run the network: %w", err)
	}
	return outputs, nil
}

// call runs the graph for the arguments' shapes. It panics on errors.
func (n *Network) call(arguments []any) []Array {
	n.mu.Lock()
	defer n.mu.Unlock()
	results := n.exec.MustCall(arguments...)
	outputs := make([]Array, len(results))
	for i, t := range results {
		outputs[i] = Array{t.Shape().Dimensions, tensors.MustCopyFlatData[float32](t)}
		t.MustFinalizeAll()
	}
	return outputs
}

// Close frees the compiled graphs. The network is of no use afterwards.
func (n *Network) Close() { n.exec.Finalize() }
