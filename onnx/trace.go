package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// tracer is a GoMLX backend that writes down, as an ONNX network, the operations that a graph asks of it. The backend inside
// it records them too and tells their shapes; nothing is run.
type tracer struct {
	compute.Backend
	builder *tracedBuilder
}

type tracedBuilder struct {
	compute.Builder
	function *tracedFunction
}

// tracedFunction is the record. What it does not override goes to the backend inside and gives values that no node may read.
type tracedFunction struct {
	compute.Function
	builder *tracedBuilder
	model   *Model
	weights map[string]*Tensor // of parameters, by name
	open    bool               // the first axis of tracedBatch stands for any number
	values  map[compute.Value]traced
	results []compute.Value
}

// traced is a value in the ONNX network: a tensor, or one whose numbers are known. GoMLX's axis i is ONNX's axis axes[i].
type traced struct {
	name  string
	axes  []int
	known *Tensor
}

// tracedBatch is the number of images while tracing; it stands for any number.
const tracedBatch = 7

func newTracer(inside compute.Backend, weights map[string]*Tensor) *tracer {
	t := &tracer{Backend: inside}
	b := &tracedBuilder{Builder: inside.Builder("trace")}
	b.function = &tracedFunction{
		Function: b.Builder.Main(), builder: b, weights: weights, values: map[compute.Value]traced{},
		model: &Model{opset: exportOpset, metadata: map[string]string{}, graph: graph{initializers: map[string]*Tensor{}}},
	}
	t.builder = b
	return t
}

func (t *tracer) Builder(string) compute.Builder     { return t.builder }
func (b *tracedBuilder) Main() compute.Function      { return b.function }
func (f *tracedFunction) Builder() compute.Builder   { return f.builder }
func (f *tracedFunction) dims(v compute.Value) []int { s, _ := f.Shape(v); return s.Dimensions }
func (f *tracedFunction) tensor(name string, t *Tensor) string {
	f.model.initializers[name] = t
	return name
}

// trace makes an ONNX network of what build does with inputs of the given shapes, whose first axes are either all unknownDim, a batch of
// any size, or none. Images [n, h, w, c] become [n, c, h, w].
func trace(inside compute.Backend, weights map[string]*Tensor, inputs []ValueInfo, outputs []string, build func(inputs []*Node) []*Node) (*Model, error) {
	t := newTracer(inside, weights)
	f := t.builder.function
	g := NewGraph(t, "trace")
	nodes := make([]*Node, len(inputs))
	for i, info := range inputs {
		shape := slices.Clone(info.Shape)
		if len(shape) == 4 {
			shape = []int{shape[0], shape[3], shape[1], shape[2]}
		}
		f.model.inputs = append(f.model.inputs, ValueInfo{info.Name, Float, shape})
		if shape = slices.Clone(info.Shape); shape[0] == unknownDim {
			f.open, shape[0] = true, tracedBatch
		}
		nodes[i] = Parameter(g, info.Name, float32Shape(shape...))
	}
	if err := g.Compile(build(nodes)...); err != nil {
		return nil, err
	}
	defer g.Finalize()
	return f.model, f.finish(outputs)
}

// Return implements compute.Function.
func (f *tracedFunction) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	f.results = outputs
	return f.Function.Return(outputs, shardings)
}

// finish makes the traced results the network's outputs.
func (f *tracedFunction) finish(outputs []string) error {
	for i, output := range outputs {
		v, shape := f.values[f.results[i]], slices.Clone(f.dims(f.results[i]))
		if v.name == "" {
			return fmt.Errorf("output %s does not depend on the images", output)
		}
		f.add("Identity", output, []string{f.ordered(v, len(shape))}, nil)
		if f.open {
			shape[0] = unknownDim
		}
		f.model.outputs = append(f.model.outputs, ValueInfo{output, Float, shape})
	}
	return nil
}

// add appends a node; an empty output gets a name of its own.
func (f *tracedFunction) add(op, output string, inputs []string, attributes map[string]attribute) string {
	name := fmt.Sprintf("%s_%d", op, len(f.model.nodes))
	if output == "" {
		output = name
	}
	f.model.nodes = append(f.model.nodes, &node{name: name, op: op, inputs: inputs, outputs: []string{output}, attributes: attributes})
	return output
}

// constant gives a known tensor a name in the network.
func (f *tracedFunction) constant(t *Tensor) string {
	return f.tensor(fmt.Sprintf("constant_%d", len(f.model.initializers)), t)
}

// of finds what a value is in the network.
func (f *tracedFunction) of(v compute.Value) (traced, error) {
	t, ok := f.values[v]
	if !ok {
		return t, errors.New("it reads the result of an operation that cannot be exported")
	}
	return t, nil
}

// set remembers what the backend's value is in the network.
func (f *tracedFunction) set(v compute.Value, err error, t traced) (compute.Value, error) {
	if err == nil {
		f.values[v] = t
	}
	return v, err
}

// arranged gives v's name after its axes were brought into the wanted order.
func (f *tracedFunction) arranged(v traced, wanted []int) string {
	if v.known != nil {
		return f.constant(v.known.transposed(inMemory(wanted)))
	}
	if slices.Equal(v.axes, wanted) {
		return v.name
	}
	order := make([]int64, len(wanted))
	for i, axis := range wanted {
		order[axis] = int64(v.axes[i])
	}
	return f.add("Transpose", "", []string{v.name}, map[string]attribute{"perm": {integers: order}})
}

func (f *tracedFunction) ordered(v traced, rank int) string { return f.arranged(v, identity(rank)) }

// Parameter implements compute.Function: an input of the network, or weights.
func (f *tracedFunction) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	v, err := f.Function.Parameter(name, shape, sharding)
	if t := f.weights[name]; t != nil {
		return f.set(v, err, traced{known: t})
	}
	axes := identity(shape.Rank())
	if shape.Rank() == 4 {
		axes = inMemory(channelsLast(4))
	}
	return f.set(v, err, traced{name: name, axes: axes})
}

// Constant implements compute.Function.
func (f *tracedFunction) Constant(flat any, dims ...int) (compute.Value, error) {
	v, err := f.Function.Constant(flat, dims...)
	values, ok := flat.([]float32)
	if !ok {
		return v, err
	}
	return f.set(v, err, traced{known: floatTensor(dims, values)})
}
