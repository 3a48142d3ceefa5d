package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// chainLimit is the most operations of one chain: its intermediate results should fit the first-level cache.
const chainLimit = 48

// use is how a node of a chain reads an operand. Reshapes between them are looked through.
type use struct {
	source  *value
	kind    operand
	columns int // of asRow and asColumn
}

// link is an element-wise node that can be part of a chain.
type link struct {
	node *node
	uses []use
	size int
}

// chain is element-wise operations on vectors of one length, in order. Its node's inputs are the sources in inputs;
// its outputs those of the links that others read.
type chain struct {
	links   []*link
	inputs  []use
	results []*value // of the links' nodes, which become the chain's outputs
}

// chains groups links. A group runs as one node, so that no path may lead from it through other nodes back to it.
type chains struct {
	links  map[*node]*link
	groups map[*node]*chain
}

// fuseChains joins element-wise nodes that read each other's results into chains.
func (g *body) fuseChains() {
	c := &chains{links: map[*node]*link{}, groups: map[*node]*chain{}}
	for _, n := range g.nodes {
		l := newLink(n)
		if l == nil {
			continue
		}
		c.links[n] = l
		c.groups[n] = &chain{links: []*link{l}}
		for _, u := range l.uses {
			if from := c.groups[u.source.node]; from != nil && u.kind == asResult && c.links[u.source.node].size == l.size {
				c.join(from, c.groups[n])
			}
		}
	}
	users := g.users()
	by := map[*value]*value{}
	done := map[*chain]bool{}
	for _, n := range g.nodes {
		if group := c.groups[n]; group != nil && len(group.links) > 1 && !done[group] {
			done[group] = true
			c.fuse(group, users, by)
		}
	}
	g.redirect(by)
}

// newLink is the link of a node, or nil if it cannot be part of a chain.
func newLink(n *node) *link {
	if !n.elementwise() || n.outputs[0].shape.Size() == 0 {
		return nil
	}
	l := &link{node: n, size: n.outputs[0].shape.Size()}
	for _, v := range n.inputs {
		kind, columns, ok := layout(v.shape, n.outputs[0].shape)
		if !ok {
			return nil
		}
		for v.node.op == compute.OpTypeReshape {
			v = v.node.inputs[0]
		}
		l.uses = append(l.uses, use{v, kind, columns})
	}
	return l
}

// join makes one group of two if that is legal.
func (c *chains) join(a, b *chain) {
	if a == b || len(a.links)+len(b.links) > chainLimit || c.leadsBack(a, b) {
		return
	}
	a.links = append(a.links, b.links...)
	for _, l := range b.links {
		c.groups[l.node] = a
	}
}

// leadsBack reports whether a path leads from one of two groups through a node outside of both back to one of them.
func (c *chains) leadsBack(a, b *chain) bool {
	inside := func(n *node) bool { g := c.groups[n]; return g != nil && (g == a || g == b) }
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
		return slices.ContainsFunc(c.inputs(n), func(v *value) bool { return reaches(v.node) })
	}
	for _, g := range []*chain{a, b} {
		for _, l := range g.links {
			for _, u := range l.uses {
				if !inside(u.source.node) && reaches(u.source.node) {
					return true
				}
			}
		}
	}
	return false
}

// inputs lists what a node reads, or its whole group.
func (c *chains) inputs(n *node) []*value {
	g := c.groups[n]
	if g == nil {
		return n.inputs
	}
	var list []*value
	for _, l := range g.links {
		for _, u := range l.uses {
			list = append(list, u.source)
		}
	}
	return list
}

// fuse makes the node of a group.
func (c *chains) fuse(group *chain, users map[*value][]*node, by map[*value]*value) {
	slices.SortFunc(group.links, func(a, b *link) int { return a.node.position - b.node.position })
	fused := &node{op: opChain, fn: group.links[0].node.fn, attrs: group}
	for _, l := range group.links {
		fused.position = l.node.position
		for _, u := range l.uses {
			if c.groups[u.source.node] != group && !slices.Contains(group.inputs, u) {
				group.inputs = append(group.inputs, u)
				fused.inputs = append(fused.inputs, u.source)
			}
		}
		y := l.node.outputs[0]
		if c.readOutside(y, group, users) {
			group.results = append(group.results, y)
			by[y] = fused.output(y.shape)
		}
	}
}

// readOutside reports whether anything but the group reads v, or a reshape of it.
func (c *chains) readOutside(v *value, group *chain, users map[*value][]*node) bool {
	return slices.ContainsFunc(users[v], func(u *node) bool {
		if u != nil && u.op == compute.OpTypeReshape {
			return c.readOutside(u.outputs[0], group, users)
		}
		return u == nil || c.groups[u] != group
	})
}
