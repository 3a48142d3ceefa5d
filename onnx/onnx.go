// Package onnx brings other people's networks in and takes ours out, as ONNX files.
//
// [ReadFile] reads a network, [Network] runs it on any GoMLX backend, and [Export] writes one of our encoders. Images are
// [n, h, w, c] as everywhere in this project: the reader turns a graph written for [n, c, h, w] round once, at its border, and
// computes with channels last.
package onnx

import (
	"fmt"
	"os"
)

// Model is a network read from an ONNX file. It does not change after it was read.
type Model struct {
	data            []byte
	opset           int
	inputs, outputs []ValueInfo
	nodes           []*node
	initializers    map[string]*Tensor
	metadata        map[string]string
}

// ValueInfo describes an input or output of a network.
type ValueInfo struct {
	Name  string
	Type  DataType
	Shape []int // -1 for a dimension that the file leaves open; nil when it says nothing
}

const unknownDim = -1

// node is one operation.
type node struct {
	name, op, domain string
	inputs, outputs  []string // an empty input is one left out
	attributes       map[string]attribute
}

// attribute is a setting of a node; which part is used depends on the op.
type attribute struct {
	float    float32
	integer  int64
	text     string
	tensor   *Tensor
	floats   []float32
	integers []int64
}

// ReadFile reads an ONNX file. Errors name the file and what is wrong with it.
func ReadFile(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read network: %w", err)
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("read network %s: %w", path, err)
	}
	return m, nil
}
