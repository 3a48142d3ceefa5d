package onnx

import (
	"errors"
	"math"
	"slices"
)

// readModel reads a ModelProto. The numbers in this file are those of the fields in ONNX's onnx.proto.
func readModel(data []byte) (*Model, error) {
	m := &Model{data: data, metadata: map[string]string{}, functions: map[string]*function{}}
	var network []byte
	err := fields(data, func(f field) (err error) {
		switch f.number {
		case 2:
			m.producer = string(f.bytes)
		case 7:
			if network == nil {
				network = f.bytes
			} else { // the parts of a message that comes in several are one
				network = append(network[:len(network):len(network)], f.bytes...)
			}
		case 8:
			err = m.readOpset(f.bytes)
		case 14:
			err = m.readMetadata(f.bytes)
		case 25:
			err = m.readFunction(f.bytes)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if network == nil {
		return nil, errors.New("it holds no graph: is this an ONNX file?")
	}
	g, err := readGraph(network, 0)
	if err != nil {
		return nil, err
	}
	m.graph = *g
	return m, nil
}

func (m *Model) readOpset(message []byte) error {
	domain, version := "", 0
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			domain = string(f.bytes)
		case 2:
			version = int(int32(f.bits))
		}
		return nil
	})
	if standardDomain(domain) {
		m.opset = version
	}
	return err
}

func (m *Model) readMetadata(message []byte) error {
	var key, value string
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			key = string(f.bytes)
		case 2:
			value = string(f.bytes)
		}
		return nil
	})
	m.metadata[key] = value
	return err
}

func (m *Model) readFunction(message []byte) error {
	f := &function{attributes: map[string]attribute{}}
	var name, domain string
	err := fields(message, func(in field) error {
		switch in.number {
		case 1:
			name = string(in.bytes)
		case 4:
			f.inputs = append(f.inputs, string(in.bytes))
		case 5:
			f.outputs = append(f.outputs, string(in.bytes))
		case 7:
			n, err := readNode(in.bytes, 0)
			f.nodes = append(f.nodes, n)
			return err
		case 10:
			domain = string(in.bytes)
		case 11:
			name, a, err := readAttribute(in.bytes, 0)
			f.attributes[name] = a
			return err
		}
		return nil
	})
	m.functions[domain+"."+name] = f
	return err
}

// maxDepth bounds how deeply graphs and functions may lie in each other.
const maxDepth = 16

var errTooDeep = errors.New("its graphs or functions lie too deeply in each other")

func readGraph(message []byte, depth int) (*graph, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	g := &graph{initializers: map[string]*Tensor{}}
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			n, err := readNode(f.bytes, depth)
			g.nodes = append(g.nodes, n)
			return err
		case 5:
			t, err := readTensor(f.bytes)
			if err == nil {
				g.initializers[t.Name] = t
			}
			return err
		case 11:
			v, err := readValueInfo(f.bytes)
			g.inputs = append(g.inputs, v)
			return err
		case 12:
			v, err := readValueInfo(f.bytes)
			g.outputs = append(g.outputs, v)
			return err
		case 15:
			return g.readSparse(f.bytes)
		}
		return nil
	})
	// Old files list tensors with values among the inputs too.
	g.inputs = slices.DeleteFunc(g.inputs, func(v ValueInfo) bool { return g.initializers[v.Name] != nil })
	return g, err
}

// readSparse notes a tensor of which the file holds only the elements that are not zero.
func (g *graph) readSparse(message []byte) error {
	return fields(message, func(f field) error {
		if f.number != 1 {
			return nil
		}
		values, err := readTensor(f.bytes)
		if err == nil {
			g.initializers[values.Name] = &Tensor{Name: values.Name, problem: errors.New("it is sparse, which is not supported: save it dense")}
		}
		return err
	})
}

func readNode(message []byte, depth int) (*node, error) {
	n := &node{attributes: map[string]attribute{}}
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			n.inputs = append(n.inputs, string(f.bytes))
		case 2:
			n.outputs = append(n.outputs, string(f.bytes))
		case 3:
			n.name = string(f.bytes)
		case 4:
			n.op = string(f.bytes)
		case 5:
			name, a, err := readAttribute(f.bytes, depth)
			n.attributes[name] = a
			return err
		case 7:
			n.domain = string(f.bytes)
		}
		return nil
	})
	return n, err
}

func readAttribute(message []byte, depth int) (name string, a attribute, err error) {
	err = fields(message, func(f field) (err error) {
		switch f.number {
		case 1:
			name = string(f.bytes)
		case 2:
			a.float = math.Float32frombits(uint32(f.bits))
		case 3:
			a.integer = int64(f.bits)
		case 4:
			a.text = string(f.bytes)
		case 5:
			a.tensor, err = readTensor(f.bytes)
		case 6:
			a.graph, err = readGraph(f.bytes, depth+1)
		case 7:
			a.floats, err = f.floats(a.floats)
		case 8:
			a.integers, err = f.integers(a.integers)
		case 9:
			a.texts = append(a.texts, string(f.bytes))
		case 21:
			a.of = string(f.bytes)
		}
		return err
	})
	return name, a, err
}
