package cpu

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// fallbackOp is one node as a program of GoMLX's Go backend. Existing memory cannot become one of its buffers, so
// the operands are copied into shared buffers, which are kept, and the results are copied out.
type fallbackOp struct {
	executable compute.Executable
	backend    compute.Backend
	node       *node
	mu         sync.Mutex
	free       [][]compute.Buffer // operand buffers no execution uses
}

// fallbackName begins the names of the tasks that run on the Go backend.
const fallbackName = "Go backend's "

// lowerFallback makes a node run on the Go backend.
func lowerFallback(c *compiler, n *node) error {
	op, err := newFallbackOp(c.backend.fallback, n)
	if compute.IsNotImplemented(err) {
		return fmt.Errorf("neither package cpu nor GoMLX's Go backend has it for these operands: %w", compute.ErrNotImplemented)
	}
	if err != nil {
		return err
	}
	c.name = fallbackName + c.name
	c.alone[n] = true
	inputs, outputs := make([]ref, len(n.inputs)), make([]ref, len(n.outputs))
	for i, v := range n.inputs {
		inputs[i] = c.in(v)
	}
	for i, v := range n.outputs {
		outputs[i] = c.out(v)
	}
	c.serial(func(fr *frame) {
		if err := op.run(fr, inputs, outputs); err != nil {
			fr.fail(fmt.Errorf("%s%s: %w", fallbackName, n, err))
		}
	})
	return nil
}

func newFallbackOp(backend compute.Backend, n *node) (*fallbackOp, error) {
	builder := backend.Builder(opName(n.op))
	f := builder.Main()
	inputs := make([]compute.Value, len(n.inputs))
	for i, v := range n.inputs {
		var err error
		if inputs[i], err = f.Parameter(v.name(), v.shape, nil); err != nil {
			return nil, err
		}
	}
	outputs, err := n.replay(f, inputs)
	if err != nil {
		return nil, err
	}
	if err := f.Return(outputs, nil); err != nil {
		return nil, err
	}
	executable, err := builder.Compile()
	if err != nil {
		return nil, err
	}
	return &fallbackOp{executable: executable, backend: backend, node: n}, nil
}

func (op *fallbackOp) run(fr *frame, inputs, outputs []ref) error {
	operands, err := op.take()
	if err != nil {
		return err
	}
	for i, r := range inputs {
		flat, err := operands[i].Data()
		if err != nil {
			return err
		}
		copy(flatBytes(flat), fr.mem[r])
	}
	results, err := op.executable.Execute(operands, nil, 0)
	if err != nil {
		return err
	}
	op.giveBack(operands)
	for i, r := range outputs {
		flat, err := results[i].Data()
		if err != nil {
			return err
		}
		copy(fr.mem[r], flatBytes(flat))
	}
	return nil
}

// take gives a set of buffers for the operands.
func (op *fallbackOp) take() ([]compute.Buffer, error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if n := len(op.free); n > 0 {
		operands := op.free[n-1]
		op.free = op.free[:n-1]
		return operands, nil
	}
	operands := make([]compute.Buffer, len(op.node.inputs))
	for i, v := range op.node.inputs {
		var err error
		if operands[i], _, err = op.backend.NewSharedBuffer(0, v.shape); err != nil {
			return nil, err
		}
	}
	return operands, nil
}

func (op *fallbackOp) giveBack(operands []compute.Buffer) {
	op.mu.Lock()
	defer op.mu.Unlock()
	op.free = append(op.free, operands)
}

// Fallbacks lists what the graphs compiled so far leave to GoMLX's Go backend: operations, with the shapes of their
// operands, in alphabetical order.
func (b *Backend) Fallbacks() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.fallbacks))
}

// left notes nodes that are left to the Go backend, or gives an error that lists them if the options refuse that.
func (b *Backend) left(alone map[*node]bool) error {
	names := map[string]bool{}
	for n := range alone {
		nodes := []*node{n}
		if group, ok := n.attrs.(*foreign); ok {
			nodes = group.nodes
		}
		for _, m := range nodes {
			names[m.String()] = true
		}
	}
	if len(names) > 0 && b.options.NoFallback {
		list := strings.Join(slices.Sorted(maps.Keys(names)), ", ")
		return fmt.Errorf("the Go backend is refused, but only it has %s: %w", list, compute.ErrNotImplemented)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.Copy(b.fallbacks, names)
	return nil
}

// FallbackOperations names the operations that GoMLX's Go backend runs whatever the type of their operands, in alphabetical
// order. Others fall back for some types; [Backend.Fallbacks] lists what did.
func (b *Backend) FallbackOperations() []string {
	var names []string
	for op, there := range b.fallback.Capabilities().Operations {
		o, recorded := operations[op]
		_, float := mappings[mappingKey{op, dtypes.Float32}]
		_, logical := mappings[mappingKey{op, dtypes.Bool}]
		if there && recorded && o.lower == nil && !float && !logical && op != compute.OpTypeFusedDense { // that is a product in float32
			names = append(names, op.String())
		}
	}
	slices.Sort(names)
	return names
}
