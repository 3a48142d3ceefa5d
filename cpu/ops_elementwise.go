package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

// Element-wise operations on float32, with GoMLX's implicit broadcasting: operands are scalars, or have the rank of
// the result and its dimensions or 1.

var (
	binaryOps = map[compute.OpType]kernel.BinaryOp{
		compute.OpTypeAdd: kernel.OpAdd, compute.OpTypeSub: kernel.OpSub, compute.OpTypeMul: kernel.OpMul,
		compute.OpTypeDiv: kernel.OpDiv, compute.OpTypeMax: kernel.OpMax, compute.OpTypeMin: kernel.OpMin,
	}
	unaryOps = map[compute.OpType]kernel.UnaryOp{
		compute.OpTypeAbs: kernel.OpAbs, compute.OpTypeNeg: kernel.OpNeg, compute.OpTypeSqrt: kernel.OpSqrt,
		compute.OpTypeRsqrt: kernel.OpRsqrt, compute.OpTypeSign: kernel.OpSign, compute.OpTypeExp: kernel.OpExp,
		compute.OpTypeLog: kernel.OpLog, compute.OpTypeLog1p: kernel.OpLog1p, compute.OpTypeLogistic: kernel.OpLogistic,
		compute.OpTypeTanh: kernel.OpTanh, compute.OpTypeErf: kernel.OpErf, opRelu: kernel.OpRelu,
	}
	compareOps = map[compute.OpType]kernel.CompareOp{
		compute.OpTypeEqual: kernel.OpEqual, compute.OpTypeNotEqual: kernel.OpNotEqual,
		compute.OpTypeLessThan: kernel.OpLess, compute.OpTypeLessOrEqual: kernel.OpLessOrEqual,
		compute.OpTypeGreaterThan: kernel.OpGreater, compute.OpTypeGreaterOrEqual: kernel.OpGreaterOrEqual,
	}
)

func init() {
	for op := range binaryOps {
		declare(lowerElementwise, pointwise, op)
	}
	for op := range unaryOps {
		declare(lowerElementwise, pointwise, op)
	}
	for op := range compareOps {
		declare(lowerCompare, pointwise, op)
	}
	introduce(opRelu, "Relu", lowerElementwise)
	introduce(opReluGrad, "ReluGrad", lowerElementwise)
	introduce(opLeakyRelu, "LeakyRelu", lowerElementwise)
	declare(lowerWhere, pointwise, compute.OpTypeWhere)
	declare(lowerConvert, pointwise, compute.OpTypeConvertDType)
}

// workBlock is the number of elements of one unit of element-wise work.
const workBlock = 4096

// elements emits a task on n elements; run gets ranges of them.
func (c *compiler) elements(n, cost int, run func(fr *frame, thread, lo, hi int)) {
	c.emit((n+workBlock-1)/workBlock, n*cost, func(fr *frame, thread, lo, hi int) {
		run(fr, thread, lo*workBlock, min(hi*workBlock, n))
	})
}

func isFloat32(values ...*value) bool {
	return !slices.ContainsFunc(values, func(v *value) bool { return v.shape.DType != dtypes.Float32 })
}

// operand is how an operand of an element-wise operation is laid out against the result, seen as a matrix.
type operand int

const (
	asResult operand = iota // as the result itself
	asScalar                // one element for all
	asRow                   // one element per column
	asColumn                // one element per row
)

// layout classifies an operand of an element-wise operation. For a row or a column, inner is the number of columns.
// ok is false if it has to be broadcast in memory first.
func layout(x, y shapes.Shape) (kind operand, inner int, ok bool) {
	if x.Size() == y.Size() {
		return asResult, 0, true
	}
	if x.Size() == 1 {
		return asScalar, 0, true
	}
	first, end := 0, x.Rank() // the axes x has in full: between leading and trailing ones
	for x.Dimensions[first] == 1 {
		first++
	}
	for x.Dimensions[end-1] == 1 {
		end--
	}
	if !slices.Equal(x.Dimensions[first:end], y.Dimensions[first:end]) {
		return 0, 0, false
	}
	outer, inner := product(y.Dimensions[:first]), product(y.Dimensions[end:])
	switch {
	case inner == 1:
		return asRow, x.Size(), true
	case outer == 1:
		return asColumn, inner, true
	}
	return 0, 0, false
}

func product(dims []int) int {
	p := 1
	for _, d := range dims {
		p *= d
	}
	return p
}

// spread is the block of an operand, broadcast in memory to the shape of y if it is not a scalar, or not at all if
// layout can express it.
func (c *compiler) spread(x, y *value, kinds ...operand) (ref, operand, int) {
	kind, inner, ok := layout(x.shape, y.shape)
	if ok && slices.Contains(kinds, kind) {
		return c.in(x), kind, inner
	}
	full := y.shape.Clone()
	full.DType = x.shape.DType
	to := c.scratchBytes(byteSize(full))
	axes := make([]int, x.shape.Rank())
	for i := range axes {
		axes[i] = i
	}
	s := broadcastCopy(x.shape, full, axes)
	s.emit(c, to, c.in(x))
	return to, asResult, 0
}

// lowerElementwise runs a single node as a program of the kernels, as chains are.
func lowerElementwise(c *compiler, n *node) bool {
	if !n.elementwise() {
		return false
	}
	var b kernel.ProgramBuilder
	p := chainRun{size: n.outputs[0].shape.Size(), cost: 1}
	var args []kernel.Value
	for _, v := range n.inputs {
		r, kind, columns := c.spread(v, n.outputs[0], asResult, asScalar, asRow, asColumn)
		p.inputs, p.kinds = append(p.inputs, r), append(p.kinds, kind)
		args = append(args, kind.declare(&b, columns))
	}
	b.Output(record(&b, n.op, args))
	p.program = b.Program()
	p.outputs = []ref{c.out(n.outputs[0])}
	c.emitChain(p)
	return true
}

// turned is the comparison with its sides exchanged.
var turned = map[kernel.CompareOp]kernel.CompareOp{
	kernel.OpEqual: kernel.OpEqual, kernel.OpNotEqual: kernel.OpNotEqual,
	kernel.OpLess: kernel.OpGreater, kernel.OpLessOrEqual: kernel.OpGreaterOrEqual,
	kernel.OpGreater: kernel.OpLess, kernel.OpGreaterOrEqual: kernel.OpLessOrEqual,
}

func lowerCompare(c *compiler, n *node) bool {
	a, b, y := n.inputs[0], n.inputs[1], n.outputs[0]
	if !isFloat32(a, b) {
		return false
	}
	op := compareOps[n.op]
	ra, ka, _ := c.spread(a, y, asResult, asScalar)
	rb, kb, _ := c.spread(b, y, asResult, asScalar)
	if ka == asScalar && y.shape.Size() > 1 {
		if kb == asScalar {
			return false
		}
		ra, rb, ka, kb, op = rb, ra, kb, ka, turned[op]
	}
	to := c.out(y)
	c.elements(y.shape.Size(), 1, func(fr *frame, _, lo, hi int) {
		dst := as[bool](fr.mem[to])[lo:hi]
		if kb == asScalar {
			kernel.CompareScalar(op, dst, fr.f32(ra)[lo:hi], fr.f32(rb)[0])
		} else {
			kernel.Compare(op, dst, fr.f32(ra)[lo:hi], fr.f32(rb)[lo:hi])
		}
	})
	return true
}

func lowerWhere(c *compiler, n *node) bool {
	cond, a, b, y := n.inputs[0], n.inputs[1], n.inputs[2], n.outputs[0]
	if !isFloat32(a, b) {
		return false
	}
	if cond.shape.Size() == 1 {
		c.choose(cond, a, b, y)
		return true
	}
	rc, _, _ := c.spread(cond, y, asResult)
	ra, ka, _ := c.spread(a, y, asResult, asScalar)
	rb, kb, _ := c.spread(b, y, asResult, asScalar)
	to := c.out(y)
	if ka == asResult {
		c.replace(to, ra)
	}
	if kb == asResult {
		c.replace(to, rb)
	}
	c.elements(y.shape.Size(), 1, func(fr *frame, _, lo, hi int) {
		dst, is := fr.f32(to)[lo:hi], as[bool](fr.mem[rc])[lo:hi]
		switch {
		case ka == asResult && kb == asResult:
			kernel.Select(dst, is, fr.f32(ra)[lo:hi], fr.f32(rb)[lo:hi])
		case ka == asResult:
			kernel.SelectScalar(dst, is, true, fr.f32(ra)[lo:hi], fr.f32(rb)[0])
		case kb == asResult:
			kernel.SelectScalar(dst, is, false, fr.f32(rb)[lo:hi], fr.f32(ra)[0])
		default:
			yes, no := fr.f32(ra)[0], fr.f32(rb)[0]
			for i := range dst {
				dst[i] = no
				if is[i] {
					dst[i] = yes
				}
			}
		}
	})
	return true
}

// choose emits the copy of one operand, which costs nothing where the result takes over its memory.
func (c *compiler) choose(cond, a, b, y *value) {
	rc := c.in(cond)
	ra, ka, _ := c.spread(a, y, asResult, asScalar)
	rb, kb, _ := c.spread(b, y, asResult, asScalar)
	to := c.out(y)
	if ka == asResult {
		c.replace(to, ra)
	}
	if kb == asResult {
		c.replace(to, rb)
	}
	c.elements(y.shape.Size(), 1, func(fr *frame, _, lo, hi int) {
		from, kind := ra, ka
		if !as[bool](fr.mem[rc])[0] {
			from, kind = rb, kb
		}
		dst, x := fr.f32(to)[lo:hi], fr.f32(from)
		switch {
		case kind == asScalar:
			kernel.Fill(dst, x[0])
		case &x[lo] != &dst[0]:
			copy(dst, x[lo:hi])
		}
	})
}

// conversion converts elements lo to hi-1.
type conversion func(to, from []byte, lo, hi int)

type conversionKey struct{ from, to dtypes.DType }

var conversions = map[conversionKey]conversion{
	{dtypes.Float32, dtypes.Float32}: convertNumbers[float32, float32],
	{dtypes.Int32, dtypes.Float32}:   convertNumbers[int32, float32],
	{dtypes.Int64, dtypes.Float32}:   convertNumbers[int64, float32],
	{dtypes.Uint8, dtypes.Float32}:   convertNumbers[uint8, float32],
	{dtypes.Float64, dtypes.Float32}: convertNumbers[float64, float32],
	{dtypes.Float32, dtypes.Float64}: convertNumbers[float32, float64],
	{dtypes.Int32, dtypes.Int64}:     convertNumbers[int32, int64],
	{dtypes.Int64, dtypes.Int32}:     convertNumbers[int64, int32],
	{dtypes.Uint32, dtypes.Float32}:  convertNumbers[uint32, float32],
	{dtypes.Float16, dtypes.Float32}: convertWith(fromFloat16),
	{dtypes.Float32, dtypes.Float16}: convertWith(toFloat16),
	{dtypes.BFloat16, dtypes.Float32}: func(to, from []byte, lo, hi int) {
		kernel.FromBFloat16(as[float32](to)[lo:hi], as[uint16](from)[lo:hi])
	},
	{dtypes.Float32, dtypes.BFloat16}: func(to, from []byte, lo, hi int) {
		kernel.ToBFloat16(as[uint16](to)[lo:hi], as[float32](from)[lo:hi])
	},
	{dtypes.Float32, dtypes.Bool}: convertWith(func(x float32) bool { return x != 0 }),
	{dtypes.Bool, dtypes.Float32}: convertBools[float32],
	{dtypes.Bool, dtypes.Int32}:   convertBools[int32],
	{dtypes.Bool, dtypes.Int64}:   convertBools[int64],
}

type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func convertNumbers[From, To number](to, from []byte, lo, hi int) {
	dst, src := as[To](to)[lo:hi], as[From](from)[lo:hi]
	for i, x := range src {
		dst[i] = To(x)
	}
}

func convertWith[From, To any](convert func(From) To) conversion {
	return func(to, from []byte, lo, hi int) {
		dst, src := as[To](to)[lo:hi], as[From](from)[lo:hi]
		for i, x := range src {
			dst[i] = convert(x)
		}
	}
}

func convertBools[To number](to, from []byte, lo, hi int) {
	dst, src := as[To](to)[lo:hi], as[bool](from)[lo:hi]
	for i, x := range src {
		dst[i] = 0
		if x {
			dst[i] = 1
		}
	}
}

func lowerConvert(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	convert := conversions[conversionKey{x.shape.DType, y.shape.DType}]
	if convert == nil {
		return false
	}
	from, to := c.in(x), c.out(y)
	c.elements(y.shape.Size(), 1, func(fr *frame, _, lo, hi int) { convert(fr.mem[to], fr.mem[from], lo, hi) })
	return true
}
