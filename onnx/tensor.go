package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
)

var le = binary.LittleEndian

// DataType is how a tensor's elements are stored, by ONNX's numbers.
type DataType int32

// The element types that are read.
const (
	Float   DataType = 1
	Uint8   DataType = 2
	Int8    DataType = 3
	Uint16  DataType = 4
	Int16   DataType = 5
	Int32   DataType = 6
	Int64   DataType = 7
	Bool    DataType = 9
	Float16 DataType = 10
	Double  DataType = 11
	Uint32  DataType = 12
	Uint64  DataType = 13
	BFloat  DataType = 16
	Uint4   DataType = 21 // two in a byte; read as uint8
	Int4    DataType = 22 // two in a byte; read as int8

	noTensor DataType = -1 // of a sequence, an optional or a map
)

// typeInfo is what there is to know about a DataType.
type typeInfo struct {
	name  string
	bits  int          // of one element as it is stored
	dtype dtypes.DType // in a graph; half precision is computed in float32
}

var typeInfos = map[DataType]typeInfo{
	Float: {"float32", 32, dtypes.Float32}, Double: {"float64", 64, dtypes.Float64},
	Float16: {"float16", 16, dtypes.Float32}, BFloat: {"bfloat16", 16, dtypes.Float32},
	Int8: {"int8", 8, dtypes.Int8}, Int16: {"int16", 16, dtypes.Int16}, Int32: {"int32", 32, dtypes.Int32}, Int64: {"int64", 64, dtypes.Int64},
	Uint8: {"uint8", 8, dtypes.Uint8}, Uint16: {"uint16", 16, dtypes.Uint16}, Uint32: {"uint32", 32, dtypes.Uint32}, Uint64: {"uint64", 64, dtypes.Uint64},
	Bool: {"bool", 8, dtypes.Bool}, Uint4: {"uint4", 4, dtypes.Uint8}, Int4: {"int4", 4, dtypes.Int8},
	8: {name: "string"}, 14: {name: "complex64"}, 15: {name: "complex128"}, 17: {name: "float8"}, 18: {name: "float8"}, 19: {name: "float8"},
	20: {name: "float8"}, 23: {name: "float4"}, noTensor: {name: "sequences, optionals or maps"},
}

// bits is the number of bits of one element as it is stored, 0 for a type that is not read.
func (t DataType) bits() int { return typeInfos[t].bits }

// size is the number of bytes of one element after it was read.
func (t DataType) size() int { return (t.bits() + 7) / 8 }

// dtype is the type of elements in a graph.
func (t DataType) dtype() dtypes.DType { return typeInfos[t].dtype }

// String names the type, such as "float32".
func (t DataType) String() string {
	if info, known := typeInfos[t]; known {
		return info.name
	}
	return fmt.Sprintf("type %d", int32(t))
}

// real says whether elements are fractions rather than whole numbers or booleans.
func (t DataType) real() bool { return t == Float || t == Double || t == Float16 || t == BFloat }

// maxElements is the largest tensor that is read or made.
const maxElements = 1 << 28

// Tensor is an array of numbers whose values are known.
type Tensor struct {
	Name    string
	Type    DataType
	Shape   []int
	raw     []byte // elements row by row, little endian
	problem error  // why it cannot be used
}

// setShape takes dims, which must be at least 0 and make no more than maxElements elements.
func (t *Tensor) setShape(dims []int64) error {
	size := int64(1)
	t.Shape = make([]int, len(dims))
	for i, dim := range dims {
		if dim < 0 || dim > maxElements || size*dim > maxElements {
			return fmt.Errorf("it has the impossible shape %v", dims)
		}
		t.Shape[i], size = int(dim), size*dim
	}
	return nil
}

// Size is the number of elements.
func (t *Tensor) Size() int { return product(t.Shape) }

func product(dims []int) int {
	size := 1
	for _, dim := range dims {
		size *= dim
	}
	return size
}

func floatTensor(shape []int, values []float32) *Tensor {
	return &Tensor{Type: Float, Shape: slices.Clone(shape), raw: packed(Float, values, nil, nil)}
}

func intTensor(kind DataType, shape []int, values []int64) *Tensor {
	return &Tensor{Type: kind, Shape: slices.Clone(shape), raw: packed(kind, nil, values, nil)}
}

// intList is a list of numbers such as a shape.
func intList(values []int) *Tensor {
	list := make([]int64, len(values))
	for i, v := range values {
		list[i] = int64(v)
	}
	return intTensor(Int64, []int{len(list)}, list)
}

// packed makes raw elements of kind from the field that holds them: doubles of Double, floats of Float, and integers of all
// others, half-precision bits included.
func packed(kind DataType, floats []float32, integers []int64, doubles []byte) []byte {
	switch kind {
	case Double:
		return doubles
	case Float:
		raw := make([]byte, 4*len(floats))
		for i, v := range floats {
			le.PutUint32(raw[4*i:], math.Float32bits(v))
		}
		return raw
	}
	size := kind.size()
	raw := make([]byte, size*len(integers))
	for i, v := range integers {
		var bytes [8]byte
		le.PutUint64(bytes[:], uint64(v))
		copy(raw[i*size:(i+1)*size], bytes[:])
	}
	return raw
}

// unpack gives elements of four bits a byte each.
func (t *Tensor) unpack() {
	if t.Type != Int4 && t.Type != Uint4 {
		return
	}
	raw := make([]byte, t.Size())
	for i := range raw {
		raw[i] = t.raw[i/2] >> (4 * (i % 2)) & 15
		if t.Type == Int4 {
			raw[i] = byte(int8(raw[i]<<4) >> 4)
		}
	}
	t.raw, t.Type = raw, map[DataType]DataType{Int4: Int8, Uint4: Uint8}[t.Type]
}
