package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// builder puts a network into a GoMLX graph.
type builder struct {
	graph  *Graph
	model  *Model
	values map[string]value
}

// graphOp puts one node into the graph and returns its outputs. An input that was left out is the zero value.
type graphOp func(b *builder, n *node, in []value) ([]value, error)

// Build adds the network to the graph of inputs, which are those of [Model.Inputs] in order, and returns the tensors called
// outputs. Tensors of four axes, which ONNX has as [n, c, h, w], are [n, h, w, c] here, both ways, unless the network itself
// reads images with channels last; all others are as in ONNX.
//
// Build panics, as GoMLX's graph functions do, with an error that names the node, when the inputs do not fit.
func (m *Model) Build(inputs []*Node, outputs []string) []*Node {
	b := &builder{graph: inputs[0].Graph(), model: m, values: map[string]value{}}
	if err := b.takeInputs(inputs); err != nil {
		panic(err)
	}
	for _, n := range m.needed(outputs) {
		if err := b.build(n); err != nil {
			panic(n.wrap(err))
		}
	}
	results := make([]*Node, len(outputs))
	for i, name := range outputs {
		v := b.value(name)
		if v.rank() == 4 && !m.imagesChannelsLast() {
			results[i] = b.arrange(v, channelsLast())
		} else {
			results[i] = b.ordered(v)
		}
	}
	return results
}

// imagesChannelsLast says whether the network reads images as [n, h, w, c] itself.
func (m *Model) imagesChannelsLast() bool {
	shape := m.inputs[0].Shape
	return len(shape) == 4 && shape[1] != 1 && shape[1] != 3 && (shape[3] == 1 || shape[3] == 3)
}

func (b *builder) takeInputs(inputs []*Node) error {
	m := b.model
	if len(inputs) != len(m.inputs) {
		return fmt.Errorf("the network has %d inputs, given %d", len(m.inputs), len(inputs))
	}
	for i, info := range m.inputs {
		v := plain(inputs[i])
		if v.rank() == 4 && !m.imagesChannelsLast() {
			v.axes = channelsLast()
		}
		if err := info.accepts(v.dims(), inputs[i].DType()); err != nil {
			return err
		}
		b.values[info.Name] = v
	}
	return nil
}

// accepts compares an input's shape, in ONNX's order, with what the network declares.
func (v ValueInfo) accepts(dims []int, dtype dtypes.DType) error {
	if v.Type != Float || dtype != dtypes.Float32 {
		return fmt.Errorf("input %s holds %s, given %s: only float32 is supported", v.Name, v.Type, dtype)
	}
	if v.Shape == nil {
		return nil
	}
	fits := len(dims) == len(v.Shape)
	for i := 0; fits && i < len(dims); i++ {
		fits = v.Shape[i] == unknownDim || v.Shape[i] == dims[i]
	}
	if !fits {
		return fmt.Errorf("input %s has shape %v in the network (-1 is open), given %v", v.Name, v.Shape, dims)
	}
	return nil
}

// value finds a tensor by name; an input that was left out is the zero value.
func (b *builder) value(name string) value {
	if v, ok := b.values[name]; ok {
		return v
	}
	return value{known: b.model.initializers[name]}
}

// build computes a node now if its inputs are known, and adds it to the graph otherwise.
func (b *builder) build(n *node) (err error) {
	defer func() { // GoMLX panics on shapes that do not fit
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%v", failure)
		}
	}()
	t, err := n.constant(func(name string) *Tensor { return b.value(name).known })
	if err != nil {
		return err
	}
	if t != nil {
		b.values[n.outputs[0]] = value{known: t}
		return nil
	}
	op := graphOps[n.op]
	if op == nil {
		return errors.New("it is supported for constants only")
	}
	inputs := make([]value, len(n.inputs))
	for i, name := range n.inputs {
		inputs[i] = b.value(name)
	}
	outputs, err := op(b, n, inputs)
	if err != nil {
		return err
	}
	for i, name := range n.outputs {
		if i < len(outputs) {
			b.values[name] = outputs[i]
		} else if name != "" {
			return fmt.Errorf("its output %d is not supported", i)
		}
	}
	return nil
}

// given says whether input i is there.
func given(in []value, i int) bool { return i < len(in) && (in[i].known != nil || in[i].node != nil) }

// require fails unless the first count inputs are there.
func require(in []value, count int) error {
	for i := range count {
		if !given(in, i) {
			return fmt.Errorf("input %d of %d is missing", i+1, count)
		}
	}
	return nil
}

// knownInputs are the tensors of inputs that must be known, from the first-th on.
func knownInputs(in []value, first int) ([]*Tensor, error) {
	var out []*Tensor
	for i := first; i < len(in); i++ {
		if in[i].node != nil {
			return nil, fmt.Errorf("its input %d depends on the image; only constants are supported there", i+1)
		}
		out = append(out, in[i].known)
	}
	return out, nil
}

// scalar is the only number of input i, or otherwise when it was left out.
func scalar(in []value, i int, otherwise float64) (float64, error) {
	if !given(in, i) {
		return otherwise, nil
	}
	if in[i].known == nil || in[i].known.Size() != 1 {
		return 0, fmt.Errorf("its input %d is not one constant number", i+1)
	}
	return float64(in[i].known.Float32s()[0]), nil
}

// one is a single output that lies in memory like v.
func one(n *Node, like value) []value { return []value{{node: n, axes: slices.Clone(like.axes)}} }

// aligned gives the nodes of two values that broadcast, laid out alike, and how.
func (b *builder) aligned(x, y value) (xn, yn *Node, axes []int) {
	rank := max(x.rank(), y.rank())
	like := x
	if x.node == nil || y.node != nil && y.rank() > x.rank() {
		like = y
	}
	if like.rank() < rank {
		like = value{axes: identity(rank)}
	}
	return b.laidOut(x, like.axes), b.laidOut(y, like.axes), like.axes
}

// laidOut gives v with as many axes as wanted; a single constant number becomes a scalar.
func (b *builder) laidOut(v value, wanted []int) *Node {
	if v.known != nil && v.known.Size() == 1 {
		return b.constant(v.known.reshaped(nil))
	}
	if missing := len(wanted) - v.rank(); missing > 0 {
		shape := make([]int, missing, len(wanted))
		for i := range shape {
			shape[i] = 1
		}
		v = b.reshape(v, append(shape, v.dims()...))
	}
	return b.arrange(v, wanted)
}

// physical are the places in memory of axes of v, which may count from the end.
func (v value) physical(axes []int) ([]int, error) {
	axes, err := axesOf(axes, v.rank())
	if err != nil {
		return nil, err
	}
	for i, axis := range axes {
		axes[i] = v.axes[axis]
	}
	return axes, nil
}

// inGraph makes v a node.
func (b *builder) inGraph(v value) value {
	if v.node != nil {
		return v
	}
	return plain(b.constant(v.known))
}
