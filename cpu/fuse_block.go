package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

// blockAttrs is what follows a convolution: batch normalisation, the sum with a residual, ReLU and max-pooling, some of them
// optional.
//
//	forward   inputs x, [scale, offset], [residual]; outputs y, [mean, variance], [arg]
//	backward  inputs x, [scale, offset, mean, variance], [residual], [arg], dy; outputs dx, [dScale, dOffset],
//	          [gradient of the residual], [column sums of dx]
//
// arg says which pixel of its window each element of y came from; it exists if there is a pool and a gradient. The
// normalisation's output is not kept: the gradient needs only its sign, which arg holds or x gives again.
type blockAttrs struct {
	norm     bool
	epsilon  float32
	residual bool // between the normalisation and the ReLU, both of which are there then
	relu     bool
	pool     *windowAttrs
	arg      bool
	sums     bool // backward: the column sums of dx, which are a bias's gradient
}

// blockMatch is the nodes of a block as recorded.
type blockMatch struct {
	attrs                        blockAttrs
	norm, add, relu, pool        *node // forward, in this order
	residual                     *value
	poolGrad, reluGrad, normGrad *node // backward, in this order
	columnSums                   *node
}

// fuseBlocks replaces the nodes of every block by one forward and one backward.
func (g *body) fuseBlocks() {
	users := g.users()
	by := map[*value]*value{}
	for _, n := range g.nodes {
		var m blockMatch
		var ok bool
		switch n.op {
		case compute.OpTypeReduceWindow:
			m, ok = matchPool(n, users)
		case opRelu:
			m, ok = matchNormRelu(n, users)
		}
		if ok && by[m.last().outputs[0]] == nil {
			m.fuse(by)
		}
	}
	g.redirect(by)
}

// matchPool matches a block that ends with a max pool.
func matchPool(pool *node, users map[*value][]*node) (blockMatch, bool) {
	a := pool.attrs.(windowAttrs)
	m := blockMatch{pool: pool, attrs: blockAttrs{pool: &a}}
	p, ok := a.pool(pool.inputs[0].shape, pool.outputs[0].shape)
	channelsLast := a.window[len(a.window)-1] == 1
	if !ok || a.reduction != compute.ReduceOpMax || !isFloat32(pool.inputs[0]) || p.KH*p.KW > kernel.DeadArg || !channelsLast {
		return m, false
	}
	r := pool.inputs[0]
	for _, u := range users[r] {
		if u != nil && u.op == compute.OpTypeSelectAndScatterMax && u.inputs[0] == r && m.poolGrad == nil && sameWindows(u.attrs.(windowAttrs), a) {
			m.poolGrad = u
		}
	}
	m.attrs.arg = m.poolGrad != nil
	if r.node.op == opRelu && onlyUsers(users[r], pool, m.poolGrad) && m.takeRelu(r.node, users) {
		m.takeResidual(users)
		m.takeNorm(users)
	} else if m.relu == nil {
		m.takeNorm(users)
	}
	m.takeColumnSums(users)
	return m, m.attrs.arg || m.attrs.relu || m.attrs.norm
}

// matchNormRelu matches a block that is a normalisation and a ReLU, perhaps with a residual between them.
func matchNormRelu(relu *node, users map[*value][]*node) (blockMatch, bool) {
	m := blockMatch{relu: relu, attrs: blockAttrs{relu: true}}
	for _, u := range users[relu.inputs[0]] {
		if u != nil && u.op == opReluGrad && u.inputs[1] == relu.inputs[0] && m.reluGrad == nil {
			m.reluGrad = u
		}
	}
	m.takeResidual(users)
	m.takeNorm(users)
	m.takeColumnSums(users)
	return m, m.attrs.norm
}

// takeResidual adds the sum before the ReLU, if one of its operands is a normalisation that nothing else needs.
func (m *blockMatch) takeResidual(users map[*value][]*node) {
	add := m.relu.inputs[0].node
	if add.op != compute.OpTypeAdd || !isFloat32(add.inputs...) || !onlyUsers(users[add.outputs[0]], m.relu, m.reluGrad) {
		return
	}
	for i, x := range add.inputs {
		with := *m
		with.add, with.residual, with.attrs.residual = add, add.inputs[1-i], true
		if with.takeNormOf(x, users); with.norm != nil && with.residual.shape.Equal(x.shape) {
			*m = with
			return
		}
	}
}

func sameWindows(a, b windowAttrs) bool {
	return slices.Equal(a.window, b.window) && slices.Equal(a.strides, b.strides) && slices.Equal(a.paddings, b.paddings)
}

// onlyUsers reports whether the users are these nodes, each at most once, and nothing else. Nil nodes do not count.
func onlyUsers(users []*node, allowed ...*node) bool {
	for _, u := range users {
		if u == nil || !slices.Contains(allowed, u) {
			return false
		}
	}
	return true
}

// takeRelu adds the ReLU before the pool, if its gradient, too, is the block's own.
func (m *blockMatch) takeRelu(relu *node, users map[*value][]*node) bool {
	if m.poolGrad != nil {
		d := users[m.poolGrad.outputs[0]]
		if len(d) != 1 || d[0] == nil || d[0].op != opReluGrad || d[0].inputs[1] != relu.inputs[0] || d[0].inputs[0] != m.poolGrad.outputs[0] {
			return false
		}
		m.reluGrad = d[0]
	}
	m.relu, m.attrs.relu = relu, true
	return true
}

// takeNorm adds the normalisation before the block, if there is none yet and nothing else needs its output.
func (m *blockMatch) takeNorm(users map[*value][]*node) {
	if m.norm == nil {
		m.takeNormOf(m.first().inputs[0], users)
	}
}

// takeNormOf adds the normalisation that x is the output of.
func (m *blockMatch) takeNormOf(x *value, users map[*value][]*node) {
	norm := x.node
	if norm.op != compute.OpTypeBatchNormForTraining || x.index != 0 || norm.attrs.(batchNormAttrs).axis != x.shape.Rank()-1 {
		return
	}
	if !onlyUsers(users[x], m.first(), m.reluGrad, m.poolGrad) {
		return
	}
	if last := m.gradient(); last != nil {
		d := users[last.outputs[0]]
		i := slices.IndexFunc(d, func(u *node) bool {
			return u != nil && u.op == compute.OpTypeBatchNormGradient && u.isGradientOf(norm, last.outputs[0])
		})
		if i < 0 || len(d) != 1 && !m.attrs.residual {
			return
		}
		m.normGrad = d[i]
	}
	m.norm, m.attrs.norm, m.attrs.epsilon = norm, true, norm.attrs.(batchNormAttrs).epsilon
}

// isGradientOf reports whether n is the gradient of a normalisation with its own statistics, from dy.
func (n *node) isGradientOf(norm *node, dy *value) bool {
	return n.inputs[0] == norm.inputs[0] && n.inputs[1] == norm.inputs[1] && n.inputs[2] == norm.outputs[1] &&
		n.inputs[3] == norm.outputs[2] && n.inputs[4] == dy && n.attrs == norm.attrs
}

// takeColumnSums adds the sums of dx over all axes but the last.
func (m *blockMatch) takeColumnSums(users map[*value][]*node) {
	last := m.gradient()
	if last == nil {
		return
	}
	dx := last.outputs[0]
	for _, u := range users[dx] {
		if u != nil && u.op == compute.OpTypeReduceSum && slices.Equal(u.attrs.([]int), allAxes(dx.shape)[:dx.shape.Rank()-1]) {
			m.columnSums, m.attrs.sums = u, true
			return
		}
	}
}

// first is the first node of the block forward, last its last one.
func (m *blockMatch) first() *node { return firstNode(m.norm, m.add, m.relu, m.pool) }
func (m *blockMatch) last() *node  { return firstNode(m.pool, m.relu, m.norm) }

// gradient is the last node of the block's gradient.
func (m *blockMatch) gradient() *node { return firstNode(m.normGrad, m.reluGrad, m.poolGrad) }

func firstNode(nodes ...*node) *node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

// fuse makes the block's nodes and maps the outputs of those they replace.
func (m *blockMatch) fuse(by map[*value]*value) {
	x, y := m.first().inputs[0], m.last().outputs[0]
	forward := &node{op: opBlock, fn: m.first().fn, attrs: m.attrs, inputs: []*value{x}, position: m.last().position}
	replace := func(n *node, old *value) *value {
		v := n.output(old.shape)
		by[old] = v
		return v
	}
	replace(forward, y)
	var statistics []*value
	if m.norm != nil {
		forward.inputs = append(forward.inputs, m.norm.inputs[1:]...)
		statistics = []*value{replace(forward, m.norm.outputs[1]), replace(forward, m.norm.outputs[2])}
	}
	if m.attrs.residual {
		forward.inputs = append(forward.inputs, m.residual)
	}
	if m.gradient() == nil {
		return
	}
	backward := &node{op: opBlockGrad, fn: forward.fn, attrs: m.attrs, inputs: slices.Clone(forward.inputs), position: m.gradient().position}
	if m.norm != nil {
		backward.inputs = slices.Insert(backward.inputs, 3, statistics...)
	}
	if m.attrs.arg {
		arg := y.shape.Clone()
		arg.DType = dtypes.Uint8
		backward.inputs = append(backward.inputs, forward.output(arg))
	}
	backward.inputs = append(backward.inputs, firstNode(m.poolGrad, m.reluGrad).dy())
	replace(backward, m.gradient().outputs[0])
	if m.normGrad != nil {
		replace(backward, m.normGrad.outputs[1])
		replace(backward, m.normGrad.outputs[2])
	}
	if m.attrs.residual {
		replace(backward, m.reluGrad.outputs[0])
	}
	if m.columnSums != nil {
		replace(backward, m.columnSums.outputs[0])
	}
}

// output adds an output to a node.
func (n *node) output(shape shapes.Shape) *value {
	v := &value{node: n, index: len(n.outputs), shape: shape}
	n.outputs = append(n.outputs, v)
	return v
}

// dy is the incoming gradient of a pool's or ReLU's gradient.
func (n *node) dy() *value {
	if n.op == opReluGrad {
		return n.inputs[0]
	}
	return n.inputs[1]
}
