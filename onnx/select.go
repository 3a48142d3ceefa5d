package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
)

// Select is the part of the network that the tensors called outputs need, of which an empty name means the only output; it is
// as if the file held nothing else. It fails when that part has operations or tensors that this package does not support; what
// it says names them. What depends on no input is computed on backend.
func (m *Model) Select(backend compute.Backend, outputs ...string) (*Model, error) {
	part, err := m.part(outputs)
	if err != nil {
		return nil, err
	}
	if err := part.check(); err != nil {
		return nil, err
	}
	return part, part.fold(backend)
}

// part is what outputs need, whether it is supported or not.
func (m *Model) part(outputs []string) (*Model, error) {
	part := *m
	part.outputs = nil
	for _, name := range outputs {
		name, err := m.Output(name)
		if err != nil {
			return nil, err
		}
		part.outputs = append(part.outputs, m.outputInfo(name))
	}
	var err error
	if part.nodes, err = m.inlined(); err != nil {
		return nil, err
	}
	part.keepNeeded()
	return &part, nil
}

// outputInfo is what the file says of a tensor.
func (m *Model) outputInfo(name string) ValueInfo {
	for _, v := range m.outputs {
		if v.Name == name {
			return v
		}
	}
	return ValueInfo{Name: name}
}

// keepNeeded drops nodes, inputs and tensors that no output depends on.
func (m *Model) keepNeeded() {
	wanted := map[string]bool{}
	for _, v := range m.outputs {
		wanted[v.Name] = true
	}
	var nodes []*node
	for _, n := range slices.Backward(m.nodes) {
		if !slices.ContainsFunc(n.outputs, func(name string) bool { return wanted[name] }) {
			continue
		}
		nodes = append(nodes, n)
		n.reads(func(name string) { wanted[name] = true })
	}
	slices.Reverse(nodes)
	m.nodes = nodes
	m.inputs = slices.DeleteFunc(slices.Clone(m.inputs), func(v ValueInfo) bool { return !wanted[v.Name] })
	initializers := map[string]*Tensor{}
	for name, t := range m.initializers {
		if wanted[name] {
			initializers[name] = t
		}
	}
	m.initializers = initializers
}

// reads calls each with the name of every tensor that the node reads, those that only its branches read included.
func (n *node) reads(each func(name string)) {
	for _, name := range n.inputs {
		each(name)
	}
	for _, a := range n.attributes {
		if a.graph == nil {
			continue
		}
		for _, inner := range a.graph.nodes {
			inner.reads(each)
		}
		for _, v := range a.graph.outputs {
			each(v.Name)
		}
	}
}

// check finds what Build could not deal with: unknown operations, tensors that nothing makes, and parts that are missing.
func (m *Model) check() error {
	made := map[string]bool{}
	for _, v := range m.inputs {
		if v.Type.bits() == 0 && v.Type != 0 {
			return fmt.Errorf("input %s holds %s, which is not supported", v.Name, v.Type)
		}
		made[v.Name] = true
	}
	for name, t := range m.initializers {
		if t.problem != nil {
			return fmt.Errorf("tensor %q: %w", name, t.problem)
		}
		made[name] = true
	}
	for _, n := range m.nodes {
		if err := n.check(made, m.opset); err != nil {
			return err
		}
		for _, name := range n.outputs {
			made[name] = true
		}
	}
	for _, v := range m.outputs {
		if !made[v.Name] {
			return fmt.Errorf("no node makes the output %q", v.Name)
		}
	}
	return nil
}

func (n *node) check(made map[string]bool, opset int) error {
	if _, err := n.operation(opset); err != nil {
		return err
	}
	for _, name := range n.inputs {
		if name != "" && !made[name] {
			return fmt.Errorf("node %s (%s) reads %q, which nothing before it makes", n.name, n.op, name)
		}
	}
	if len(n.outputs) == 0 {
		return fmt.Errorf("node %s (%s) has no output", n.name, n.op)
	}
	return nil
}

// fold computes the nodes that depend on constants alone and keeps the others.
func (m *Model) fold(backend compute.Backend) error {
	b := &builder{backend: backend, model: m, values: map[string]value{}}
	var rest []*node
	made, most := 0, 1<<26+16*len(m.data) // bytes
	for _, n := range m.nodes {
		if !b.isConstant(n) {
			rest = append(rest, n)
			continue
		}
		if err := b.build(n); err != nil {
			return n.wrap(err)
		}
		for _, name := range n.outputs {
			if t := b.values[name].known; t != nil {
				made += len(t.raw)
				m.initializers[name] = t
			}
		}
		if made > most {
			return n.wrap(errors.New("the constants of the network take too much memory"))
		}
	}
	m.nodes = rest
	return nil
}

func (n *node) wrap(err error) error { return fmt.Errorf("node %s (%s): %w", n.name, n.op, err) }
