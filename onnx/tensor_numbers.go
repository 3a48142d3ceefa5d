package onnx

import (
	"encoding/binary"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
)

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
	default:
		for i := range values {
			values[i] = float32(t.integer(i))
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

// local is t for a graph, its elements in the type that graphs have for them.
func (t *Tensor) local() *tensors.Tensor {
	switch t.Type.dtype() {
	case dtypes.Float32:
		return tensors.FromFlatDataAndDimensions(t.Float32s(), t.Shape...)
	case dtypes.Float64:
		return localOf[float64](t)
	case dtypes.Int8:
		return localOf[int8](t)
	case dtypes.Int16:
		return localOf[int16](t)
	case dtypes.Int32:
		return localOf[int32](t)
	case dtypes.Int64:
		return localOf[int64](t)
	case dtypes.Uint8:
		return localOf[uint8](t)
	case dtypes.Uint16:
		return localOf[uint16](t)
	case dtypes.Uint32:
		return localOf[uint32](t)
	case dtypes.Uint64:
		return localOf[uint64](t)
	}
	return localOf[bool](t)
}

func localOf[T float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool](t *Tensor) *tensors.Tensor {
	values := make([]T, t.Size())
	if _, err := binary.Decode(t.raw, le, values); err != nil {
		fail("tensor %q: %v", t.Name, err)
	}
	return tensors.FromFlatDataAndDimensions(values, t.Shape...)
}

// tensorOf takes a tensor out of a graph.
func tensorOf(t *tensors.Tensor) *Tensor {
	out := &Tensor{Type: typeOf(t.DType()), Shape: t.Shape().Dimensions}
	t.MustConstFlatData(func(flat any) {
		out.raw, _ = binary.Append(nil, le, flat)
	})
	return out
}
