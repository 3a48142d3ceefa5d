package onnx

import (
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Recurrent layers become as many copies of their step as the sequence is long; the graph is built for one length.

// maxSteps is the longest sequence.
const maxSteps = 1 << 12

// cell is one direction of a recurrent layer. Gates lie one after the other, each of hidden numbers.
type cell struct {
	hidden        int
	gates         int
	weights       *Node // of the inputs, [gates·hidden, in]
	recurrent     *Node // of the state, [gates·hidden, hidden]
	bias          *Node // of the inputs, [gates·hidden], nil for none
	recurrentBias *Node // of the state, as bias
	activations   []func(x *Node) *Node
	step          func(r cell, x, h, memory *Node) (nextH, nextMemory *Node)
	peepholes     *Node // [3·hidden] of a cell that looks at its memory, nil for none
	linear        bool  // linear_before_reset of a GRU
}

func rnn(c *call) []value  { return c.recurrent(1, []string{"Tanh"}, rnnStep) }
func gru(c *call) []value  { return c.recurrent(3, []string{"Sigmoid", "Tanh"}, gruStep) }
func lstm(c *call) []value { return c.recurrent(4, []string{"Sigmoid", "Tanh", "Tanh"}, lstmStep) }

// rnnStep is f(W·x + R·h + b).
func rnnStep(r cell, x, h, memory *Node) (nextH, nextMemory *Node) {
	return r.activations[0](Add(r.in(x, 0, 1), r.back(h, 0, 1))), memory
}

// gruStep has an update gate z, a reset gate r and a candidate: (1 − z)·candidate + z·h.
func gruStep(r cell, x, h, memory *Node) (nextH, nextMemory *Node) {
	update := r.activations[0](Add(r.in(x, 0, 1), r.back(h, 0, 1)))
	reset := r.activations[0](Add(r.in(x, 1, 2), r.back(h, 1, 2)))
	past := Mul(reset, r.back(h, 2, 3))
	if !r.linear {
		past = r.back(Mul(reset, h), 2, 3)
	}
	candidate := r.activations[1](Add(r.in(x, 2, 3), past))
	return Add(Mul(OneMinus(update), candidate), Mul(update, h)), memory
}

// lstmStep has gates for input, output, forgetting and the candidate, in this order.
func lstmStep(r cell, x, h, memory *Node) (nextH, nextMemory *Node) {
	gate := func(i int) *Node { return Add(r.in(x, i, i+1), r.back(h, i, i+1)) }
	peep := func(i int, memory *Node) *Node {
		if r.peepholes == nil {
			return ScalarZero(x.Graph(), x.DType())
		}
		return Mul(InsertAxes(Slice(r.peepholes, AxisRange(i*r.hidden, (i+1)*r.hidden)), 0), memory)
	}
	input := r.activations[0](Add(gate(0), peep(0, memory)))
	forget := r.activations[0](Add(gate(2), peep(2, memory)))
	nextMemory = Add(Mul(forget, memory), Mul(input, r.activations[1](gate(3))))
	output := r.activations[0](Add(gate(1), peep(1, nextMemory)))
	return Mul(output, r.activations[2](nextMemory)), nextMemory
}

// in is what the inputs say to the gates from first on, before last.
func (r cell) in(x *Node, first, last int) *Node {
	return r.product(x, r.weights, r.bias, first, last)
}

// back is the same of the state.
func (r cell) back(h *Node, first, last int) *Node {
	return r.product(h, r.recurrent, r.recurrentBias, first, last)
}

func (r cell) product(x, weights, bias *Node, first, last int) *Node {
	rows := AxisRange(first*r.hidden, last*r.hidden)
	y := DotGeneral(x, []int{1}, nil, Slice(weights, rows), []int{1}, nil)
	if bias == nil {
		return y
	}
	return Add(y, InsertAxes(Slice(bias, rows), 0))
}

// recurrent runs a layer over a sequence [t, n, in], in one direction or both. It gives all states, the last, and of an LSTM the
// last memory. Inputs are the sequence, weights, recurrent weights, biases, lengths, first state, first memory and peepholes.
func (c *call) recurrent(gates int, activations []string, step func(cell, *Node, *Node, *Node) (*Node, *Node)) []value {
	x := c.ordered(c.operand(0))
	batchFirst := c.integer("layout", 0) != 0
	if batchFirst {
		x = TransposeAllAxes(x, 1, 0, 2)
	}
	if c.integer("input_forget", 0) != 0 || c.attributes["clip"].float != 0 {
		fail("input_forget and clip are not supported")
	}
	if steps := x.Shape().Dim(0); steps < 1 || steps > maxSteps {
		fail("a sequence of %d steps, want 1 to %d", steps, maxSteps)
	}
	var all, last, memory []*Node
	directions := []string{c.text("direction", "forward")}
	if directions[0] == "bidirectional" {
		directions = []string{"forward", "reverse"}
	}
	for d, direction := range directions {
		r := c.cell(d, gates, activations)
		r.step = step
		a, l, m := c.unrolled(r, x, d, direction == "reverse")
		all, last, memory = append(all, a), append(last, l), append(memory, m)
	}
	outputs := []*Node{Stack(all, 1), Stack(last, 0), Stack(memory, 0)}
	if batchFirst {
		outputs = []*Node{TransposeAllAxes(outputs[0], 2, 0, 1, 3), TransposeAllAxes(outputs[1], 1, 0, 2), TransposeAllAxes(outputs[2], 1, 0, 2)}
	}
	return []value{plain(outputs[0]), plain(outputs[1]), plain(outputs[2])}
}

// cell reads the weights of direction d.
func (c *call) cell(d, gates int, names []string) cell {
	part := func(i int) *Node {
		if !c.has(i) {
			return nil
		}
		return Squeeze(Slice(c.ordered(c.operand(i)), AxisElem(d)), 0)
	}
	r := cell{gates: gates, weights: part(1), recurrent: part(2), peepholes: part(7), linear: c.integer("linear_before_reset", 0) != 0}
	r.hidden = r.recurrent.Shape().Dim(1)
	if r.recurrent.Shape().Dim(0) != gates*r.hidden {
		fail("recurrent weights of shape %v for %d gates", r.recurrent.Shape().Dimensions, gates)
	}
	if biases := part(3); biases != nil {
		r.bias = Slice(biases, AxisRange(0, gates*r.hidden))
		r.recurrentBias = Slice(biases, AxisRange(gates*r.hidden))
	}
	if given := c.attributes["activations"].texts; len(given) >= (d+1)*len(names) {
		names = given[d*len(names) : (d+1)*len(names)]
	}
	for _, name := range names {
		f := map[string]func(*Node) *Node{"tanh": tanh, "sigmoid": sigmoid, "relu": relu}[strings.ToLower(name)]
		if f == nil {
			fail("activation %s is not supported", name)
		}
		r.activations = append(r.activations, f)
	}
	return r
}

// unrolled takes one step after the other. Where sequences have lengths of their own the state stays as it is after the end.
func (c *call) unrolled(r cell, x *Node, d int, reverse bool) (all, h, memory *Node) {
	steps, batch := x.Shape().Dim(0), x.Shape().Dim(1)
	first := func(i int) *Node {
		if !c.has(i) {
			return Zeros(c.graph(), shapes.Make(x.DType(), batch, r.hidden))
		}
		state := c.ordered(c.operand(i))
		if c.integer("layout", 0) != 0 {
			state = TransposeAllAxes(state, 1, 0, 2)
		}
		return Squeeze(Slice(state, AxisElem(d)), 0)
	}
	h, memory = first(5), first(6)
	states := make([]*Node, steps)
	for i := range steps {
		t := i
		if reverse {
			t = steps - 1 - i
		}
		nextH, nextMemory := r.step(r, Squeeze(Slice(x, AxisElem(t)), 0), h, memory)
		if c.has(4) {
			going := BroadcastToShape(InsertAxes(c.longer(t), -1), shapes.Make(dtypes.Bool, batch, r.hidden))
			states[t] = Where(going, nextH, zero(nextH))
			h, memory = Where(going, nextH, h), Where(going, nextMemory, memory)
			continue
		}
		h, memory, states[t] = nextH, nextMemory, nextH
	}
	return Stack(states, 0), h, memory
}

// longer says which sequences have a step t.
func (c *call) longer(t int) *Node {
	lengths := ConvertDType(c.ordered(c.operand(4)), dtypes.Int64)
	return GreaterThan(lengths, Scalar(c.graph(), dtypes.Int64, t))
}
