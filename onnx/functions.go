package onnx

import (
	"fmt"
	"maps"
	"slices"
)

// maxNodes bounds what the functions of a file may grow into.
const maxNodes = 1 << 16

// inlined are the nodes with the body of a function in place of every call of it.
func (m *Model) inlined() ([]*node, error) {
	if len(m.functions) == 0 {
		return m.nodes, nil
	}
	in := inliner{functions: m.functions}
	return in.expand(m.nodes, 0)
}

// inliner counts calls, so that the tensors of each get names of their own.
type inliner struct {
	functions map[string]*function
	calls     int
	nodes     int
}

func (in *inliner) expand(nodes []*node, depth int) ([]*node, error) {
	var all []*node
	for _, n := range nodes {
		f := in.functions[n.domain+"."+n.op]
		if f == nil {
			all = append(all, n)
			continue
		}
		if in.nodes += len(f.nodes); depth > maxDepth || in.nodes > maxNodes {
			return nil, errTooDeep
		}
		in.calls++
		body, err := in.expand(f.called(n, fmt.Sprintf("%s/%d/", n.op, in.calls)), depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, body...)
	}
	return all, nil
}

// called is the body of a function for one call of it. Tensors inside it have names that begin with prefix.
func (f *function) called(call *node, prefix string) []*node {
	names := map[string]string{"": ""}
	for i, formal := range f.inputs {
		names[formal] = ""
		if i < len(call.inputs) {
			names[formal] = call.inputs[i]
		}
	}
	for i, formal := range f.outputs {
		if i < len(call.outputs) && call.outputs[i] != "" {
			names[formal] = call.outputs[i]
		}
	}
	settings := maps.Clone(f.attributes)
	maps.Copy(settings, call.attributes)
	return renamed(f.nodes, settings, func(name string) string {
		if actual, known := names[name]; known {
			return actual
		}
		return prefix + name
	})
}

// renamed are copies of nodes whose tensors have other names, and whose settings that mean one of a call's have that.
func renamed(nodes []*node, settings map[string]attribute, name func(string) string) []*node {
	each := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			list[i] = name(list[i])
		}
		return list
	}
	copies := make([]*node, len(nodes))
	for i, n := range nodes {
		c := *n
		c.name, c.inputs, c.outputs, c.attributes = name(n.name), each(n.inputs), each(n.outputs), map[string]attribute{}
		for key, a := range n.attributes {
			if a.of != "" {
				var given bool
				if a, given = settings[a.of]; !given {
					continue
				}
			} else if a.graph != nil {
				a.graph = a.graph.renamed(settings, name)
			}
			c.attributes[key] = a
		}
		copies[i] = &c
	}
	return copies
}

// renamed is renamed for a branch.
func (g *graph) renamed(settings map[string]attribute, name func(string) string) *graph {
	c := &graph{nodes: renamed(g.nodes, settings, name), inputs: slices.Clone(g.inputs), outputs: slices.Clone(g.outputs), initializers: map[string]*Tensor{}}
	for _, list := range [][]ValueInfo{c.inputs, c.outputs} {
		for i := range list {
			list[i].Name = name(list[i].Name)
		}
	}
	for key, t := range g.initializers {
		c.initializers[name(key)] = t
	}
	return c
}
