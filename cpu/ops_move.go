package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

// Operations that only move elements are strided copies, of elements of 1, 2, 4 or 8 bytes.

func init() {
	declare(lowerTranspose, replayedIf(transposeApart), compute.OpTypeTranspose)
	declare(lowerBroadcast, broadcastApart, compute.OpTypeBroadcastInDim)
	declare(lowerSlice, sliceApart, compute.OpTypeSlice)
	declare(lowerReverse, replayedIf(axesApart), compute.OpTypeReverse)
	declare(lowerConcatenate, replayedIf(concatenateApart), compute.OpTypeConcatenate)
	declare(lowerPad, together, compute.OpTypePad)
}

func transposeApart(_ *splitter, n *node) bool {
	axes := n.attrs.([]int)
	return len(axes) > 0 && axes[0] == 0
}

func broadcastApart(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error) {
	a := n.attrs.(broadcastAttrs)
	if len(a.axes) == 0 || a.axes[0] != 0 {
		return nil, errApart
	}
	return one(s.to.BroadcastInDim(inputs[0], s.smaller(a.shape), a.axes))
}

func sliceApart(s *splitter, n *node, inputs []compute.Value) ([]compute.Value, error) {
	a := n.attrs.(sliceAttrs)
	x := n.inputs[0].shape
	if a.starts[0] != 0 || a.limits[0] != x.Dimensions[0] {
		return nil, errApart
	}
	limits := slices.Clone(a.limits)
	limits[0] = s.smaller(x).Dimensions[0]
	return one(s.to.Slice(inputs[0], a.starts, limits, a.strides))
}

func concatenateApart(s *splitter, n *node) bool {
	return n.attrs.(int) > 0 && !slices.ContainsFunc(n.inputs, func(v *value) bool { return !s.batched[v] })
}

// stridedCopy copies a box of elements: element (i, j, …) goes from from + i·fromStrides[0] + j·fromStrides[1] + … to
// to + i·toStrides[0] + …, all counted in elements of size bytes. A stride of 0 repeats, a negative one reverses.
type stridedCopy struct {
	size                   int
	dims                   []int
	from, to               int
	fromStrides, toStrides []int
}

// movable reports whether elements of this type can be copied one by one.
func movable(shape shapes.Shape) bool {
	if shape.DType.IsPacked() {
		return false
	}
	size := shape.DType.Size()
	return size == 1 || size == 2 || size == 4 || size == 8
}

// merge joins axes that are one run on both sides, and drops those of length 1.
func (s *stridedCopy) merge() {
	dims, from, to := []int{}, []int{}, []int{}
	for i := len(s.dims) - 1; i >= 0; i-- {
		last := len(dims) - 1
		switch {
		case s.dims[i] == 1:
		case last >= 0 && s.fromStrides[i] == from[last]*dims[last] && s.toStrides[i] == to[last]*dims[last]:
			dims[last] *= s.dims[i]
		default:
			dims, from, to = append(dims, s.dims[i]), append(from, s.fromStrides[i]), append(to, s.toStrides[i])
		}
	}
	if len(dims) == 0 {
		dims, from, to = []int{1}, []int{1}, []int{1}
	}
	slices.Reverse(dims)
	slices.Reverse(from)
	slices.Reverse(to)
	s.dims, s.fromStrides, s.toStrides = dims, from, to
}

// emit adds the task that copies. Its units are the rows along the last axis.
func (s stridedCopy) emit(c *compiler, to, from ref) {
	s.merge()
	total := 1
	for _, d := range s.dims {
		total *= d
	}
	if total == 0 {
		return
	}
	if len(s.dims) == 1 && s.dims[0] > minWork { // one long run: let several threads have parts of it
		s.split()
	}
	if s.turns() {
		s.emitTurned(c, to, from, total)
		return
	}
	c.emit(total/s.dims[len(s.dims)-1], total, func(fr *frame, _, lo, hi int) { s.copy(fr.mem[to], fr.mem[from], lo, hi) })
}

// copy copies rows lo to hi-1 along the last axis.
func (s *stridedCopy) copy(dst, src []byte, lo, hi int) {
	switch s.size {
	case 1:
		copyRows(s, dst, src, lo, hi)
	case 2:
		copyRows(s, as[uint16](dst), as[uint16](src), lo, hi)
	case 4:
		copyRows(s, as[uint32](dst), as[uint32](src), lo, hi)
	case 8:
		copyRows(s, as[uint64](dst), as[uint64](src), lo, hi)
	}
}

// turns reports whether the copy of the last two axes is the transposition of a matrix of floats.
func (s *stridedCopy) turns() bool {
	n := len(s.dims)
	return s.size == 4 && n >= 2 && s.toStrides[n-1] == 1 && s.fromStrides[n-2] == 1 && s.fromStrides[n-1] >= s.dims[n-2]
}

// turnedRows is the number of rows of the result of one unit of a transposition.
const turnedRows = 32

// emitTurned adds the task of a copy that turns.
func (s *stridedCopy) emitTurned(c *compiler, to, from ref, total int) {
	n := len(s.dims)
	rows, cols := s.dims[n-2], s.dims[n-1]
	perMatrix := (rows + turnedRows - 1) / turnedRows
	c.emit(total/(rows*cols)*perMatrix, 2*total, func(fr *frame, _, lo, hi int) {
		dst, src := fr.f32(to), fr.f32(from)
		for u := lo; u < hi; u++ {
			at, start := s.offsets(u/perMatrix, n-2)
			first := u % perMatrix * turnedRows
			dstStep, srcStep := s.toStrides[n-2], s.fromStrides[n-1]
			kernel.Transpose(dst[at+first*dstStep:], dstStep, src[start+first:], srcStep, cols, min(turnedRows, rows-first))
		}
	})
}

// offsets is where a number's element of the first axes goes, and comes from.
func (s *stridedCopy) offsets(number, axes int) (to, from int) {
	to, from = s.to, s.from
	for axis := axes - 1; axis >= 0; axis-- {
		i := number % s.dims[axis]
		number /= s.dims[axis]
		from += i * s.fromStrides[axis]
		to += i * s.toStrides[axis]
	}
	return to, from
}

// split cuts a single axis into rows, if it divides.
func (s *stridedCopy) split() {
	n := s.dims[0]
	for row := minWork / 4; row > 256; row /= 2 {
		if n%row == 0 {
			s.dims = []int{n / row, row}
			s.fromStrides = []int{s.fromStrides[0] * row, s.fromStrides[0]}
			s.toStrides = []int{s.toStrides[0] * row, s.toStrides[0]}
			return
		}
	}
}

// copyRows copies rows lo to hi-1 along the last axis.
func copyRows[T any](s *stridedCopy, dst, src []T, lo, hi int) {
	last := len(s.dims) - 1
	for lo < hi {
		to, from := s.offsets(lo, last)
		rows, toStep, fromStep := 1, 0, 0
		if last > 0 {
			rows = min(hi-lo, s.dims[last-1]-lo%s.dims[last-1])
			toStep, fromStep = s.toStrides[last-1], s.fromStrides[last-1]
		}
		lo += rows
		n := s.dims[last]
		switch {
		case s.toStrides[last] != 1 || s.fromStrides[last] != 1:
			for range rows {
				copyRow(dst, src, n, to, s.toStrides[last], from, s.fromStrides[last])
				to, from = to+toStep, from+fromStep
			}
		case n <= shortRow:
			copyShortRows(dst, src, n, rows, to, toStep, from, fromStep)
		default:
			for range rows {
				copy(dst[to:to+n], src[from:from+n])
				to, from = to+toStep, from+fromStep
			}
		}
	}
}

// shortRow is the length up to which a row, such as a pixel's colours, is copied faster without a call.
const shortRow = 4

// copyShortRows copies rows of n ≤ shortRow elements.
func copyShortRows[T any](dst, src []T, n, rows, to, toStep, from, fromStep int) {
	for range rows {
		switch n {
		case 1:
			dst[to] = src[from]
		case 2:
			*(*[2]T)(dst[to:]) = *(*[2]T)(src[from:])
		case 3:
			*(*[3]T)(dst[to:]) = *(*[3]T)(src[from:])
		case 4:
			*(*[4]T)(dst[to:]) = *(*[4]T)(src[from:])
		}
		to, from = to+toStep, from+fromStep
	}
}

// copyRow copies a row that is not one run on both sides.
func copyRow[T any](dst, src []T, n, to, toStride, from, fromStride int) {
	switch {
	case toStride == 1 && fromStride == 0:
		v, d := src[from], dst[to:to+n]
		for i := range d {
			d[i] = v
		}
	case toStride == 1:
		d := dst[to : to+n]
		for i := range d {
			d[i] = src[from]
			from += fromStride
		}
	default:
		for range n {
			dst[to] = src[from]
			from += fromStride
			to += toStride
		}
	}
}

func lowerTranspose(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	transpose(c, c.out(y), c.in(x), x.shape, n.attrs.([]int))
	return true
}

// transpose emits the copy of a block of the given shape with its axes permuted.
func transpose(c *compiler, to, from ref, shape shapes.Shape, permutation []int) {
	strides := shape.Strides()
	s := stridedCopy{size: shape.DType.Size()}
	for _, axis := range permutation {
		s.dims = append(s.dims, shape.Dimensions[axis])
		s.fromStrides = append(s.fromStrides, strides[axis])
	}
	s.toStrides = contiguous(s.dims)
	s.emit(c, to, from)
}

// contiguous is the strides of a tensor without gaps.
func contiguous(dims []int) []int {
	strides := make([]int, len(dims))
	step := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = step
		step *= dims[i]
	}
	return strides
}

func lowerBroadcast(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	s := broadcastCopy(x.shape, y.shape, n.attrs.(broadcastAttrs).axes)
	s.emit(c, c.out(y), c.in(x))
	return true
}

// broadcastCopy repeats a tensor; axes[i] is the axis of the result that axis i of the operand becomes.
func broadcastCopy(from, to shapes.Shape, axes []int) stridedCopy {
	strides := from.Strides()
	s := stridedCopy{size: from.DType.Size(), dims: to.Dimensions, toStrides: to.Strides(), fromStrides: make([]int, to.Rank())}
	for i, axis := range axes {
		if from.Dimensions[i] != 1 {
			s.fromStrides[axis] = strides[i]
		}
	}
	return s
}

func lowerSlice(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	a := n.attrs.(sliceAttrs)
	s := stridedCopy{size: x.shape.DType.Size(), dims: y.shape.Dimensions, toStrides: y.shape.Strides()}
	for axis, stride := range x.shape.Strides() {
		s.from += a.starts[axis] * stride
		if len(a.strides) > 0 {
			stride *= a.strides[axis]
		}
		s.fromStrides = append(s.fromStrides, stride)
	}
	s.emit(c, c.out(y), c.in(x))
	return true
}

func lowerReverse(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	s := stridedCopy{size: x.shape.DType.Size(), dims: x.shape.Dimensions, toStrides: x.shape.Strides()}
	for axis, stride := range x.shape.Strides() {
		if slices.Contains(n.attrs.([]int), axis) {
			s.from += (x.shape.Dimensions[axis] - 1) * stride
			stride = -stride
		}
		s.fromStrides = append(s.fromStrides, stride)
	}
	s.emit(c, c.out(y), c.in(x))
	return true
}

func lowerConcatenate(c *compiler, n *node) bool {
	y := n.outputs[0]
	if !movable(y.shape) {
		return false
	}
	to := c.out(y)
	strides := y.shape.Strides()
	axis := n.attrs.(int)
	at := 0
	for _, x := range n.inputs {
		s := stridedCopy{
			size: y.shape.DType.Size(), dims: x.shape.Dimensions, to: at * strides[axis],
			fromStrides: x.shape.Strides(), toStrides: strides,
		}
		s.emit(c, to, c.in(x))
		at += x.shape.Dimensions[axis]
	}
	return true
}

// lowerPad fills the result with the padding, then copies in what of the operand is left of negative padding.
func lowerPad(c *compiler, n *node) bool {
	x, fill, y := n.inputs[0], n.inputs[1], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	size := x.shape.DType.Size()
	from, value, to := c.in(x), c.in(fill), c.out(y)
	fillCopy := stridedCopy{size: size, dims: y.shape.Dimensions, fromStrides: make([]int, y.shape.Rank()), toStrides: y.shape.Strides()}
	fillCopy.emit(c, to, value)
	s := stridedCopy{size: size, dims: slices.Clone(x.shape.Dimensions), fromStrides: x.shape.Strides(), toStrides: y.shape.Strides()}
	for axis, pad := range n.attrs.([]compute.PadAxis) {
		step := pad.Interior + 1
		first := 0
		if pad.Start < 0 {
			first = (-pad.Start + step - 1) / step
		}
		end := x.shape.Dimensions[axis]
		for end > first && pad.Start+(end-1)*step >= y.shape.Dimensions[axis] {
			end--
		}
		s.dims[axis] = max(end-first, 0)
		s.from += first * s.fromStrides[axis]
		s.to += (pad.Start + first*step) * s.toStrides[axis]
		s.toStrides[axis] *= step
	}
	s.emit(c, to, from)
	return true
}
