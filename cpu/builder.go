package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"
)

// Builder implements compute.Builder: it records functions and compiles the main one.
//
// Beside the record runs a shadow: the same operations issued on a function of GoMLX's Go backend that is never
// compiled. It validates operands and infers shapes.
type Builder struct {
	notimplemented.Builder
	backend   *Backend
	name      string
	main      *Function
	functions map[string]*Function // by name, the main one too
	shadow    compute.Function
	shadows   int // parameters the shadow has
	compiled  bool
}

var _ compute.Builder = (*Builder)(nil)

// value is one result of a node. It is what GoMLX holds as a compute.Value.
type value struct {
	node   *node
	index  int // among the node's outputs
	shape  shapes.Shape
	shadow compute.Value // the same value on the builder's shadow
}

// node is one recorded operation.
type node struct {
	op       compute.OpType
	fn       *Function
	inputs   []*value // those of closures' captures last
	outputs  []*value
	attrs    any // settings, printable: equal ones print equally
	position int // in the order of recording; of a fused node, that of its last part
	replay   replay
}

// replay issues a recorded operation again, on any function of any backend.
type replay func(f compute.Function, inputs []compute.Value) ([]compute.Value, error)

func newBuilder(b *Backend, name string) *Builder {
	builder := &Builder{backend: b, name: name, functions: map[string]*Function{}}
	builder.shadow = b.fallback.Builder(name).Main()
	builder.main = builder.newFunction(compute.MainName, nil)
	builder.functions[compute.MainName] = builder.main
	return builder
}

// Name implements compute.Builder.
func (b *Builder) Name() string { return b.name }

// Main implements compute.Builder.
func (b *Builder) Main() compute.Function { return b.main }

// NewFunction implements compute.Builder.
func (b *Builder) NewFunction(name string) (compute.Function, error) {
	if b.compiled {
		return nil, fmt.Errorf("cpu backend: builder %q was compiled, no function can be added", b.name)
	}
	if name == "" || b.functions[name] != nil {
		return nil, fmt.Errorf("cpu backend: function name %q is empty or taken", name)
	}
	b.functions[name] = b.newFunction(name, nil)
	return b.functions[name], nil
}

// OpShape implements compute.Builder.
func (b *Builder) OpShape(op compute.Value) (shapes.Shape, error) {
	v, ok := op.(*value)
	if !ok || v.node.fn.builder != b {
		return shapes.Invalid(), fmt.Errorf("cpu backend: OpShape of %T, want a value of builder %q", op, b.name)
	}
	return v.shape, nil
}

// DeviceAssignment implements compute.Builder: only device 0 is there.
func (b *Builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	if len(devices) != 1 || devices[0] != 0 {
		return fmt.Errorf("cpu backend: devices %v, it has only device 0: %w", devices, compute.ErrNotImplemented)
	}
	return nil
}

// Compile implements compute.Builder.
func (b *Builder) Compile() (compute.Executable, error) {
	if b.compiled {
		return nil, fmt.Errorf("cpu backend: builder %q was already compiled", b.name)
	}
	if b.main.results == nil {
		return nil, fmt.Errorf("cpu backend: builder %q: Return was not called on the main function", b.name)
	}
	b.compiled = true
	return newExecutable(b)
}

// newShadow returns a fresh value of the given shape on the shadow.
func (b *Builder) newShadow(shape shapes.Shape) (compute.Value, error) {
	b.shadows++
	return b.shadow.Parameter(fmt.Sprint("v", b.shadows), shape, nil)
}
