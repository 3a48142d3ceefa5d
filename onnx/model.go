package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The versions of ONNX's standard operations that are understood.
const (
	minOpset = 7
	maxOpset = 25
)

// Decode reads the bytes of an ONNX file. It fails on operations that this package does not have, weights kept in other files,
// and damage of any kind; what it says names the operation or tensor. Operations on constants are done at once.
func Decode(data []byte) (*Model, error) {
	m, err := readModel(data)
	if err != nil {
		return nil, err
	}
	m.inputs = slices.DeleteFunc(m.inputs, func(v ValueInfo) bool { return m.initializers[v.Name] != nil })
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, m.fold()
}

// Inputs are what the network reads.
func (m *Model) Inputs() []ValueInfo { return slices.Clone(m.inputs) }

// Outputs are what the network's author declared as its results; other tensors can be asked for by name too.
func (m *Model) Outputs() []ValueInfo { return slices.Clone(m.outputs) }

// Metadata is the text that the file carries under key, empty when there is none.
func (m *Model) Metadata(key string) string { return m.metadata[key] }

// Bytes are those of the file.
func (m *Model) Bytes() []byte { return m.data }

// Output finds the tensor called name, or the only output when name is empty.
func (m *Model) Output(name string) (string, error) {
	if name != "" {
		if !slices.Contains(m.tensorNames(), name) {
			return "", fmt.Errorf("the network has no tensor %q; its outputs are %s", name, m.outputNames())
		}
		return name, nil
	}
	if len(m.outputs) != 1 {
		return "", fmt.Errorf("the network has %d outputs, choose one: %s", len(m.outputs), m.outputNames())
	}
	return m.outputs[0].Name, nil
}

func (m *Model) outputNames() string {
	var names []string
	for _, v := range m.outputs {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}

// tensorNames are all tensors that can be an output.
func (m *Model) tensorNames() []string {
	var names []string
	for _, n := range m.nodes {
		names = append(names, n.outputs...)
	}
	for _, v := range m.outputs {
		names = append(names, v.Name)
	}
	return names
}

func standardDomain(domain string) bool { return domain == "" || domain == "ai.onnx" }

// check finds what Build could not deal with: unknown operations, tensors that nothing makes, and parts that are missing.
func (m *Model) check() error {
	switch {
	case m.opset < minOpset || m.opset > maxOpset:
		return fmt.Errorf("it needs version %d of ONNX's operations, %d to %d are understood", m.opset, minOpset, maxOpset)
	case len(m.inputs) == 0 || len(m.outputs) == 0:
		return errors.New("the graph has no input or no output")
	}
	made := map[string]bool{}
	for _, v := range m.inputs {
		made[v.Name] = true
	}
	for name := range m.initializers {
		made[name] = true
	}
	for i, n := range m.nodes {
		if n.name == "" {
			n.name = fmt.Sprintf("number %d", i)
		}
		if err := n.check(made); err != nil {
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

func (n *node) check(made map[string]bool) error {
	op := n.op
	if !standardDomain(n.domain) {
		op = n.domain + "." + op
	}
	if constantOps[op] == nil && graphOps[op] == nil {
		return fmt.Errorf("node %s is a %s, an operation that is not supported", n.name, op)
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
func (m *Model) fold() error {
	var rest []*node
	made, most := 0, 1<<26+16*len(m.data) // bytes
	for _, n := range m.nodes {
		t, err := n.constant(func(name string) *Tensor { return m.initializers[name] })
		if err != nil {
			return err
		}
		if t == nil {
			rest = append(rest, n)
			continue
		}
		if made += len(t.raw); made > most {
			return n.wrap(errors.New("the constants of the network take too much memory"))
		}
		m.initializers[n.outputs[0]] = t
	}
	m.nodes = rest
	return nil
}

// constant is what a node makes of constants, nil if an input is none or the operation is done only in graphs.
func (n *node) constant(find func(name string) *Tensor) (*Tensor, error) {
	op := constantOps[n.op]
	if op == nil {
		return nil, nil
	}
	inputs := make([]*Tensor, len(n.inputs))
	for i, name := range n.inputs {
		if name == "" {
			continue
		}
		if inputs[i] = find(name); inputs[i] == nil {
			return nil, nil
		}
	}
	t, err := op(n, inputs)
	if err != nil {
		return nil, n.wrap(err)
	}
	return t, nil
}

func (n *node) wrap(err error) error { return fmt.Errorf("node %s (%s): %w", n.name, n.op, err) }

// needed are the nodes that outputs depend on, in order.
func (m *Model) needed(outputs []string) []*node {
	wanted := map[string]bool{}
	for _, name := range outputs {
		wanted[name] = true
	}
	var nodes []*node
	for _, n := range slices.Backward(m.nodes) {
		if !slices.ContainsFunc(n.outputs, func(name string) bool { return wanted[name] }) {
			continue
		}
		nodes = append(nodes, n)
		for _, name := range n.inputs {
			wanted[name] = true
		}
	}
	slices.Reverse(nodes)
	return nodes
}
