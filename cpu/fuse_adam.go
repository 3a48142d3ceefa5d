package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/siam-go/siam/internal/kernel"
)

// adam is a step of the optimizer Adam: its node's inputs are the weights p, the averages m and v and the gradient g, then
// single numbers, of which counts says how many belong together; its outputs are the new p, m and v.
//
//	m' = Beta1·m + Rest1·g    v' = Beta2·v + Rest2·g²    p' = p - decay·p - rate·m'/(scale·√(square·v') + epsilon)
type adam struct{ counts [adamNumbers]int }

// The single numbers of a step, each the product of its factors.
const (
	adamBeta1 = iota
	adamRest1
	adamBeta2
	adamRest2
	adamRate
	adamScale
	adamSquare
	adamEpsilon
	adamDecay
	adamNumbers
)

// adamMatch is what fuseAdam finds out about a node.
type adamMatch struct {
	p, m, v, g *value
	m2, v2     *value // the new averages
	factors    [adamNumbers][]*value
}

// fuseAdam makes one node of the element-wise operations that GoMLX's Adam and others like it are written in.
func (g *body) fuseAdam() {
	by := map[*value]*value{}
	for _, n := range g.nodes {
		a := adamMatch{}
		if !a.match(n) {
			continue
		}
		fused := &node{op: opAdam, fn: n.fn, position: n.position, inputs: []*value{a.p, a.m, a.v, a.g}}
		var attrs adam
		for i, list := range a.factors {
			attrs.counts[i] = len(list)
			fused.inputs = append(fused.inputs, list...)
		}
		if slices.ContainsFunc(fused.inputs, func(v *value) bool { return v.dependsOn(a.m2.node, a.v2.node) }) {
			continue
		}
		fused.attrs = attrs
		for _, v := range []*value{n.outputs[0], a.m2, a.v2} {
			by[v] = fused.output(v.shape)
		}
	}
	g.redirect(by)
}

// match finds p' = p·(1 - decay) - change, or p' = p - (change + decay·p), in a node.
func (a *adamMatch) match(n *node) bool {
	if n.op != compute.OpTypeSub || n.outputs[0].shape.Size() == 1 || !isFloat32(n.outputs[0]) {
		return false
	}
	p, change := n.inputs[0], n.inputs[1]
	a.p = p
	if p.node.op == compute.OpTypeSub && a.matchDecay(p.node.inputs[0], p.node.inputs[1]) {
		a.p = p.node.inputs[0]
	}
	if change.node.op == compute.OpTypeAdd && a.matchDecay(p, change.node.inputs[1]) {
		change = change.node.inputs[0]
	}
	return a.matchChange(change) && a.matchAverages() && a.sameShapes(n.outputs[0])
}

// matchDecay finds decay·p.
func (a *adamMatch) matchDecay(p, v *value) bool {
	x, factors := v.unscaled()
	if x != p || len(factors) == 0 || len(a.factors[adamDecay]) > 0 {
		return false
	}
	a.factors[adamDecay] = factors
	return true
}

// matchChange finds rate·m'/(scale·√(square·v') + epsilon).
func (a *adamMatch) matchChange(v *value) bool {
	if v.node.op != compute.OpTypeDiv || v.node.inputs[1].node.op != compute.OpTypeAdd {
		return false
	}
	a.m2, a.factors[adamRate] = v.node.inputs[0].unscaled()
	sum := v.node.inputs[1].node
	root, epsilon := sum.inputs[0], sum.inputs[1]
	if epsilon.shape.Size() > 1 {
		root, epsilon = epsilon, root
	}
	a.factors[adamEpsilon] = []*value{epsilon}
	root, a.factors[adamScale] = root.unscaled()
	if root.node.op != compute.OpTypeSqrt {
		return false
	}
	a.v2, a.factors[adamSquare] = root.node.inputs[0].unscaled()
	return a.m2.node.op == compute.OpTypeAdd && a.v2.node.op == compute.OpTypeAdd
}

// matchAverages finds m' = Beta1·m + Rest1·g and v' = Beta2·v + Rest2·g².
func (a *adamMatch) matchAverages() bool {
	var square *value
	a.v, a.factors[adamBeta2] = a.v2.node.inputs[0].unscaled()
	square, a.factors[adamRest2] = a.v2.node.inputs[1].unscaled()
	if square.node.op != compute.OpTypeMul || square.node.inputs[0] != square.node.inputs[1] {
		return false
	}
	a.g = square.node.inputs[0]
	a.m, a.factors[adamBeta1] = a.m2.node.inputs[0].unscaled()
	var g *value
	g, a.factors[adamRest1] = a.m2.node.inputs[1].unscaled()
	return g == a.g
}

// sameShapes tells whether all tensors have the shape of the result and all other numbers are single ones.
func (a *adamMatch) sameShapes(y *value) bool {
	for _, v := range []*value{a.p, a.m, a.v, a.g, a.m2, a.v2} {
		if !v.shape.Equal(y.shape) {
			return false
		}
	}
	return !slices.ContainsFunc(slices.Concat(a.factors[:]...), func(v *value) bool { return v.shape.Size() != 1 || !isFloat32(v) })
}

// unscaled is a value without the single numbers it is multiplied with.
func (v *value) unscaled() (x *value, factors []*value) {
	for x = v; x.node.op == compute.OpTypeMul; {
		tensor, number := x.node.inputs[0], x.node.inputs[1]
		if tensor.shape.Size() == 1 {
			tensor, number = number, tensor
		}
		if number.shape.Size() > 1 {
			break
		}
		x, factors = tensor, append(factors, number)
	}
	return x, factors
}

// dependsOn tells whether a value is computed from the results of one of some nodes.
func (v *value) dependsOn(nodes ...*node) bool {
	seen := map[*node]bool{}
	var reaches func(n *node) bool
	reaches = func(n *node) bool {
		if slices.Contains(nodes, n) {
			return true
		}
		if seen[n] {
			return false
		}
		seen[n] = true
		return slices.ContainsFunc(n.inputs, func(v *value) bool { return reaches(v.node) })
	}
	return reaches(v.node)
}

func init() { introduce(opAdam, "Adam", lowerAdam) }

func lowerAdam(c *compiler, n *node) bool {
	const tensors, cost = 4, 8
	var in []ref
	for _, v := range n.inputs {
		in = append(in, c.in(v))
	}
	var out []ref
	for i, v := range n.outputs {
		out = append(out, c.out(v))
		c.replace(out[i], in[i])
	}
	a := n.attrs.(adam)
	c.elements(n.outputs[0].shape.Size(), cost, func(fr *frame, _, lo, hi int) {
		step := a.step(fr, in[tensors:])
		var x [3][]float32
		for i, r := range out {
			x[i] = fr.f32(r)[lo:hi]
			if old := fr.f32(in[i])[lo:hi]; &x[i][0] != &old[0] {
				copy(x[i], old)
			}
		}
		step.Step(x[0], x[1], x[2], fr.f32(in[3])[lo:hi])
	})
	return true
}

// step multiplies the factors of the single numbers.
func (a adam) step(fr *frame, in []ref) kernel.Adam {
	var numbers [adamNumbers]float32
	for i, count := range a.counts {
		numbers[i] = 1
		for _, r := range in[:count] {
			numbers[i] *= fr.f32(r)[0]
		}
		in = in[count:]
	}
	if a.counts[adamDecay] == 0 {
		numbers[adamDecay] = 0
	}
	return kernel.Adam{
		Rate: numbers[adamRate], Beta1: numbers[adamBeta1], Rest1: numbers[adamRest1], Beta2: numbers[adamBeta2], Rest2: numbers[adamRest2],
		Epsilon: numbers[adamEpsilon], MeanScale: 1, VarianceScale: numbers[adamSquare] * numbers[adamScale] * numbers[adamScale],
		Decay: numbers[adamDecay],
	}
}
