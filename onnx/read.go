package onnx

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: its number, and either a scalar's bits or the bytes of what has a length.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bits   uint64
	bytes  []byte
}

var errTruncated = errors.New("the file is truncated or damaged: copy or download it again")

// fields calls each for every field of a message.
func fields(message []byte, each func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			f.bits = uint64(bits)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			return errTruncated
		}
		if n < 0 {
			return errTruncated
		}
		message = message[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// integers appends a repeated integer field, which may come packed or one by one.
func (f field) integers(list []int64) ([]int64, error) {
	if f.kind != protowire.BytesType {
		return append(list, int64(f.bits)), nil
	}
	for rest := f.bytes; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return nil, errTruncated
		}
		list, rest = append(list, int64(v)), rest[n:]
	}
	return list, nil
}

// floats appends a repeated float field.
func (f field) floats(list []float32) ([]float32, error) {
	if f.kind != protowire.BytesType {
		return append(list, math.Float32frombits(uint32(f.bits))), nil
	}
	if len(f.bytes)%4 != 0 {
		return nil, errTruncated
	}
	for at := 0; at < len(f.bytes); at += 4 {
		list = append(list, math.Float32frombits(le.Uint32(f.bytes[at:])))
	}
	return list, nil
}

// readModel reads a ModelProto. The numbers in this file are those of the fields in ONNX's onnx.proto.
func readModel(data []byte) (*Model, error) {
	m := &Model{data: data, initializers: map[string]*Tensor{}, metadata: map[string]string{}}
	var graph []byte
	err := fields(data, func(f field) (err error) {
		switch f.number {
		case 7:
			graph = f.bytes
		case 8:
			err = m.readOpset(f.bytes)
		case 14:
			err = m.readMetadata(f.bytes)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if graph == nil {
		return nil, errors.New("it holds no graph: is this an ONNX file?")
	}
	return m, m.readGraph(graph)
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

func (m *Model) readGraph(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1:
			n, err := readNode(f.bytes)
			m.nodes = append(m.nodes, n)
			return err
		case 5:
			t, err := readTensor(f.bytes)
			if err == nil {
				m.initializers[t.Name] = t
			}
			return err
		case 11:
			v, err := readValueInfo(f.bytes)
			m.inputs = append(m.inputs, v)
			return err
		case 12:
			v, err := readValueInfo(f.bytes)
			m.outputs = append(m.outputs, v)
			return err
		case 15:
			return errors.New("it has sparse weights, which are not supported: save them dense")
		}
		return nil
	})
}

func readNode(message []byte) (*node, error) {
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
			name, a, err := readAttribute(f.bytes)
			n.attributes[name] = a
			return err
		case 7:
			n.domain = string(f.bytes)
		}
		return nil
	})
	return n, err
}

func readAttribute(message []byte) (name string, a attribute, err error) {
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
		case 7:
			a.floats, err = f.floats(a.floats)
		case 8:
			a.integers, err = f.integers(a.integers)
		}
		return err
	})
	return name, a, err
}

// readValueInfo reads the name, element type and shape of an input or output of the graph.
func readValueInfo(message []byte) (ValueInfo, error) {
	var v ValueInfo
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Name = string(f.bytes)
		case 2:
			return fields(f.bytes, func(f field) error {
				if f.number != 1 {
					return nil
				}
				return v.readTensorType(f.bytes)
			})
		}
		return nil
	})
	return v, err
}

func (v *ValueInfo) readTensorType(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Type = DataType(f.bits)
		case 2:
			v.Shape = []int{}
			return fields(f.bytes, func(f field) error {
				dim := unknownDim
				err := fields(f.bytes, func(f field) error {
					if f.number == 1 && int64(f.bits) > 0 && f.bits < maxElements {
						dim = int(f.bits)
					}
					return nil
				})
				v.Shape = append(v.Shape, dim)
				return err
			})
		}
		return nil
	})
}

// readTensor reads a TensorProto; its elements may come as raw bytes or in a field of their type.
func readTensor(message []byte) (*Tensor, error) {
	t := &Tensor{}
	var dims, integers []int64
	var floats []float32
	external, doubles := false, []byte(nil)
	err := fields(message, func(f field) (err error) {
		switch f.number {
		case 1:
			dims, err = f.integers(dims)
		case 2:
			t.Type = DataType(f.bits)
		case 4:
			floats, err = f.floats(floats)
		case 5, 7, 11:
			integers, err = f.integers(integers)
		case 8:
			t.Name = string(f.bytes)
		case 9:
			t.raw = f.bytes
		case 10:
			doubles = f.bytes
		case 13:
			external = true
		case 14:
			external = external || f.bits == 1
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case external:
		return nil, fmt.Errorf("the values of tensor %q are in another file, which is not read: save the network with its weights inside", t.Name)
	case t.Type.size() == 0:
		return nil, fmt.Errorf("tensor %q has elements of %s, which is not supported", t.Name, t.Type)
	}
	if err := t.setShape(dims); err != nil {
		return nil, err
	}
	if t.raw == nil {
		t.raw = packed(t.Type, floats, integers, doubles)
	}
	if want := t.Size() * t.Type.size(); len(t.raw) != want {
		return nil, fmt.Errorf("tensor %q of shape %v has %d bytes, want %d: the file is truncated or damaged", t.Name, t.Shape, len(t.raw), want)
	}
	return t, nil
}
