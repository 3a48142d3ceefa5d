package onnx

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// call is a node while it is put into the graph: its settings and its inputs.
type call struct {
	*builder
	*node
	in []value
}

// graphOp puts one node into the graph and returns its outputs. It fails by a panic, see fail.
type graphOp func(c *call) []value

// has says whether input i is there; −1 is none.
func (c *call) has(i int) bool { return i >= 0 && i < len(c.in) && c.in[i].given() }

// arg is input i.
func (c *call) arg(i int) value {
	if !c.has(i) {
		fail("input %d is missing", i+1)
	}
	if problem := c.in[i].problem; problem != nil {
		panic(problem)
	}
	return c.in[i]
}

// operand is input i as a node.
func (c *call) operand(i int) value { return c.inGraph(c.arg(i)) }

// unknownError says that a tensor must be known when the graph is built.
type unknownError struct {
	input int
}

func (e unknownError) Error() string {
	return fmt.Sprintf("its input %d depends on the image; only constants are supported there", e.input)
}

// known is input i, which must be known when the graph is built.
func (c *call) known(i int) *Tensor {
	v := c.arg(i)
	if v.known == nil {
		panic(unknownError{i + 1})
	}
	return v.known
}

// list is the whole numbers in input i, or else in the attribute called name: where ONNX moved it to and where it was. It is
// nil when there is neither.
func (c *call) list(i int, name string) []int {
	if c.has(i) {
		return toInts(c.known(i).Int64s())
	}
	return c.integers(name)
}

// number is the only number of input i, or else the attribute called name, or otherwise.
func (c *call) number(i int, name string, otherwise float64) float64 {
	if !c.has(i) {
		if a, given := c.attributes[name]; given {
			return float64(a.float)
		}
		return otherwise
	}
	t := c.known(i)
	if t.Size() != 1 {
		fail("its input %d has %d numbers, want one", i+1, t.Size())
	}
	if t.Type.real() {
		return float64(t.Float32s()[0])
	}
	return float64(t.Int64s()[0])
}

// axis is the attribute called axis, of a tensor with so many axes.
func (c *call) axis(otherwise, rank int) int { return axisOf(c.integer("axis", otherwise), rank) }

// one is a single output that lies in memory like v.
func one(n *Node, like value) []value { return []value{{node: n, axes: slices.Clone(like.axes)}} }

// ready is a single output that is known.
func ready(t *Tensor) []value { return []value{{known: t}} }

// checkSize fails for a shape of too many elements; there may be fewer in what is computed ahead.
func (b *builder) checkSize(shape []int) {
	most := maxElements
	if b.most > 0 {
		most = b.most
	}
	size := 1
	for _, dim := range shape {
		if dim < 0 || dim > most || size*dim > most {
			fail("a tensor of shape %v is impossible or too large", shape)
		}
		size *= dim
	}
}
