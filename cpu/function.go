package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/notimplemented"
	"github.com/gomlx/compute/shapes"

	"github.com/siam-go/siam/internal/memory"
)

// Function implements compute.Function: the record of one function or closure.
type Function struct {
	notimplemented.Function // what is not recorded is refused
	builder                 *Builder
	name                    string
	parent                  *Function // of a closure
	nodes                   []*node   // in the order they were issued
	parameters              []*value
	results                 []*value // nil before Return
}

var _ compute.Function = (*Function)(nil)

// parameter is the attribute of a Parameter node.
type parameter struct {
	name  string
	index int
}

// constant is the attribute of a Constant node.
type constant struct {
	flat any
	mem  []byte
}

// String shows the content of a small constant, so that equal ones are recognised, and the address of a large one.
func (c *constant) String() string {
	if len(c.mem) > 1<<10 {
		return fmt.Sprintf("%p", c)
	}
	return fmt.Sprintf("%T%x", c.flat, c.mem)
}

func (b *Builder) newFunction(name string, parent *Function) *Function {
	f := &Function{builder: b, name: name, parent: parent}
	f.ErrFn = func(op compute.OpType) error {
		return fmt.Errorf("cpu backend: operation %s: %w", op, compute.ErrNotImplemented)
	}
	return f
}

// Name implements compute.Function.
func (f *Function) Name() string { return f.name }

// Builder implements compute.Function.
func (f *Function) Builder() compute.Builder { return f.builder }

// Parent implements compute.Function.
func (f *Function) Parent() compute.Function {
	if f.parent == nil {
		return nil
	}
	return f.parent
}

// Closure implements compute.Function.
func (f *Function) Closure() (compute.Function, error) {
	if err := f.checkOpen("Closure"); err != nil {
		return nil, err
	}
	return f.builder.newFunction("", f), nil
}

// Shape implements compute.Function.
func (f *Function) Shape(v compute.Value) (shapes.Shape, error) { return f.builder.OpShape(v) }

// Parameter implements compute.Function.
func (f *Function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	if err := f.checkOpen("Parameter"); err != nil {
		return nil, err
	}
	if sharding != nil {
		return nil, fmt.Errorf("cpu backend: sharding of parameter %q: %w", name, compute.ErrNotImplemented)
	}
	if shape.IsDynamic() {
		return nil, fmt.Errorf("cpu backend: parameter %q of dynamic shape %s: %w", name, shape, compute.ErrNotImplemented)
	}
	attrs := parameter{name, len(f.parameters)}
	v, err := f.leaf(compute.OpTypeParameter, shape, attrs, func(g compute.Function, _ []compute.Value) ([]compute.Value, error) {
		return one(g.Parameter(name, shape, nil))
	})
	if err != nil {
		return nil, err
	}
	f.parameters = append(f.parameters, v)
	return v, nil
}

// Constant implements compute.Function. It copies flat.
func (f *Function) Constant(flat any, dims ...int) (compute.Value, error) {
	if err := f.checkOpen("Constant"); err != nil {
		return nil, err
	}
	shape, err := constantShape(flat, dims)
	if err != nil {
		return nil, err
	}
	content := flatBytes(flat)
	attrs := &constant{mem: f.builder.backend.constants.share(content, func() []byte {
		mem := memory.Allocate(byteSize(shape))
		copy(mem, content)
		return mem
	})}
	attrs.flat = flatOf(attrs.mem, shape)
	return f.constant(attrs, shape)
}

func (f *Function) constant(c *constant, shape shapes.Shape) (*value, error) {
	return f.leaf(compute.OpTypeConstant, shape, c, func(g compute.Function, _ []compute.Value) ([]compute.Value, error) {
		return one(g.Constant(c.flat, shape.Dimensions...))
	})
}

// constantShape is the shape of a constant, or an error if the data does not fill it.
func constantShape(flat any, dims []int) (shapes.Shape, error) {
	dtype := dtypes.InvalidDType
	if flat != nil {
		dtype = dtypes.FromGoType(elementType(flat))
	}
	if dtype == dtypes.InvalidDType {
		return shapes.Invalid(), fmt.Errorf("cpu backend: constant of type %T, want a slice of a supported type", flat)
	}
	shape := shapes.Make(dtype, dims...)
	if err := checkFlat(flat, shape); err != nil {
		return shape, fmt.Errorf("cpu backend: constant: %w", err)
	}
	return shape, nil
}

// leaf records a node without inputs.
func (f *Function) leaf(op compute.OpType, shape shapes.Shape, attrs any, replay replay) (*value, error) {
	shape = shape.Clone()
	shadow, err := f.builder.newShadow(shape)
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
	}
	n := &node{op: op, fn: f, attrs: attrs, replay: replay}
	n.outputs = []*value{{node: n, shape: shape, shadow: shadow}}
	f.nodes = append(f.nodes, n)
	return n.outputs[0], nil
}

// Return implements compute.Function.
func (f *Function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if err := f.checkOpen("Return"); err != nil {
		return err
	}
	for _, s := range shardings {
		if s != nil {
			return fmt.Errorf("cpu backend: sharding of a function's outputs: %w", compute.ErrNotImplemented)
		}
	}
	if len(outputs) == 0 {
		return fmt.Errorf("cpu backend: function %q returns nothing, want one output or more", f.name)
	}
	results, err := f.values("Return", outputs)
	if err != nil {
		return err
	}
	f.results = results
	return nil
}

// checkOpen returns an error if nothing can be recorded any more.
func (f *Function) checkOpen(op string) error {
	if f.builder.compiled {
		return fmt.Errorf("cpu backend: %s: builder %q was already compiled", op, f.builder.name)
	}
	if f.results != nil {
		return fmt.Errorf("cpu backend: %s: function %q has already returned", op, f.name)
	}
	return nil
}

// values checks that the operands of an operation were recorded by this function or one that encloses it.
func (f *Function) values(op string, operands []compute.Value) ([]*value, error) {
	values := make([]*value, len(operands))
	for i, operand := range operands {
		v, ok := operand.(*value)
		switch {
		case !ok || v == nil:
			return nil, fmt.Errorf("cpu backend: %s: operand %d is %T, want a value of this backend", op, i, operand)
		case v.node.fn.builder != f.builder:
			return nil, fmt.Errorf("cpu backend: %s: operand %d is of builder %q, want %q", op, i, v.node.fn.builder.name, f.builder.name)
		case !v.node.fn.encloses(f):
			return nil, fmt.Errorf("cpu backend: %s: operand %d is of a function that does not enclose this one", op, i)
		}
		values[i] = v
	}
	return values, nil
}

// encloses reports whether f is g or a function that g is a closure of, at any depth.
func (f *Function) encloses(g *Function) bool {
	for ; g != nil; g = g.parent {
		if g == f {
			return true
		}
	}
	return false
}

// captures lists the values of enclosing functions that f uses, each once.
func (f *Function) captures() []*value {
	var captured []*value
	note := func(values []*value) {
		for _, v := range values {
			if v.node.fn != f && !slices.Contains(captured, v) {
				captured = append(captured, v)
			}
		}
	}
	for _, n := range f.nodes {
		note(n.inputs)
	}
	note(f.results)
	return captured
}

// record notes an operation. Its shapes come from issuing it on the shadow.
func (f *Function) record(op compute.OpType, attrs any, replay replay, operands ...compute.Value) (_ []*value, err error) {
	defer func() { // the shadow panics on some senseless shapes
		if p := recover(); p != nil {
			err = fmt.Errorf("cpu backend: %s: %v", op, p)
		}
	}()
	if err := f.checkOpen(op.String()); err != nil {
		return nil, err
	}
	inputs, err := f.values(op.String(), operands)
	if err != nil {
		return nil, err
	}
	shadows := make([]compute.Value, len(inputs))
	for i, v := range inputs {
		shadows[i] = v.shadow
	}
	outputs, err := replay(f.builder.shadow, shadows)
	if compute.IsNotImplemented(err) {
		return nil, fmt.Errorf("cpu backend: neither it nor GoMLX's Go backend has %s of %v: %w", op, shapesOf(inputs), compute.ErrNotImplemented)
	}
	if err != nil {
		return nil, fmt.Errorf("cpu backend: %s: %w", op, err)
	}
	n := &node{op: op, fn: f, inputs: inputs, attrs: attrs, replay: replay}
	for i, shadow := range outputs {
		shape, err := f.builder.shadow.Shape(shadow)
		if err != nil {
			return nil, err
		}
		n.outputs = append(n.outputs, &value{node: n, index: i, shape: shape, shadow: shadow})
	}
	f.nodes = append(f.nodes, n)
	return n.outputs, nil
}

// recordShaped notes an operation that the Go backend cannot infer the shapes of.
func (f *Function) recordShaped(op compute.OpType, attrs any, replay replay, shapes []shapes.Shape, inputs []*value) ([]compute.Value, error) {
	n := &node{op: op, fn: f, inputs: inputs, attrs: attrs, replay: replay}
	results := make([]compute.Value, len(shapes))
	for i, shape := range shapes {
		shadow, err := f.builder.newShadow(shape)
		if err != nil {
			return nil, err
		}
		n.outputs = append(n.outputs, &value{node: n, index: i, shape: shape.Clone(), shadow: shadow})
		results[i] = n.outputs[i]
	}
	f.nodes = append(f.nodes, n)
	return results, nil
}

// record1 notes an operation with one output.
func (f *Function) record1(op compute.OpType, attrs any, replay func(compute.Function, []compute.Value) (compute.Value, error), operands ...compute.Value) (compute.Value, error) {
	outputs, err := f.record(op, attrs, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(replay(g, in))
	}, operands...)
	if err != nil {
		return nil, err
	}
	return outputs[0], nil
}

// one turns the result of an operation with a single output into a list.
func one(v compute.Value, err error) ([]compute.Value, error) {
	return []compute.Value{v}, err
}
