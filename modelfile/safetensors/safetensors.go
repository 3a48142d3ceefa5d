// Package safetensors reads and writes .safetensors files, the tensor format Python's libraries share.
//
// A file is eight bytes with the header's length (little endian), the header as JSON, then the tensors' bytes:
//
//	{"__metadata__": {key: text, ...}, name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
//
// Offsets count from the end of the header. The tensors cover the rest of the file without gap or overlap, and the header
// is padded with spaces so that they start at a multiple of 8.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// DType names how a tensor's elements are stored.
type DType string

// The element types of the format that have a whole number of bytes.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// size is the number of bytes of one element, 0 for an unknown type.
func (t DType) size() int {
	switch t {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// Tensor is a named array. Data holds its elements row by row, little endian; a tensor of [File] may share memory with
// what it was decoded from.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte
}

// File is the content of one .safetensors file. Tensors keep the order of their bytes in the file.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor
}

// FromFloat32 makes an F32 tensor with a copy of values. It panics when shape does not hold len(values) elements.
func FromFloat32(name string, shape []int, values []float32) Tensor {
	if n, ok := elements(shape); !ok || n != len(values) {
		panic(fmt.Sprintf("safetensors: tensor %q of shape %v cannot hold %d values", name, shape, len(values)))
	}
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}

// Float32 returns the elements of an F32 tensor. They share memory with t.Data where that lies as the processor wants it, as it does
// in what ReadFile gives.
func (t Tensor) Float32() ([]float32, error) {
	if t.DType != F32 {
		return nil, fmt.Errorf("tensor %q holds %s, want F32", t.Name, t.DType)
	}
	first := unsafe.SliceData(t.Data)
	if littleEndian && uintptr(unsafe.Pointer(first))%4 == 0 {
		return unsafe.Slice((*float32)(unsafe.Pointer(first)), len(t.Data)/4), nil
	}
	values := make([]float32, len(t.Data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return values, nil
}

// littleEndian says whether numbers lie in memory as they do in files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// elements is the product of shape, false when a dimension is negative or the product is too large to address.
func elements(shape []int) (int, bool) {
	n := 1
	for _, dim := range shape {
		if dim < 0 {
			return 0, false
		}
		if dim > 0 && n > math.MaxInt/16/dim {
			return 0, false
		}
		n *= dim
	}
	return n, true
}
