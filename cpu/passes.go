package cpu

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute"
)

// simplify copies the live nodes of a function, one of each common subexpression.
func simplify(f *Function) *body {
	g := &body{}
	alive := live(f)
	copied := map[*value]*value{}
	numbers := map[*value]int{}
	known := map[string]*node{}
	for i, n := range f.nodes {
		if !alive[n] {
			continue
		}
		twin := n.withInputs(copied)
		key, unique := twin.key(numbers)
		if same := known[key]; same != nil && unique {
			twin = same
		} else {
			known[key] = twin
			twin.position = i
			g.nodes = append(g.nodes, twin)
		}
		for i, v := range n.outputs {
			copied[v] = twin.outputs[i]
			if _, ok := numbers[twin.outputs[i]]; !ok {
				numbers[twin.outputs[i]] = len(numbers)
			}
		}
	}
	for _, v := range f.parameters {
		g.parameters = append(g.parameters, copied[v])
	}
	for _, v := range f.results {
		g.results = append(g.results, copied[v])
	}
	return g
}

// live marks the nodes that the results depend on, and all parameters.
func live(f *Function) map[*node]bool {
	alive := map[*node]bool{}
	for _, v := range f.parameters {
		alive[v.node] = true
	}
	for _, v := range f.results {
		alive[v.node] = true
	}
	for i := len(f.nodes) - 1; i >= 0; i-- {
		if n := f.nodes[i]; alive[n] {
			for _, v := range n.inputs {
				alive[v.node] = true
			}
		}
	}
	return alive
}

// withInputs copies a node, with its inputs replaced.
func (n *node) withInputs(by map[*value]*value) *node {
	twin := &node{op: n.op, fn: n.fn, attrs: n.attrs, replay: n.replay}
	for _, v := range n.inputs {
		twin.inputs = append(twin.inputs, by[v])
	}
	for _, v := range n.outputs {
		twin.outputs = append(twin.outputs, &value{node: twin, index: v.index, shape: v.shape})
	}
	return twin
}

// key describes what a node computes: nodes of equal keys compute the same. The second result is false for nodes
// that must stay apart.
func (n *node) key(numbers map[*value]int) (string, bool) {
	switch n.op {
	case compute.OpTypeParameter, compute.OpTypeOptimizationBarrier, compute.OpTypeSchedulingBarrier,
		compute.OpTypeWhile, compute.OpTypeIf, compute.OpTypeSort:
		return "", false
	}
	var s strings.Builder
	fmt.Fprint(&s, n.op, n.attrs)
	for _, v := range n.inputs {
		fmt.Fprint(&s, " ", numbers[v])
	}
	for _, v := range n.outputs {
		fmt.Fprint(&s, " ", v.shape)
	}
	return s.String(), true
}

// rewrite runs all passes.
func (g *body) rewrite(backend *Backend) error {
	g.widenHalves()
	if err := g.foldConstants(backend); err != nil {
		return err
	}
	if !backend.unfused {
		for _, pass := range []func(){g.fuseL1, g.reduceAlgebra, g.readTransposed, g.fuseBlocks, g.fuseConvolutions, g.fuseAdam, g.fuseSquares, g.fuseChains} {
			pass()
			g.order(asRecorded)
		}
	}
	if backend.inspect != nil {
		backend.inspect(g)
	}
	return nil
}
