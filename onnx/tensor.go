package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
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
	BFloat  DataType = 16
)

// size is the number of bytes of one element, 0 for a type that is not read.
func (t DataType) size() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16, Float16, BFloat:
		return 2
	case Float, Int32, Uint32:
		return 4
	case Int64, Double:
		return 8
	}
	return 0
}

// String names the type, such as "float32".
func (t DataType) String() string {
	names := map[DataType]string{Float: "float32", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16", Int32: "int32",
		Int64: "int64", Bool: "bool", Float16: "float16", Double: "float64", Uint32: "uint32", BFloat: "bfloat16", 8: "string"}
	if name, known := names[t]; known {
		return name
	}
	return fmt.Sprintf("type %d", int32(t))
}

// real says whether elements are fractions rather than whole numbers or booleans.
func (t DataType) real() bool { return t == Float || t == Double || t == Float16 || t == BFloat }

// maxElements is the largest tensor that is read or made.
const maxElements = 1 << 28

// Tensor is an array of numbers whose values are known.
type Tensor struct {
	Name  string
	Type  DataType
	Shape []int
	raw   []byte // elements row by row, little endian
}

// setShape takes dims, which must be at least 0 and make no more than maxElements elements.
func (t *Tensor) setShape(dims []int64) error {
	size := int64(1)
	t.Shape = make([]int, len(dims))
	for i, dim := range dims {
		if dim < 0 || dim > maxElements || size*dim > maxElements {
			return fmt.Errorf("tensor %q has the impossible shape %v", t.Name, dims)
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

// Float32s are the elements as float32.
func (t *Tensor) Float32s() []float32 {
	values := make([]float32, t.Size())
	switch t.Type {
	case Float:
		for i := range values {
			values[i] = math.Float32frombits(le.Uint32(t.raw[4*i:]))
		}
	case Double:
		for i := range values {
			values[i] = float32(math.Float64frombits(le.Uint64(t.raw[8*i:])))
		}
	case BFloat:
		for i := range values {
			values[i] = math.Float32frombits(uint32(le.Uint16(t.raw[2*i:])) << 16)
		}
	case Float16:
		for i := range values {
			values[i] = half(le.Uint16(t.raw[2*i:]))
		}
	case Int8:
		for i := range values {
			values[i] = float32(int8(t.raw[i]))
		}
	default:
		for i, v := range t.Int64s() {
			values[i] = float32(v)
		}
	}
	return values
}

// Int64s are the elements as int64; fractions are cut off.
func (t *Tensor) Int64s() []int64 {
	values := make([]int64, t.Size())
	if t.Type.real() {
		for i, v := range t.Float32s() {
			values[i] = int64(v)
		}
		return values
	}
	for i := range values {
		values[i] = t.integer(i)
	}
	return values
}

// integer is element i of a tensor of whole numbers.
func (t *Tensor) integer(i int) int64 {
	switch t.Type {
	case Uint8, Bool:
		return int64(t.raw[i])
	case Int8:
		return int64(int8(t.raw[i]))
	case Uint16:
		return int64(le.Uint16(t.raw[2*i:]))
	case Int16:
		return int64(int16(le.Uint16(t.raw[2*i:])))
	case Int32:
		return int64(int32(le.Uint32(t.raw[4*i:])))
	case Uint32:
		return int64(le.Uint32(t.raw[4*i:]))
	}
	return int64(le.Uint64(t.raw[8*i:]))
}

// half is the value of an IEEE 754 half-precision number.
func half(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits>>15)<<31, uint32(bits>>10&31), uint32(bits&1023)
	switch {
	case exponent == 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	case exponent == 0:
		v := float32(fraction) / (1 << 24)
		if sign != 0 {
			v = -v
		}
		return v
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
