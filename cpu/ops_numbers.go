package cpu

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// Operations written as plain loops: functions of the mathematics library, logic, small integers, positions of extremes
// and random bits. They are rare or small in training; what is not here either runs on the Go backend.

// mapping computes elements lo to hi-1 of dst from operands of the same length, or of length 1.
type mapping func(dst, a, b []byte, lo, hi int)

type mappingKey struct {
	op    compute.OpType
	dtype dtypes.DType // of the operands
}

var mappings = map[mappingKey]mapping{}

func init() {
	for op, f := range map[compute.OpType]func(float64) float64{
		compute.OpTypeSin: math.Sin, compute.OpTypeCos: math.Cos, compute.OpTypeExpm1: math.Expm1,
		compute.OpTypeFloor: math.Floor, compute.OpTypeCeil: math.Ceil, compute.OpTypeRound: math.RoundToEven,
	} {
		mappings[mappingKey{op, dtypes.Float32}] = zip(func(x, _ float32) float32 { return float32(f(float64(x))) })
	}
	mappings[mappingKey{compute.OpTypePow, dtypes.Float32}] = zip(func(x, y float32) float32 {
		return float32(math.Pow(float64(x), float64(y)))
	})
	mappings[mappingKey{compute.OpTypeIsFinite, dtypes.Float32}] = zip(func(x, _ float32) bool { return x-x == 0 })
	mappings[mappingKey{compute.OpTypeIsNaN, dtypes.Float32}] = zip(func(x, _ float32) bool { return x != x })
	mappings[mappingKey{compute.OpTypeLogicalAnd, dtypes.Bool}] = logic(func(x, y uint64) uint64 { return x & y })
	mappings[mappingKey{compute.OpTypeLogicalOr, dtypes.Bool}] = logic(func(x, y uint64) uint64 { return x | y })
	mappings[mappingKey{compute.OpTypeLogicalXor, dtypes.Bool}] = logic(func(x, y uint64) uint64 { return x ^ y })
	mappings[mappingKey{compute.OpTypeLogicalNot, dtypes.Bool}] = logic(func(x, _ uint64) uint64 { return x ^ eightTrue })
	mapIntegers[int32](dtypes.Int32)
	mapIntegers[int64](dtypes.Int64)
	declare(nil, pointwise,
		compute.OpTypeSin, compute.OpTypeCos, compute.OpTypeExpm1, compute.OpTypeFloor, compute.OpTypeCeil,
		compute.OpTypeRound, compute.OpTypePow, compute.OpTypeIsFinite, compute.OpTypeIsNaN,
		compute.OpTypeLogicalAnd, compute.OpTypeLogicalOr, compute.OpTypeLogicalXor, compute.OpTypeLogicalNot,
		compute.OpTypeBitwiseAnd, compute.OpTypeBitwiseOr, compute.OpTypeBitwiseXor, compute.OpTypeBitwiseNot,
		compute.OpTypeBitCount, compute.OpTypeClz, compute.OpTypeRem, compute.OpTypeAtan2,
		compute.OpTypeShiftLeft, compute.OpTypeShiftRightArithmetic, compute.OpTypeShiftRightLogical,
		compute.OpTypeEqualTotalOrder, compute.OpTypeNotEqualTotalOrder,
		compute.OpTypeLessThanTotalOrder, compute.OpTypeLessOrEqualTotalOrder,
		compute.OpTypeGreaterThanTotalOrder, compute.OpTypeGreaterOrEqualTotalOrder,
		compute.OpTypeComplex, compute.OpTypeReal, compute.OpTypeImag, compute.OpTypeConj)
	declare(lowerArgMinMax, replayedIf(func(_ *splitter, n *node) bool { return n.attrs.(argMinMaxAttrs).axis > 0 }),
		compute.OpTypeArgMinMax)
	declare(lowerRandomBits, together, compute.OpTypeRNGBitGenerator)
	declare(lowerIota, together, compute.OpTypeIota)
}

// mapIntegers enters arithmetic and comparisons of an integer type.
func mapIntegers[T int32 | int64](dtype dtypes.DType) {
	for op, f := range map[compute.OpType]func(x, y T) T{
		compute.OpTypeAdd: func(x, y T) T { return x + y },
		compute.OpTypeSub: func(x, y T) T { return x - y },
		compute.OpTypeMul: func(x, y T) T { return x * y },
	} {
		mappings[mappingKey{op, dtype}] = zip(f)
	}
	for op, f := range map[compute.OpType]func(order int) bool{
		compute.OpTypeEqual:          func(order int) bool { return order == 0 },
		compute.OpTypeNotEqual:       func(order int) bool { return order != 0 },
		compute.OpTypeLessThan:       func(order int) bool { return order < 0 },
		compute.OpTypeLessOrEqual:    func(order int) bool { return order <= 0 },
		compute.OpTypeGreaterThan:    func(order int) bool { return order > 0 },
		compute.OpTypeGreaterOrEqual: func(order int) bool { return order >= 0 },
	} {
		mappings[mappingKey{op, dtype}] = zip(func(x, y T) bool { return f(cmp.Compare(x, y)) })
	}
}

// zip applies f to the elements of two operands; an operand of one element is the same for all.
func zip[T, R any](f func(x, y T) R) mapping {
	return func(dst, a, b []byte, lo, hi int) {
		d, x, y := as[R](dst)[lo:hi], as[T](a), as[T](b)
		switch {
		case len(x) == 1 && len(y) == 1:
			for i := range d {
				d[i] = f(x[0], y[0])
			}
		case len(y) == 1:
			x, s := x[lo:hi], y[0]
			for i := range d {
				d[i] = f(x[i], s)
			}
		case len(x) == 1:
			s, y := x[0], y[lo:hi]
			for i := range d {
				d[i] = f(s, y[i])
			}
		default:
			x, y := x[lo:hi], y[lo:hi]
			for i := range d {
				d[i] = f(x[i], y[i])
			}
		}
	}
}

// eightTrue is eight booleans that are true.
const eightTrue = 0x0101010101010101

// logic applies f to eight booleans at a time; an operand of one element is the same for all.
func logic(f func(x, y uint64) uint64) mapping {
	eight := func(a []byte, at int) uint64 {
		if len(a) == 1 {
			return uint64(a[0]) * eightTrue
		}
		if at+8 <= len(a) {
			return binary.LittleEndian.Uint64(a[at:])
		}
		var last [8]byte
		copy(last[:], a[at:])
		return binary.LittleEndian.Uint64(last[:])
	}
	return func(dst, a, b []byte, lo, hi int) {
		for ; lo+8 <= hi; lo += 8 {
			binary.LittleEndian.PutUint64(dst[lo:], f(eight(a, lo), eight(b, lo)))
		}
		if lo < hi {
			var last [8]byte
			binary.LittleEndian.PutUint64(last[:], f(eight(a, lo), eight(b, lo)))
			copy(dst[lo:hi], last[:])
		}
	}
}

// lowerMapping runs an operation by its plain loop, if it has one for the type of its operands.
func lowerMapping(c *compiler, n *node) bool {
	if len(n.inputs) == 0 {
		return false
	}
	f := mappings[mappingKey{n.op, n.inputs[0].shape.DType}]
	if f == nil {
		return false
	}
	y := n.outputs[0]
	a, _, _ := c.spread(n.inputs[0], y, asResult, asScalar)
	b := a
	if len(n.inputs) == 2 {
		b, _, _ = c.spread(n.inputs[1], y, asResult, asScalar)
	}
	to := c.out(y)
	c.elements(y.shape.Size(), 4, func(fr *frame, _, lo, hi int) { f(fr.mem[to], fr.mem[a], fr.mem[b], lo, hi) })
	return true
}

// lowerArgMinMax finds positions of the first extreme along an axis; a NaN counts as one.
func lowerArgMinMax(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	a := n.attrs.(argMinMaxAttrs)
	if !isFloat32(x) || a.dtype != dtypes.Int32 || x.shape.Size() == 0 {
		return false
	}
	from, to := c.in(x), c.out(y)
	length, inner := x.shape.Dimensions[a.axis], product(x.shape.Dimensions[a.axis+1:])
	c.emit(y.shape.Size(), x.shape.Size(), func(fr *frame, _, lo, hi int) {
		src, dst := fr.f32(from), as[int32](fr.mem[to])
		for i := lo; i < hi; i++ {
			dst[i] = int32(argExtreme(src[i/inner*length*inner+i%inner:], length, inner, a.isMin))
		}
	})
	return true
}

// argExtreme is the position of the first extreme of n numbers that lie step apart.
func argExtreme(x []float32, n, step int, isMin bool) int {
	best := 0
	for i := range n {
		v, b := x[i*step], x[best*step]
		if v != v {
			return i
		}
		if isMin && v < b || !isMin && v > b {
			best = i
		}
	}
	return best
}

// lowerIota counts along an axis.
func lowerIota(c *compiler, n *node) bool {
	y := n.outputs[0].shape
	axis := n.attrs.(iotaAttrs).axis
	length, inner := y.Dimensions[axis], product(y.Dimensions[axis+1:])
	var count func(mem []byte, lo, hi int)
	switch y.DType {
	case dtypes.Int32:
		count = func(mem []byte, lo, hi int) { countUp(as[int32](mem), length, inner, lo, hi) }
	case dtypes.Int64:
		count = func(mem []byte, lo, hi int) { countUp(as[int64](mem), length, inner, lo, hi) }
	case dtypes.Float32:
		count = func(mem []byte, lo, hi int) { countUp(as[float32](mem), length, inner, lo, hi) }
	default:
		return false
	}
	to := c.out(n.outputs[0])
	c.elements(y.Size(), 1, func(fr *frame, _, lo, hi int) { count(fr.mem[to], lo, hi) })
	return true
}

func countUp[T number](dst []T, length, inner, lo, hi int) {
	for i := lo; i < hi; i++ {
		dst[i] = T(i / inner % length)
	}
}

// lowerRandomBits fills the values with the numbers of PCG, as the Go backend does, whose state is the first two
// numbers of the state.
func lowerRandomBits(c *compiler, n *node) bool {
	state, next, values := c.in(n.inputs[0]), c.out(n.outputs[0]), c.out(n.outputs[1])
	c.serial(func(fr *frame) {
		from, to := as[uint64](fr.mem[state]), as[uint64](fr.mem[next])
		var generator rand.PCG
		generator.Seed(from[0], from[1])
		mem := fr.mem[values]
		for ; len(mem) >= 8; mem = mem[8:] {
			binary.LittleEndian.PutUint64(mem, generator.Uint64())
		}
		if len(mem) > 0 {
			var last [8]byte
			binary.LittleEndian.PutUint64(last[:], generator.Uint64())
			copy(mem, last[:])
		}
		var marshalled [20]byte // "pcg:" and both halves of the state
		if _, err := generator.AppendBinary(marshalled[:0]); err != nil {
			fr.fail(err)
		}
		copy(to, from)
		to[0], to[1] = binary.LittleEndian.Uint64(marshalled[4:]), binary.LittleEndian.Uint64(marshalled[12:])
	})
	return true
}
