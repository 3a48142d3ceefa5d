package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// constantOp computes a node whose inputs are all known. An input that was left out is nil.
type constantOp func(n *node, in []*Tensor) (*Tensor, error)

// constantOps are the operations that shapes are computed with, and those that unpack stored weights.
var constantOps = map[string]constantOp{
	"Constant":         constantValue,
	"ConstantOfShape":  constantOfShape,
	"Identity":         func(_ *node, in []*Tensor) (*Tensor, error) { return need(in, 1) },
	"Cast":             castConstant,
	"Add":              arithmetic(func(a, b float64) float64 { return a + b }),
	"Sub":              subtract,
	"Mul":              multiply,
	"Div":              arithmetic(divide),
	"Floor":            rounding(math.Floor),
	"Ceil":             rounding(math.Ceil),
	"DequantizeLinear": dequantize,
	"Gather":           gatherConstant,
	"Concat":           concatConstants,
	"Reshape":          reshapeConstant,
	"Squeeze":          squeezeConstant,
	"Unsqueeze":        unsqueezeConstant,
	"Transpose":        transposeConstant,
	"Slice":            sliceConstant,
	"Expand":           expandConstant,
}

// need returns the first of at least count inputs, none of which may be left out.
func need(in []*Tensor, count int) (*Tensor, error) {
	if len(in) < count || slices.Contains(in[:count], nil) {
		return nil, fmt.Errorf("it has %d inputs, want %d", len(in), count)
	}
	return in[0], nil
}

func constantValue(n *node, _ []*Tensor) (*Tensor, error) {
	for name, a := range n.attributes {
		switch name {
		case "value":
			if a.tensor != nil {
				return a.tensor, nil
			}
		case "value_float":
			return floatTensor(nil, []float32{a.float}), nil
		case "value_floats":
			return floatTensor([]int{len(a.floats)}, a.floats), nil
		case "value_int":
			return intTensor(Int64, nil, []int64{a.integer}), nil
		case "value_ints":
			return intTensor(Int64, []int{len(a.integers)}, a.integers), nil
		}
	}
	return nil, errors.New("it holds no numbers")
}

func constantOfShape(n *node, in []*Tensor) (*Tensor, error) {
	shape, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	value := n.attributes["value"].tensor
	if value == nil {
		value = floatTensor([]int{1}, []float32{0})
	}
	if value.Size() != 1 {
		return nil, fmt.Errorf("it has %d values, want one", value.Size())
	}
	return expand(value.reshaped(nil), toInts(shape.Int64s()))
}

func castConstant(n *node, in []*Tensor) (*Tensor, error) {
	t, err := need(in, 1)
	if err != nil {
		return nil, err
	}
	return t.cast(DataType(n.integer("to", int(Float))))
}

func (t *Tensor) cast(to DataType) (*Tensor, error) {
	switch {
	case to == t.Type:
		return t, nil
	case to.real():
		return floatTensor(t.Shape, t.Float32s()), nil // all fractions are float32 here
	case to == Bool:
		values := make([]int64, t.Size())
		for i, v := range t.Float32s() {
			if v != 0 {
				values[i] = 1
			}
		}
		return intTensor(Bool, t.Shape, values), nil
	case to.size() > 0:
		return intTensor(to, t.Shape, t.Int64s()), nil
	}
	return nil, fmt.Errorf("conversion to %s is not supported", to)
}

var (
	subtract = arithmetic(func(a, b float64) float64 { return a - b })
	multiply = arithmetic(func(a, b float64) float64 { return a * b })
)

func divide(a, b float64) float64 { return a / b }

// arithmetic applies f to each two elements of two tensors that broadcast. Whole numbers stay whole, cut off towards zero.
func arithmetic(f func(a, b float64) float64) constantOp {
	return func(_ *node, in []*Tensor) (*Tensor, error) {
		a, err := need(in, 2)
		if err != nil {
			return nil, err
		}
		b := in[1]
		shape, err := broadcast(a.Shape, b.Shape)
		if err != nil {
			return nil, err
		}
		if err := checkSize(shape, max(a.Size(), b.Size())); err != nil {
			return nil, err
		}
		a, b = a.repeated(shape), b.repeated(shape)
		if a.Type.real() || b.Type.real() {
			x, y := a.Float32s(), b.Float32s()
			for i := range x {
				x[i] = float32(f(float64(x[i]), float64(y[i])))
			}
			return floatTensor(shape, x), nil
		}
		x, y := a.Int64s(), b.Int64s()
		for i := range x {
			v := f(float64(x[i]), float64(y[i]))
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errors.New("it divides by zero")
			}
			x[i] = int64(v)
		}
		return intTensor(a.Type, shape, x), nil
	}
}

func rounding(f func(float64) float64) constantOp {
	return func(_ *node, in []*Tensor) (*Tensor, error) {
		t, err := need(in, 1)
		if err != nil {
			return nil, err
		}
		values := t.Float32s()
		for i, v := range values {
			values[i] = float32(f(float64(v)))
		}
		return floatTensor(t.Shape, values), nil
	}
}

// dequantize is (x − zero point)·scale, with one scale for all or one per index of an axis.
func dequantize(n *node, in []*Tensor) (*Tensor, error) {
	x, err := need(in, 2)
	if err != nil {
		return nil, err
	}
	operands := in[1:]
	for i, t := range operands {
		if t == nil || t.Size() == 1 {
			continue
		}
		axis, err := axisOf(n.integer("axis", 1), len(x.Shape))
		if err != nil {
			return nil, err
		}
		if t.Size() != x.Shape[axis] {
			return nil, fmt.Errorf("%d scales for an axis of %d", t.Size(), x.Shape[axis])
		}
		shape := make([]int, len(x.Shape)-axis)
		for j := range shape {
			shape[j] = 1
		}
		shape[0] = t.Size()
		operands[i] = t.reshaped(shape)
	}
	result := floatTensor(x.Shape, x.Float32s())
	if len(operands) > 1 && operands[1] != nil {
		if result, err = subtract(n, []*Tensor{result, operands[1]}); err != nil {
			return nil, err
		}
	}
	return multiply(n, []*Tensor{result, operands[0]})
}
