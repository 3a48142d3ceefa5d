package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/siam-go/siam/internal/memory"
)

// foldLimit is the largest constant that folding makes, in bytes.
const foldLimit = 1 << 16

// foldConstants replaces small results that depend on constants alone by constants.
func (g *body) foldConstants(backend *Backend) error {
	folded := map[*value]bool{} // known now, constants of the function too
	part := &body{}
	for _, n := range g.nodes {
		if n.foldable(folded) {
			part.nodes = append(part.nodes, n)
			for _, v := range n.outputs {
				folded[v] = true
			}
		}
	}
	for _, n := range g.nodes { // those that others read become constants
		if !folded[n.outputs[0]] {
			part.want(n.inputs, folded)
		}
	}
	part.want(g.results, folded)
	if len(part.results) == 0 {
		return nil
	}
	p, err := lower(backend, part)
	if err != nil {
		return err
	}
	fr := newSettledFrame(p, 1)
	for _, r := range p.outputs {
		fr.mem[r] = memory.Allocate(p.blocks[r].bytes)
	}
	if err := fr.run(nil); err != nil {
		return err
	}
	by := map[*value]*value{}
	for i, v := range part.results {
		by[v] = newConstant(fr.mem[p.outputs[i]], v.shape, v.node.position)
		g.nodes = append(g.nodes, by[v].node)
	}
	g.redirect(by)
	g.order(asRecorded)
	return nil
}

// want adds the folded values among list that are not constants already to the results, each once.
func (g *body) want(list []*value, folded map[*value]bool) {
	for _, v := range list {
		if folded[v] && v.node.op != compute.OpTypeConstant {
			folded[v] = false
			g.results = append(g.results, v)
		}
	}
}

// foldable reports whether a node is a constant or depends only on known values and is small.
func (n *node) foldable(known map[*value]bool) bool {
	switch n.op {
	case compute.OpTypeConstant:
		return true
	case compute.OpTypeParameter, compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier,
		compute.OpTypeWhile, compute.OpTypeIf, compute.OpTypeSort:
		return false
	}
	for _, v := range n.inputs {
		if !known[v] {
			return false
		}
	}
	size := 0
	for _, v := range n.outputs {
		size += byteSize(v.shape)
	}
	return size <= foldLimit
}

func newConstant(mem []byte, shape shapes.Shape, position int) *value {
	n := &node{op: compute.OpTypeConstant, attrs: &constant{flat: flatOf(mem, shape), mem: mem}, position: position}
	n.outputs = []*value{{node: n, shape: shape}}
	return n.outputs[0]
}

// reduceAlgebra replaces nodes by simpler ones that compute the same, and recognises ReLU, leaky ReLU and the
// gradient of ReLU as GoMLX writes them.
func (g *body) reduceAlgebra() {
	by := map[*value]*value{}
	users := g.users()
	for _, n := range g.nodes {
		for i, v := range n.inputs {
			if by[v] != nil {
				n.inputs[i] = by[v]
			}
		}
		if len(n.outputs) != 1 {
			continue
		}
		n.dropBroadcasts()
		if simpler := n.simpler(); simpler != nil {
			by[n.outputs[0]] = simpler
		} else if n.op == compute.OpTypeTranspose && len(users[n.inputs[0]]) == 1 {
			if product := n.turnedProduct(); product != nil {
				by[n.outputs[0]] = product
			}
		}
	}
	g.redirect(by)
}

// dropBroadcasts lets element-wise operations read scalars that were broadcast for them.
func (n *node) dropBroadcasts() {
	if !n.elementwise() || len(n.inputs) != 2 {
		return
	}
	for i, v := range n.inputs {
		if b := v.node; b.op == compute.OpTypeBroadcastInDim && b.inputs[0].shape.Size() == 1 && n.inputs[1-i].shape.Equal(n.outputs[0].shape) {
			n.inputs[i] = b.inputs[0]
		}
	}
}

// simpler is a value that equals the node's output, or nil.
func (n *node) simpler() *value {
	y := n.outputs[0]
	switch n.op {
	case compute.OpTypeSub:
		if n.inputs[1].isFilledWith(0) && n.inputs[0].shape.Equal(y.shape) {
			return n.inputs[0]
		}
	case compute.OpTypeMul:
		for i, v := range n.inputs {
			other := n.inputs[1-i]
			if v.isFilledWith(1) && other.shape.Equal(y.shape) {
				return other
			}
			if x := v.stepOf(); x != nil && x.shape.Equal(y.shape) && other.shape.Equal(y.shape) {
				return n.become(opReluGrad, other, x)
			}
		}
	case compute.OpTypeAdd:
		for i, v := range n.inputs {
			if slope := n.inputs[1-i].slopeBelow(v); slope != nil {
				return n.become(opLeakyRelu, v.node.inputs[0], slope)
			}
		}
	case compute.OpTypeMax:
		for i, v := range n.inputs {
			if other := n.inputs[1-i]; v.isFilledWith(0) && other.shape.Equal(y.shape) {
				return n.become(opRelu, other)
			}
		}
	case compute.OpTypeReshape:
		x := n.inputs[0]
		for x.node.op == compute.OpTypeReshape {
			x = x.node.inputs[0]
		}
		if x.shape.Equal(y.shape) {
			return x
		}
		n.inputs[0] = x
	case compute.OpTypeTranspose:
		if sameLayout(n.inputs[0].shape, n.attrs.([]int)) {
			return n.reshaped()
		}
	}
	return nil
}

// turnedProduct is r·l if the node transposes the matrix product l·r; nil otherwise.
func (n *node) turnedProduct() *value {
	dot := n.inputs[0].node
	if dot.op != compute.OpTypeDotGeneral {
		return nil
	}
	a := dot.attrs.(dotAttrs)
	rows := dot.inputs[0].shape.Rank() - len(a.lhsContract)
	axes := allAxes(n.outputs[0].shape)
	if len(a.lhsBatch) > 0 || !slices.Equal(n.attrs.([]int), slices.Concat(axes[rows:], axes[:rows])) {
		return nil
	}
	y := n.become(compute.OpTypeDotGeneral, dot.inputs[1], dot.inputs[0])
	turned := dotAttrs{lhsContract: a.rhsContract, rhsContract: a.lhsContract, config: a.config}
	y.node.attrs, y.node.replay = turned, turned.replay
	return y
}

// reshaped is the operand of n in the shape of its result.
func (n *node) reshaped() *value {
	y := n.become(compute.OpTypeReshape, n.inputs[0])
	dimensions := y.shape.Dimensions
	y.node.attrs = dimensions
	y.node.replay = func(g compute.Function, in []compute.Value) ([]compute.Value, error) {
		return one(g.Reshape(in[0], dimensions...))
	}
	return y
}

// become is the output of a new node in the place of n.
func (n *node) become(op compute.OpType, inputs ...*value) *value {
	m := &node{op: op, fn: n.fn, inputs: inputs, position: n.position}
	m.outputs = []*value{{node: m, shape: n.outputs[0].shape}}
	return m.outputs[0]
}

// isFilledWith reports whether all elements are known to be the float32 x.
func (v *value) isFilledWith(x float32) bool {
	switch n := v.node; n.op {
	case compute.OpTypeReshape, compute.OpTypeBroadcastInDim:
		return n.inputs[0].isFilledWith(x)
	case compute.OpTypeConstant:
		if v.shape.DType != dtypes.Float32 || v.shape.Size() == 0 {
			return false
		}
		for _, e := range as[float32](n.attrs.(*constant).mem) {
			if e != x {
				return false
			}
		}
		return true
	}
	return false
}

// stepOf is x if v is sign(sign(x) + 1), which is 1 where x ≥ 0 and 0 elsewhere; nil otherwise.
func (v *value) stepOf() *value {
	if v.node.op != compute.OpTypeSign || v.shape.DType != dtypes.Float32 {
		return nil
	}
	add := v.node.inputs[0].node
	if add.op != compute.OpTypeAdd || !add.inputs[1].isFilledWith(1) {
		return nil
	}
	if sign := add.inputs[0].node; sign.op == compute.OpTypeSign {
		return sign.inputs[0]
	}
	return nil
}

// slopeBelow is s if relu is max(x, 0) and v is s·min(x, 0), with a slope s that is one number or one for each of the last
// axis; nil otherwise.
func (v *value) slopeBelow(relu *value) *value {
	if relu.node.op != opRelu || v.node.op != compute.OpTypeMul || !v.shape.Equal(relu.shape) {
		return nil
	}
	for i, below := range v.node.inputs {
		slope := v.node.inputs[1-i]
		if below.node.op != compute.OpTypeMin || !below.shape.Equal(v.shape) || !slices.Contains(below.node.inputs, relu.node.inputs[0]) {
			continue
		}
		if kind, _, ok := layout(slope.shape, v.shape); ok && (kind == asScalar || kind == asRow) && slices.ContainsFunc(below.node.inputs, isZero) {
			return slope
		}
	}
	return nil
}

func isZero(v *value) bool { return v.isFilledWith(0) }

// elementwise reports whether a node is an element-wise operation on float32 of ours.
func (n *node) elementwise() bool {
	_, binary := binaryOps[n.op]
	_, unary := unaryOps[n.op]
	return (binary || unary || n.op == opRelu || n.op == opReluGrad || n.op == opLeakyRelu) && isFloat32(n.inputs...)
}
