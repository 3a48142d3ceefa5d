package onnx

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// converted gives numbers another type, as ONNX's Cast does: fractions lose what follows the point, and all that is not zero
// is true.
func (b *builder) converted(x *Node, to DataType) *Node {
	switch {
	case to.bits() == 0:
		fail("conversion to %s is not supported", to)
	case to == Bool && x.DType() != dtypes.Bool:
		return NotEqual(x, ScalarZero(b.graph(), x.DType()))
	case to == Float16:
		return ConvertDType(ConvertDType(x, dtypes.Float16), dtypes.Float32)
	case to == BFloat:
		return ConvertDType(ConvertDType(x, dtypes.BFloat16), dtypes.Float32)
	case to == Float && b.floats[x] != nil:
		return b.floats[x]
	}
	return ConvertDType(x, to.dtype())
}

// wholes are whole numbers that x has as float32, in a type of whole numbers and within its range.
func (b *builder) wholes(x *Node, to DataType) *Node {
	if low, high, narrow := to.bounds(); narrow {
		x = clampTo(x, low, high)
	}
	y := ConvertDType(x, to.dtype())
	b.floats[y] = x
	return y
}

// bounds are the least and the largest number of a type of whole numbers, if float32 has them all.
func (t DataType) bounds() (low, high float64, narrow bool) {
	bits := t.bits()
	if bits > 16 {
		return 0, 0, false
	}
	switch t {
	case Uint8, Uint16:
		return 0, math.Pow(2, float64(bits)) - 1, true
	case Int8, Int16:
		return -math.Pow(2, float64(bits-1)), math.Pow(2, float64(bits-1)) - 1, true
	}
	return 0, 0, false
}

// asFloat is the numbers of v as float32, lying as v does.
func (b *builder) asFloat(v value) value {
	v = b.inGraph(v)
	if v.node.DType() == dtypes.Float32 {
		return v
	}
	return value{node: b.converted(v.node, Float), axes: v.axes}
}

// typeOf is the ONNX type of the numbers in a node.
func typeOf(dtype dtypes.DType) DataType {
	for kind, info := range typeInfos {
		if info.dtype == dtype && info.bits == 8*int(dtype.Size()) {
			return kind
		}
	}
	return noTensor
}
