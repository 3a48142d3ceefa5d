package cpu

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Recording of control flow. The node's inputs are the operands, then every value its closures capture; replaying
// it replays the closures as closures of the new function.

// Call implements compute.Function: the nodes of callee are issued again here.
func (f *Function) Call(callee compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	g, ok := callee.(*Function)
	if !ok || g.builder != f.builder || g.results == nil || g.parent != nil || g == f.builder.main {
		return nil, fmt.Errorf("cpu backend: Call wants a named function of builder %q that has returned", f.builder.name)
	}
	operands, err := f.values("Call", inputs)
	if err != nil {
		return nil, err
	}
	if err := sameShapes("Call: parameters", shapesOf(g.parameters), shapesOf(operands)); err != nil {
		return nil, err
	}
	bindings := map[*value]compute.Value{}
	for i, p := range g.parameters {
		bindings[p] = inputs[i]
	}
	return g.issue(f, bindings)
}

// While implements compute.Function.
func (f *Function) While(cond, body compute.Function, initialState ...compute.Value) ([]compute.Value, error) {
	state, closures, err := f.control("While", initialState, cond, body)
	if err != nil {
		return nil, err
	}
	want := shapesOf(state)
	for _, check := range []error{
		sameShapes("While: parameters of the condition", shapesOf(closures[0].parameters), want),
		sameShapes("While: parameters of the body", shapesOf(closures[1].parameters), want),
		sameShapes("While: results of the condition", shapesOf(closures[0].results), []shapes.Shape{shapes.Make(dtypes.Bool)}),
		sameShapes("While: results of the body", shapesOf(closures[1].results), want),
	} {
		if check != nil {
			return nil, check
		}
	}
	return f.recordControl(compute.OpTypeWhile, state, closures, want, func(g compute.Function, in []compute.Value, c []compute.Function) ([]compute.Value, error) {
		return g.While(c[0], c[1], in...)
	})
}

// If implements compute.Function.
func (f *Function) If(pred compute.Value, trueBranch, falseBranch compute.Function) ([]compute.Value, error) {
	operands, closures, err := f.control("If", []compute.Value{pred}, trueBranch, falseBranch)
	if err != nil {
		return nil, err
	}
	want := shapesOf(closures[0].results)
	for _, check := range []error{
		sameShapes("If: predicate", shapesOf(operands), []shapes.Shape{shapes.Make(dtypes.Bool)}),
		sameShapes("If: parameters of the true branch", shapesOf(closures[0].parameters), nil),
		sameShapes("If: parameters of the false branch", shapesOf(closures[1].parameters), nil),
		sameShapes("If: results of the branches", shapesOf(closures[1].results), want),
	} {
		if check != nil {
			return nil, check
		}
	}
	return f.recordControl(compute.OpTypeIf, operands, closures, want, func(g compute.Function, in []compute.Value, c []compute.Function) ([]compute.Value, error) {
		return g.If(in[0], c[0], c[1])
	})
}

// Sort implements compute.Function. The comparator's parameters come in pairs: both sides of the first tensor,
// then of the second.
func (f *Function) Sort(comparator compute.Function, axis int, isStable bool, inputs ...compute.Value) ([]compute.Value, error) {
	operands, closures, err := f.control("Sort", inputs, comparator)
	if err != nil {
		return nil, err
	}
	if len(operands) == 0 {
		return nil, errors.New("cpu backend: Sort of nothing, want one tensor or more")
	}
	first := operands[0].shape
	if axis < 0 {
		axis += first.Rank()
	}
	if axis < 0 || axis >= first.Rank() {
		return nil, fmt.Errorf("cpu backend: Sort: axis %d of %s", axis, first)
	}
	var sides []shapes.Shape
	for _, v := range operands {
		if !slices.Equal(v.shape.Dimensions, first.Dimensions) {
			return nil, fmt.Errorf("cpu backend: Sort of %s and %s, want equal dimensions", first, v.shape)
		}
		sides = append(sides, shapes.Make(v.shape.DType), shapes.Make(v.shape.DType))
	}
	if err := sameShapes("Sort: parameters of the comparator", shapesOf(closures[0].parameters), sides); err != nil {
		return nil, err
	}
	if err := sameShapes("Sort: results of the comparator", shapesOf(closures[0].results), []shapes.Shape{shapes.Make(dtypes.Bool)}); err != nil {
		return nil, err
	}
	return f.recordControl(compute.OpTypeSort, operands, closures, shapesOf(operands), func(g compute.Function, in []compute.Value, c []compute.Function) ([]compute.Value, error) {
		return g.Sort(c[0], axis, isStable, in...)
	})
}

// control checks the operands and closures of a control-flow operation.
func (f *Function) control(op string, operands []compute.Value, closures ...compute.Function) ([]*value, []*Function, error) {
	if err := f.checkOpen(op); err != nil {
		return nil, nil, err
	}
	values, err := f.values(op, operands)
	if err != nil {
		return nil, nil, err
	}
	own := make([]*Function, len(closures))
	for i, c := range closures {
		g, ok := c.(*Function)
		if !ok || g.parent != f || g.results == nil {
			return nil, nil, fmt.Errorf("cpu backend: %s: function %d is not a closure of this function that has returned", op, i)
		}
		own[i] = g
	}
	return values, own, nil
}

// recordControl records a control-flow node; issue gets the operands without the captures.
func (f *Function) recordControl(op compute.OpType, operands []*value, closures []*Function, outputs []shapes.Shape,
	issue func(g compute.Function, in []compute.Value, closures []compute.Function) ([]compute.Value, error)) ([]compute.Value, error) {
	inputs := slices.Clone(operands)
	captured := make([][]*value, len(closures))
	for i, c := range closures {
		captured[i] = c.captures()
		inputs = append(inputs, captured[i]...)
	}
	attrs := controlAttrs{len(operands), closures, captured}
	return f.recordShaped(op, attrs, func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		rest := in[len(operands):]
		replayed := make([]compute.Function, len(closures))
		for i, c := range closures {
			bindings := map[*value]compute.Value{}
			for j, v := range captured[i] {
				bindings[v] = rest[j]
			}
			rest = rest[len(captured[i]):]
			var err error
			if replayed[i], err = c.reissue(g, bindings); err != nil {
				return nil, err
			}
		}
		return issue(g, in[:len(operands)], replayed)
	}, outputs, inputs)
}

// reissue makes a closure of g that does what f does.
func (f *Function) reissue(g compute.Function, bindings map[*value]compute.Value) (compute.Function, error) {
	closure, err := g.Closure()
	if err != nil {
		return nil, err
	}
	results, err := f.issue(closure, bindings)
	if err != nil {
		return nil, err
	}
	return closure, closure.Return(results, nil)
}

// issue replays the nodes of f on g, with the given values for captures and, if they are there, parameters.
func (f *Function) issue(g compute.Function, bindings map[*value]compute.Value) ([]compute.Value, error) {
	for _, n := range f.nodes {
		if bindings[n.outputs[0]] != nil {
			continue
		}
		inputs := make([]compute.Value, len(n.inputs))
		for i, v := range n.inputs {
			inputs[i] = bindings[v]
		}
		outputs, err := n.replay(g, inputs)
		if err != nil {
			return nil, err
		}
		for i, v := range n.outputs {
			bindings[v] = outputs[i]
		}
	}
	results := make([]compute.Value, len(f.results))
	for i, v := range f.results {
		results[i] = bindings[v]
	}
	return results, nil
}

func shapesOf(values []*value) []shapes.Shape {
	list := make([]shapes.Shape, len(values))
	for i, v := range values {
		list[i] = v.shape
	}
	return list
}

func sameShapes(what string, got, want []shapes.Shape) error {
	if !slices.EqualFunc(got, want, shapes.Shape.Equal) {
		return fmt.Errorf("cpu backend: %s have the shapes %v, want %v", what, got, want)
	}
	return nil
}
