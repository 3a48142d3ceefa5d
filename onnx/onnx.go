// Package onnx brings other people's networks in and takes ours out, as ONNX files.
//
// [ReadFile] reads a network, [Network] runs it on any GoMLX backend, and [Export] writes one of our encoders. Images are
// [n, h, w, c] as everywhere in this project: the reader turns a graph written for [n, c, h, w] round once, at its border, and
// computes with channels last.
//
// Reading looks at the file only as far as it must. [Model.Select] keeps what the wanted outputs need and says which of it
// cannot be run; the rest may hold anything. Tensors that depend on no image are computed once and for all.
package onnx

// Model is a network read from an ONNX file. It does not change after it was read.
type Model struct {
	data      []byte
	opset     int
	producer  string
	metadata  map[string]string
	functions map[string]*function // operations that the file defines itself, by domain and name
	graph
}

// graph is nodes in the order they run: the network, or a branch of one of its nodes.
type graph struct {
	inputs, outputs []ValueInfo
	nodes           []*node
	initializers    map[string]*Tensor
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
	graph    *graph
	floats   []float32
	integers []int64
	texts    []string
	of       string // in the body of a function: the setting of the call that is meant
}

// function is an operation that the file itself makes out of others.
type function struct {
	inputs, outputs []string
	nodes           []*node
	attributes      map[string]attribute // what settings are when a call leaves them out
}
