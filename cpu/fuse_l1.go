package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// l1 is weighted L1 distances between all rows of a [n, d] and b [m, d], which GoMLX writes over [n, m, d]:
//
//	D = ReduceSum(|a − b|·w, 2)    a as [n, 1, d], b as [1, m, d], w as [1, 1, d]
//
// and whose gradients it derives, for v [n, m, 1], as
//
//	ReduceSum(v·w·s(a − b), 1)    to a
//	ReduceSum(v·w·s(a − b), 0)    to −b
//	ReduceSum(v·|a − b|, 0 and 1) to w
//
// with s(t) = Sign(Sign(t) + ½), which is 1 where t = 0.
type l1 struct{ n, m, d int }

// l1Grad is the gradient to a, or to −b.
type l1Grad struct {
	l1
	toB bool
}

// l1Match is the operands of the sums.
type l1Match struct {
	l1
	a, b, w, v *value
}

// fuseL1 replaces each of the four sums by an operation that keeps no [n, m, d] in memory.
func (g *body) fuseL1() {
	by := map[*value]*value{}
	for _, n := range g.nodes {
		if n.op != compute.OpTypeReduceSum || n.inputs[0].shape.Rank() != 3 || !isFloat32(n.inputs[0]) {
			continue
		}
		var m l1Match
		fused := &node{fn: n.fn, position: n.position}
		switch axes := n.attrs.([]int); {
		case slices.Equal(axes, []int{2}) && m.product(n.inputs[0], m.distance, m.weights):
			fused.op, fused.attrs, fused.inputs = opL1, m.l1, []*value{m.a, m.b, m.w}
		case slices.Equal(axes, []int{0, 1}) && m.product(n.inputs[0], m.distance, m.adjoint):
			fused.op, fused.attrs, fused.inputs = opL1WeightGrad, m.l1, []*value{m.a, m.b, m.v}
		case len(axes) == 1 && axes[0] < 2 && m.product(n.inputs[0], m.sign, m.weighted):
			fused.op, fused.attrs, fused.inputs = opL1Grad, l1Grad{m.l1, axes[0] == 0}, []*value{m.a, m.b, m.w, m.v}
		default:
			continue
		}
		by[n.outputs[0]] = fused.output(n.outputs[0].shape)
	}
	g.redirect(by)
}

// product reports whether v is a product of one operand that first takes and another that second takes.
func (m *l1Match) product(v *value, first, second func(v *value) bool) bool {
	if v.node.op != compute.OpTypeMul {
		return false
	}
	x, y := v.node.inputs[0], v.node.inputs[1]
	return first(x) && second(y) || first(y) && second(x)
}

// distance takes |a − b|.
func (m *l1Match) distance(v *value) bool {
	return v.node.op == compute.OpTypeAbs && m.difference(v.node.inputs[0])
}

// sign takes s(a − b).
func (m *l1Match) sign(v *value) bool {
	if v.node.op != compute.OpTypeSign {
		return false
	}
	add := v.node.inputs[0].node
	if add.op != compute.OpTypeAdd || !add.inputs[1].isFilledWith(0.5) {
		return false
	}
	sign := add.inputs[0].node
	return sign.op == compute.OpTypeSign && m.difference(sign.inputs[0])
}

// difference takes a − b.
func (m *l1Match) difference(v *value) bool {
	if v.node.op != compute.OpTypeSub || v.shape.Rank() != 3 || v.shape.Size() == 0 {
		return false
	}
	m.n, m.m, m.d = v.shape.Dim(0), v.shape.Dim(1), v.shape.Dim(2)
	m.a, m.b = spreadFrom(v.node.inputs[0], m.n, 1, m.d), spreadFrom(v.node.inputs[1], 1, m.m, m.d)
	return m.a != nil && m.b != nil
}

// weights takes w.
func (m *l1Match) weights(v *value) bool {
	m.w = spreadFrom(v, 1, 1, m.d)
	return m.w != nil
}

// adjoint takes v.
func (m *l1Match) adjoint(v *value) bool {
	m.v = spreadFrom(v, m.n, m.m, 1)
	return m.v != nil
}

// weighted takes v·w.
func (m *l1Match) weighted(v *value) bool { return m.product(v, m.adjoint, m.weights) }

// spreadFrom is the value that lies in memory as a tensor of these dimensions which v is, or is broadcast from; nil if v is
// another.
func spreadFrom(v *value, dims ...int) *value {
	if b, ok := v.node.attrs.(broadcastAttrs); ok && slices.Equal(b.axes, allAxes(v.shape)) {
		v = v.node.inputs[0]
	}
	if !slices.Equal(v.shape.Dimensions, dims) {
		return nil
	}
	for v.node.op == compute.OpTypeReshape {
		v = v.node.inputs[0]
	}
	return v
}
