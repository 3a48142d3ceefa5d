package onnx

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// builder puts a network into a GoMLX graph.
type builder struct {
	backend compute.Backend
	model   *Model
	values  map[string]value
	floats  map[*Node]*Node // of a node of whole numbers, one of the same numbers as float32, where there is one
	inner   *Graph          // nil until something is put into it
	most    int             // elements of a tensor that may be made; 0 means maxElements
	learns  bool            // whether a gradient is wanted
}

// Build adds the network to the graph of inputs, which are those of [Model.Inputs] in order, and returns the tensors called
// outputs. Tensors of four axes, which ONNX has as [n, c, h, w], are [n, h, w, c] here, both ways, unless the network itself
// reads images with channels last; all others are as in ONNX. Inputs may be float32 whatever the network reads.
//
// Build panics, as GoMLX's graph functions do, with an error that names the node, when the inputs do not fit. It is quicker on
// what [Model.Select] gave.
func (m *Model) Build(inputs []*Node, outputs []string) []*Node {
	return newBuilder(m, inputs[0].Graph()).network(inputs, make([]*Tensor, len(inputs)), outputs)
}

func newBuilder(m *Model, g *Graph) *builder {
	return &builder{backend: g.Backend(), inner: g, model: m, values: map[string]value{}, floats: map[*Node]*Node{}}
}

// network is Build for inputs of which some are known already: a node is nil where a tensor is given.
func (b *builder) network(inputs []*Node, known []*Tensor, outputs []string) []*Node {
	m := b.model
	if len(inputs) != len(m.inputs) {
		fail("the network has %d inputs, given %d", len(m.inputs), len(inputs))
	}
	for i, info := range m.inputs {
		if known[i] != nil {
			b.values[info.Name] = value{known: known[i]}
		} else {
			b.values[info.Name] = b.input(info, inputs[i])
		}
	}
	b.run(m.nodes)
	results := make([]*Node, len(outputs))
	for i, name := range outputs {
		v := b.value(name)
		if v.rank() == 4 && !m.imagesChannelsLast() {
			results[i] = b.arrange(v, channelsLast(4))
		} else {
			results[i] = b.ordered(v)
		}
	}
	return results
}

// imagesChannelsLast says whether the network reads images as [n, h, w, c] itself.
func (m *Model) imagesChannelsLast() bool {
	if len(m.inputs) == 0 {
		return false
	}
	shape := m.inputs[0].Shape
	return len(shape) == 4 && shape[1] != 1 && shape[1] != 3 && (shape[3] == 1 || shape[3] == 3)
}

// input is what the network reads as info, of a node that may be float32 instead of the type it declares.
func (b *builder) input(info ValueInfo, n *Node) value {
	v := plain(n)
	if v.rank() == 4 && !b.model.imagesChannelsLast() {
		v.axes = channelsLast(4)
	}
	info.accepts(v.dims())
	wanted := info.Type.dtype()
	switch {
	case info.Type == 0 || n.DType() == wanted:
	case n.DType() != dtypes.Float32:
		fail("input %s holds %s, given %s", info.Name, info.Type, n.DType())
	case wanted.IsInt():
		v.node = b.wholes(Round(n), info.Type)
	default:
		v.node = b.converted(n, info.Type)
	}
	return v
}

// accepts compares an input's shape, in ONNX's order, with what the network declares.
func (v ValueInfo) accepts(dims []int) {
	fits := v.Shape == nil || len(dims) == len(v.Shape)
	for i := 0; fits && i < len(v.Shape); i++ {
		fits = v.Shape[i] == unknownDim || v.Shape[i] == dims[i]
	}
	if !fits {
		fail("input %s has shape %v in the network (-1 is open), given %v", v.Name, v.Shape, dims)
	}
}

// run builds nodes in order. It panics with an error that names the one that failed.
func (b *builder) run(nodes []*node) {
	for _, n := range nodes {
		if err := b.build(n); err != nil {
			panic(n.wrap(err))
		}
	}
}

// graph is where nodes are put.
func (b *builder) graph() *Graph {
	if b.inner == nil {
		b.inner = NewGraph(b.backend, "constants")
	}
	return b.inner
}

// value finds a tensor by name; an input that was left out is the zero value.
func (b *builder) value(name string) value {
	if v, ok := b.values[name]; ok {
		return v
	}
	return stored(b.model.initializers[name])
}

// isConstant says whether all that a node reads is known.
func (b *builder) isConstant(n *node) bool {
	constant := true
	n.reads(func(name string) { constant = constant && (name == "" || b.value(name).known != nil) })
	return constant
}

// build computes a node now if its inputs are known, and adds it to the graph otherwise.
func (b *builder) build(n *node) (err error) {
	defer recoverTo(&err)
	op, err := n.operation(b.model.opset)
	if err != nil {
		return err
	}
	c := &call{builder: b, node: n, in: make([]value, len(n.inputs))}
	for i, name := range n.inputs {
		c.in[i] = b.value(name)
	}
	var outputs []value
	if b.isConstant(n) {
		outputs = c.evaluate(op)
	} else {
		outputs = op(c)
	}
	for i, name := range n.outputs {
		if i < len(outputs) {
			b.values[name] = outputs[i]
		} else if name != "" {
			b.values[name] = value{problem: fmt.Errorf("output %d of node %s (%s) is not supported", i+1, n.name, n.op)}
		}
	}
	return nil
}

// evaluate computes a call whose inputs are known, in a graph of its own.
func (c *call) evaluate(op graphOp) []value {
	alone := &builder{backend: c.backend, model: c.model, values: c.values, floats: map[*Node]*Node{}, most: maxMade}
	for _, v := range c.in {
		if v.known != nil {
			alone.most = max(alone.most, v.known.Size())
		}
	}
	outputs := slices.Clone(op(&call{builder: alone, node: c.node, in: c.in}))
	if alone.inner == nil {
		return outputs
	}
	defer alone.inner.Finalize()
	var nodes []*Node
	var places []int
	for i, v := range outputs {
		switch {
		case v.node == nil:
		case v.node.Shape().Size() == 0:
			outputs[i] = value{known: &Tensor{Type: typeOf(v.dtype()), Shape: v.dims()}}
		default:
			nodes, places = append(nodes, alone.ordered(v)), append(places, i)
		}
	}
	for i, t := range results(alone.inner, nodes) {
		outputs[places[i]] = value{known: t}
	}
	return outputs
}

// maxMade is the most elements of a tensor that is computed ahead of tensors that are all smaller.
const maxMade = 1 << 24

// results computes nodes of a graph without inputs.
func results(g *Graph, nodes []*Node) []*Tensor {
	if len(nodes) == 0 {
		return nil
	}
	if err := g.Compile(nodes...); err != nil {
		panic(err)
	}
	var all []*Tensor
	for _, t := range g.Run() {
		all = append(all, tensorOf(t))
		defer t.FinalizeAll()
	}
	return all
}

// fail ends the building of a network with an error, which [builder.build] and [Network.Run] return.
func fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// recoverTo turns the panic of fail, or of GoMLX where shapes do not fit, into an error.
func recoverTo(err *error) {
	switch failure := recover().(type) {
	case nil:
	case runtime.Error:
		*err = fmt.Errorf("its inputs or settings make no sense: %w", failure)
	case error:
		*err = failure
	default:
		*err = errors.New(fmt.Sprint(failure))
	}
}
