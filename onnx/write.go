package onnx

import (
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// message is a protobuf message being written. The numbers in this file are those of the fields in ONNX's onnx.proto.
type message []byte

func (m *message) integer(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

// field writes a field as it was read.
func (m *message) field(f field) {
	*m = protowire.AppendTag(*m, f.number, f.kind)
	switch f.kind {
	case protowire.VarintType:
		*m = protowire.AppendVarint(*m, f.bits)
	case protowire.Fixed32Type:
		*m = protowire.AppendFixed32(*m, uint32(f.bits))
	case protowire.Fixed64Type:
		*m = protowire.AppendFixed64(*m, f.bits)
	case protowire.BytesType:
		*m = protowire.AppendBytes(*m, f.bytes)
	}
}

func (m *message) text(field protowire.Number, v string) { m.bytes(field, []byte(v)) }

const (
	irVersion   = 8  // of files with operations of exportOpset
	exportOpset = 17 // the version of the operations that are written
)

// encode writes the network as an ONNX file. Equal networks give equal bytes.
func (m *Model) encode() []byte {
	var file message
	file.integer(1, irVersion)
	file.text(2, "siam")
	file.bytes(7, m.encodeGraph())
	var opset message
	opset.text(1, "")
	opset.integer(2, int64(m.opset))
	file.bytes(8, opset)
	return append(file, encodeMetadata(m.metadata)...)
}

// encodeMetadata are fields that may also be appended to a file that is there already.
func encodeMetadata(metadata map[string]string) []byte {
	var file message
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		var entry message
		entry.text(1, key)
		entry.text(2, metadata[key])
		file.bytes(14, entry)
	}
	return file
}

func (m *Model) encodeGraph() []byte {
	var graph message
	for _, n := range m.nodes {
		graph.bytes(1, n.encode())
	}
	graph.text(2, "siam")
	for _, name := range slices.Sorted(maps.Keys(m.initializers)) {
		graph.bytes(5, m.initializers[name].encode(name))
	}
	for _, v := range m.inputs {
		graph.bytes(11, v.encode())
	}
	for _, v := range m.outputs {
		graph.bytes(12, v.encode())
	}
	return graph
}

func (n *node) encode() []byte {
	var out message
	for _, name := range n.inputs {
		out.text(1, name)
	}
	for _, name := range n.outputs {
		out.text(2, name)
	}
	out.text(3, n.name)
	out.text(4, n.op)
	if n.domain != "" {
		out.text(7, n.domain)
	}
	for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
		out.bytes(5, n.attributes[name].encode(name))
	}
	return out
}

// encode writes an attribute that holds a list of whole numbers, a text, a fraction or, otherwise, one whole number.
func (a attribute) encode(name string) []byte {
	const float, integer, text, integers = 1, 2, 3, 7
	var out message
	out.text(1, name)
	switch {
	case a.integers != nil:
		for _, v := range a.integers {
			out.integer(8, v)
		}
		out.integer(20, integers)
	case a.text != "":
		out.text(4, a.text)
		out.integer(20, text)
	case a.float != 0:
		out = protowire.AppendFixed32(protowire.AppendTag(out, 2, protowire.Fixed32Type), math.Float32bits(a.float))
		out.integer(20, float)
	default:
		out.integer(3, a.integer)
		out.integer(20, integer)
	}
	return out
}

func (t *Tensor) encode(name string) []byte {
	var out message
	for _, dim := range t.Shape {
		out.integer(1, int64(dim))
	}
	out.integer(2, int64(t.Type))
	out.text(8, name)
	out.bytes(9, t.raw)
	return out
}

// encode writes an open dimension as n: the number of images.
func (v ValueInfo) encode() []byte {
	var shape message
	for _, dim := range v.Shape {
		var d message
		if dim == unknownDim {
			d.text(2, "n")
		} else {
			d.integer(1, int64(dim))
		}
		shape.bytes(1, d)
	}
	var tensor, kind, out message
	out.text(1, v.Name)
	if v.Type == 0 {
		return out
	}
	tensor.integer(1, int64(v.Type))
	if v.Shape != nil {
		tensor.bytes(2, shape)
	}
	kind.bytes(1, tensor)
	out.bytes(2, kind)
	return out
}
