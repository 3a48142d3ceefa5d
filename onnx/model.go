package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The versions of ONNX's standard operations that are understood.
const (
	minOpset = 1
	maxOpset = 25
)

// Decode reads the bytes of an ONNX file. It fails on damage of any kind; whether the network can run, [Model.Select] says.
func Decode(data []byte) (*Model, error) {
	m, err := readModel(data)
	if err != nil {
		return nil, err
	}
	if m.opset == 0 { // operations of other domains alone
		m.opset = minOpset
	}
	switch {
	case m.opset < minOpset || m.opset > maxOpset:
		return nil, fmt.Errorf("it needs version %d of ONNX's operations, %d to %d are understood", m.opset, minOpset, maxOpset)
	case len(m.outputs) == 0:
		return nil, errors.New("the graph has no output")
	}
	for i, n := range m.nodes {
		if n.name == "" {
			n.name = fmt.Sprintf("number %d", i)
		}
	}
	return m, nil
}

// Inputs are what the network reads.
func (m *Model) Inputs() []ValueInfo { return slices.Clone(m.inputs) }

// Outputs are what the network's author declared as its results; other tensors can be asked for by name too.
func (m *Model) Outputs() []ValueInfo { return slices.Clone(m.outputs) }

// Metadata is the text that the file carries under key, empty when there is none.
func (m *Model) Metadata(key string) string { return m.metadata[key] }

// Bytes are those of the file, with weights that lay in other files.
func (m *Model) Bytes() []byte { return m.data }

// Output finds the tensor called name, or the only output when name is empty.
func (m *Model) Output(name string) (string, error) {
	if name != "" {
		if !slices.Contains(m.Tensors(), name) {
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

// Tensors are the names of all tensors that can be an output, in the order in which they are computed.
func (m *Model) Tensors() []string {
	var names []string
	for _, n := range m.nodes {
		names = append(names, n.outputs...)
	}
	for _, v := range m.outputs {
		if !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
	}
	return names
}

func standardDomain(domain string) bool { return domain == "" || domain == "ai.onnx" }
