package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// readTransposed lets matrix products read their operands as they lay before they were transposed, as the heads of an attention
// are: the product reads rows that lie apart as fast, and a pass over memory is saved.
func (g *body) readTransposed() {
	users := g.users()
	only := func(v *value) bool { return len(users[v]) == 1 }
	for _, n := range g.nodes {
		if n.op != compute.OpTypeDotGeneral || !n.attrs.(dotAttrs).ours(n) {
			continue
		}
		a := n.attrs.(dotAttrs)
		for i, axes := range [][2]*[]int{{&a.lhsBatch, &a.lhsContract}, {&a.rhsBatch, &a.rhsContract}} {
			x, permutation := n.inputs[i].beforeTranspose(only)
			if x == nil {
				continue
			}
			batch, contract := permuted(*axes[0], permutation), permuted(*axes[1], permutation)
			free := permuted(without(x.shape.Rank(), slices.Concat(*axes[0], *axes[1])), permutation)
			if !slices.IsSorted(free) { // the result would have its axes in another order
				continue
			}
			if !only(n.inputs[i]) && !readable(x, batch, free, contract) { // several products would each transpose it
				continue
			}
			n.inputs[i], *axes[0], *axes[1] = x, batch, contract
		}
		n.attrs, n.replay = a, a.replay
	}
}

// beforeTranspose is what v is the transpose of, by which permutation; or, where v is a transpose times a number and nothing else reads
// them, what was transposed, times the number.
func (v *value) beforeTranspose(only func(*value) bool) (x *value, permutation []int) {
	n := v.node
	switch n.op {
	case compute.OpTypeTranspose:
		return n.inputs[0], n.attrs.([]int)
	case compute.OpTypeMul:
		for i, t := range n.inputs {
			if t.node.op == compute.OpTypeTranspose && only(t) && only(v) && n.inputs[1-i].shape.Size() == 1 {
				x := t.node.inputs[0]
				y := n.become(compute.OpTypeMul, x, n.inputs[1-i])
				y.shape, y.node.attrs, y.node.replay = x.shape, n.attrs, n.replay
				return y, t.node.attrs.([]int)
			}
		}
	}
	return nil, nil
}

// permuted are the axes before a permutation that came to be axes.
func permuted(axes, permutation []int) []int {
	var before []int
	for _, axis := range axes {
		before = append(before, permutation[axis])
	}
	return before
}

// readable reports whether a product can read x where it lies.
func readable(x *value, batch, free, contract []int) bool {
	dims, strides := x.shape.Dimensions, x.shape.Strides()
	_, plain := matricesOf(dims, strides, batch, free, contract)
	_, turned := matricesOf(dims, strides, batch, contract, free)
	return plain || turned
}

// takeTranspose lets a product of batches write its result as a transpose, its only reader, would.
func (a *fusedDot) takeTranspose(end *node, l *value, r *readers) *node {
	next := r.only(end.outputs[0])
	if next == nil || next.op != compute.OpTypeTranspose || len(a.lhsBatch) == 0 || a.residual {
		return end
	}
	permutation := next.attrs.([]int)
	if _, ok := a.result(l.shape, next.outputs[0].shape, permutation); !ok {
		return end
	}
	r.taken[next] = true
	a.permutation = permutation
	return next
}
