package cpu

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
)

// foreign is nodes that GoMLX's Go backend runs as one graph, in order.
type foreign struct {
	nodes   []*node
	inputs  []*value // of the nodes, from outside
	results []*value // of the nodes, that others read
}

// neutral lists operations of ours that may run on the Go backend as well, between others of that, for they only move
// elements.
var neutral = []compute.OpType{
	compute.OpTypeReshape, compute.OpTypeTranspose, compute.OpTypeBroadcastInDim, compute.OpTypeSlice, compute.OpTypeConcatenate,
}

// foreignGroups joins nodes of the Go backend that read each other's results. No path leads from a group through other nodes
// back to it.
type foreignGroups map[*node]*foreign

// groupForeign joins the nodes that only the Go backend runs into graphs as large as possible, and reports whether there was
// anything to join.
func (g *body) groupForeign(alone map[*node]bool) bool {
	groups := foreignGroups{}
	for _, n := range g.nodes {
		if !alone[n] && !(slices.Contains(neutral, n.op) && !isFloat32(n.outputs[0])) {
			continue
		}
		groups[n] = &foreign{nodes: []*node{n}}
		for _, v := range n.inputs {
			if from := groups[v.node]; from != nil && from != groups[n] && !groups.leadsBack(from, groups[n]) {
				groups.join(from, groups[n])
			}
		}
	}
	by := map[*value]*value{}
	users := g.users()
	rest := g.nodes[:0:0]
	done := map[*foreign]bool{}
	for _, n := range g.nodes {
		group := groups[n]
		switch {
		case group == nil || !group.worthJoining(alone):
			rest = append(rest, n)
		case !done[group]:
			done[group] = true
			rest = append(rest, group.fuse(users, by))
		}
	}
	g.nodes = rest // the nodes of a group keep the operands they have
	g.redirect(by)
	g.order(asRecorded)
	return len(by) > 0
}

func (groups foreignGroups) join(a, b *foreign) {
	a.nodes = append(a.nodes, b.nodes...)
	for _, n := range b.nodes {
		groups[n] = a
	}
}

// leadsBack reports whether a path leads from one of two groups through a node outside of both back to one of them.
func (groups foreignGroups) leadsBack(a, b *foreign) bool {
	inside := func(n *node) bool { return groups[n] != nil && (groups[n] == a || groups[n] == b) }
	seen := map[*node]bool{}
	var reaches func(n *node) bool
	reaches = func(n *node) bool {
		if inside(n) {
			return true
		}
		if seen[n] {
			return false
		}
		seen[n] = true
		nodes := []*node{n}
		if groups[n] != nil {
			nodes = groups[n].nodes
		}
		return slices.ContainsFunc(nodes, func(m *node) bool {
			return slices.ContainsFunc(m.inputs, func(v *value) bool { return reaches(v.node) })
		})
	}
	for _, n := range slices.Concat(a.nodes, b.nodes) {
		for _, v := range n.inputs {
			if !inside(v.node) && reaches(v.node) {
				return true
			}
		}
	}
	return false
}

// worthJoining reports whether a group has two nodes that only the Go backend runs.
func (f *foreign) worthJoining(alone map[*node]bool) bool {
	count := 0
	for _, n := range f.nodes {
		if alone[n] {
			count++
		}
	}
	return count > 1
}

// fuse makes the node of a group.
func (f *foreign) fuse(users map[*value][]*node, by map[*value]*value) *node {
	slices.SortFunc(f.nodes, func(a, b *node) int { return a.position - b.position })
	fused := &node{op: opForeign, fn: f.nodes[0].fn, attrs: f, replay: f.issue}
	for _, n := range f.nodes {
		fused.position = n.position
		for _, v := range n.inputs {
			if !slices.Contains(f.nodes, v.node) && !slices.Contains(f.inputs, v) {
				f.inputs, fused.inputs = append(f.inputs, v), append(fused.inputs, v)
			}
		}
		for _, v := range n.outputs {
			if slices.ContainsFunc(users[v], func(u *node) bool { return u == nil || !slices.Contains(f.nodes, u) }) {
				f.results = append(f.results, v)
				by[v] = fused.output(v.shape)
			}
		}
	}
	return fused
}

// issue replays the nodes.
func (f *foreign) issue(g compute.Function, inputs []compute.Value) ([]compute.Value, error) {
	issued := map[*value]compute.Value{}
	for i, v := range f.inputs {
		issued[v] = inputs[i]
	}
	for _, n := range f.nodes {
		operands := make([]compute.Value, len(n.inputs))
		for i, v := range n.inputs {
			operands[i] = issued[v]
		}
		outputs, err := n.replay(g, operands)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		for i, v := range n.outputs {
			issued[v] = outputs[i]
		}
	}
	results := make([]compute.Value, len(f.results))
	for i, v := range f.results {
		results[i] = issued[v]
	}
	return results, nil
}
