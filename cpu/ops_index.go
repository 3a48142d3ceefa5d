package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

// Operations on slices of a tensor that begin where indices say, as XLA defines them: a slice that would be read partly
// outside the tensor is moved inside, an update that would be is left out.

func init() {
	declare(lowerGather, together, compute.OpTypeGather)
	declare(lowerDynamicSlice, together, compute.OpTypeDynamicSlice)
	declare(lowerDynamicUpdateSlice, together, compute.OpTypeDynamicUpdateSlice)
	declare(lowerScatter, together, compute.OpTypeScatterSum, compute.OpTypeScatterMax, compute.OpTypeScatterMin)
}

// indexed is slices of one size of a tensor, each beside its place in another tensor that holds them all.
type indexed struct {
	slice   stridedCopy // of a slice out of the tensor, both sides from their first element
	places  stridedCopy // of index vectors, beside the places of their slices
	last    []int       // the last index along every axis of the tensor at which a slice is inside
	strides []int       // of the tensor
	axes    []int       // which axis of the tensor each number of a vector is along
	step    int         // between the numbers of a vector
	index   indexReader
}

// newIndexed prepares slices of x; sizes are theirs along its axes, sliceStrides those of the tensor of all slices along the
// same axes.
func newIndexed(x shapes.Shape, sizes, sliceStrides, axes []int) indexed {
	s := indexed{strides: x.Strides(), axes: axes, slice: stridedCopy{size: x.DType.Size(), dims: sizes, toStrides: sliceStrides}}
	s.slice.fromStrides = s.strides
	for axis, size := range sizes {
		s.last = append(s.last, x.Dimensions[axis]-size)
	}
	s.slice.merge()
	return s
}

// readIndices says where the index vectors lie, along an axis of indices or one number each if that is their rank, and
// where their slices do: along the axes of all that are not the slices' own.
func (s *indexed) readIndices(indices, all shapes.Shape, vectorAxis int, own []int) {
	s.index, s.step = indexReaders[indices.DType], 1
	strides, allStrides := indices.Strides(), all.Strides()
	for axis, dim := range indices.Dimensions {
		if axis == vectorAxis {
			s.step = strides[axis]
			continue
		}
		s.places.dims, s.places.fromStrides = append(s.places.dims, dim), append(s.places.fromStrides, strides[axis])
	}
	for axis, stride := range allStrides {
		if !slices.Contains(own, axis) {
			s.places.toStrides = append(s.places.toStrides, stride)
		}
	}
}

// count is the number of slices.
func (s *indexed) count() int { return product(s.places.dims) }

// rows is the number of rows of a slice along its last axis.
func (s *indexed) rows() int { return product(s.slice.dims) / s.slice.dims[len(s.slice.dims)-1] }

// find gives the first element of a slice, and that of its place among all. The slice is moved inside; inside tells whether
// it was.
func (s *indexed) find(indices []byte, number int) (first, place int, inside bool) {
	place, at := s.places.offsets(number, len(s.places.dims))
	inside = true
	for i, axis := range s.axes {
		index := s.index(indices, at+i*s.step)
		moved := max(0, min(index, s.last[axis]))
		inside = inside && index == moved
		first += moved * s.strides[axis]
	}
	return first, place, inside
}

// read copies a slice from its place in the tensor to that among all.
func (s *indexed) read(slices, tensor, indices []byte, number int) {
	c := s.slice
	c.from, c.to, _ = s.find(indices, number)
	c.copy(slices, tensor, 0, s.rows())
}

// indexReader reads number i of some indices.
type indexReader func(mem []byte, i int) int

func readIndex[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](mem []byte, i int) int {
	return int(as[T](mem)[i])
}

var indexReaders = map[dtypes.DType]indexReader{
	dtypes.Int8: readIndex[int8], dtypes.Int16: readIndex[int16], dtypes.Int32: readIndex[int32], dtypes.Int64: readIndex[int64],
	dtypes.Uint8: readIndex[uint8], dtypes.Uint16: readIndex[uint16], dtypes.Uint32: readIndex[uint32], dtypes.Uint64: readIndex[uint64],
}

// without lists the numbers below n that are not in list.
func without(n int, list []int) []int {
	var rest []int
	for i := range n {
		if !slices.Contains(list, i) {
			rest = append(rest, i)
		}
	}
	return rest
}

// along gives each axis of a tensor the stride that one of some axes has, in order, and 0 to the axes left out.
func along(rank int, leftOut, axes, strides []int) []int {
	result := make([]int, rank)
	for i, axis := range without(rank, leftOut) {
		result[axis] = strides[axes[i]]
	}
	return result
}

func lowerGather(c *compiler, n *node) bool {
	x, indices, y := n.inputs[0], n.inputs[1], n.outputs[0]
	a := n.attrs.(gatherAttrs)
	if !movable(x.shape) || indexReaders[indices.shape.DType] == nil {
		return false
	}
	s := newIndexed(x.shape, a.sizes, along(x.shape.Rank(), a.collapsed, a.offset, y.shape.Strides()), a.mapping)
	s.readIndices(indices.shape, y.shape, a.vectorAxis, a.offset)
	from, at, to := c.in(x), c.in(indices), c.out(y)
	if y.shape.Size() == 0 {
		return true
	}
	c.emit(s.count(), y.shape.Size(), func(fr *frame, _, lo, hi int) {
		for i := lo; i < hi; i++ {
			s.read(fr.mem[to], fr.mem[from], fr.mem[at], i)
		}
	})
	return true
}

// dynamic prepares the one slice of sizes of x that begins where single numbers say. They are packed into one vector.
func (c *compiler) dynamic(x shapes.Shape, sizes, sliceStrides []int, starts []*value) (s indexed, indices ref, ok bool) {
	var numbers []ref
	var readers []indexReader
	for _, v := range starts {
		if indexReaders[v.shape.DType] == nil {
			return s, -1, false
		}
		numbers, readers = append(numbers, c.in(v)), append(readers, indexReaders[v.shape.DType])
	}
	indices = c.scratchBytes(8 * len(starts))
	c.serial(func(fr *frame) {
		for i, r := range numbers {
			as[int64](fr.mem[indices])[i] = int64(readers[i](fr.mem[r], 0))
		}
	})
	s = newIndexed(x, sizes, sliceStrides, allAxes(x))
	s.index, s.step = readIndex[int64], 1
	return s, indices, true
}

func lowerDynamicSlice(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	s, indices, ok := c.dynamic(x.shape, y.shape.Dimensions, y.shape.Strides(), n.inputs[1:])
	if !ok {
		return false
	}
	from, to := c.in(x), c.out(y)
	if y.shape.Size() > 0 {
		c.emit(s.rows(), y.shape.Size(), func(fr *frame, _, lo, hi int) {
			k := s.slice
			k.from, _, _ = s.find(fr.mem[indices], 0)
			k.copy(fr.mem[to], fr.mem[from], lo, hi)
		})
	}
	return true
}

func lowerDynamicUpdateSlice(c *compiler, n *node) bool {
	x, update, y := n.inputs[0], n.inputs[1], n.outputs[0]
	if !movable(x.shape) {
		return false
	}
	s, indices, ok := c.dynamic(x.shape, update.shape.Dimensions, update.shape.Strides(), n.inputs[2:])
	if !ok {
		return false
	}
	from, slice, to := c.in(x), c.in(update), c.out(y)
	c.copyBefore(to, from, slice)
	if update.shape.Size() > 0 {
		c.emit(s.rows(), update.shape.Size(), func(fr *frame, _, lo, hi int) {
			k := s.slice
			k.fromStrides, k.toStrides = k.toStrides, k.fromStrides
			k.to, _, _ = s.find(fr.mem[indices], 0)
			k.copy(fr.mem[to], fr.mem[slice], lo, hi)
		})
	}
	return true
}

// copyBefore emits the copy of a tensor that is then changed by others; the result may take over its memory.
func (c *compiler) copyBefore(to, from ref, others ...ref) {
	if !slices.Contains(others, from) {
		c.replace(to, from)
	}
	c.elements(c.program.blocks[to].bytes, 1, func(fr *frame, _, lo, hi int) {
		if dst, src := fr.mem[to][lo:hi], fr.mem[from][lo:hi]; &dst[0] != &src[0] {
			copy(dst, src)
		}
	})
}

// lowerScatter adds, or takes the maximum or minimum with, updates one after the other, so that sums do not depend on the
// number of threads.
func lowerScatter(c *compiler, n *node) bool {
	x, indices, updates, y := n.inputs[0], n.inputs[1], n.inputs[2], n.outputs[0]
	a := n.attrs.(scatterAttrs)
	combine := combiners[mappingKey{n.op, x.shape.DType}]
	if combine == nil || indexReaders[indices.shape.DType] == nil {
		return false
	}
	sizes := slices.Repeat([]int{1}, x.shape.Rank())
	for i, axis := range without(x.shape.Rank(), a.inserted) {
		sizes[axis] = updates.shape.Dimensions[a.window[i]]
	}
	s := newIndexed(x.shape, sizes, along(x.shape.Rank(), a.inserted, a.window, updates.shape.Strides()), a.mapping)
	s.readIndices(indices.shape, updates.shape, a.vectorAxis, a.window)
	from, at, with, to := c.in(x), c.in(indices), c.in(updates), c.out(y)
	c.copyBefore(to, from, at, with)
	c.serial(func(fr *frame) {
		if updates.shape.Size() == 0 {
			return
		}
		for i := range s.count() {
			if first, place, inside := s.find(fr.mem[at], i); inside {
				s.combine(combine, fr.mem[to], fr.mem[with], first, place)
			}
		}
	})
	return true
}

// combine combines a slice of the tensor that begins at element first with its update, which begins at element place.
func (s *indexed) combine(f combiner, tensor, updates []byte, first, place int) {
	last := len(s.slice.dims) - 1
	for row := range s.rows() {
		inAll, inTensor := s.slice.offsets(row, last)
		f(tensor, updates, s.slice.dims[last], first+inTensor, s.slice.fromStrides[last], place+inAll, s.slice.toStrides[last])
	}
}

// combiner combines n elements of dst, beginning at to and step apart, with as many of src.
type combiner func(dst, src []byte, n, to, toStep, from, fromStep int)

var combiners = map[mappingKey]combiner{}

func init() {
	combineNumbers[int8](dtypes.Int8)
	combineNumbers[int16](dtypes.Int16)
	combineNumbers[int32](dtypes.Int32)
	combineNumbers[int64](dtypes.Int64)
	combineNumbers[uint8](dtypes.Uint8)
	combineNumbers[uint16](dtypes.Uint16)
	combineNumbers[uint32](dtypes.Uint32)
	combineNumbers[uint64](dtypes.Uint64)
	combineNumbers[float32](dtypes.Float32)
	combineNumbers[float64](dtypes.Float64)
	combineHalves(dtypes.Float16, fromFloat16, toFloat16)
	combineHalves(dtypes.BFloat16, fromBFloat16, toBFloat16)
	sums := combiners[mappingKey{compute.OpTypeScatterSum, dtypes.Float32}]
	combiners[mappingKey{compute.OpTypeScatterSum, dtypes.Float32}] = func(dst, src []byte, n, to, toStep, from, fromStep int) {
		if toStep != 1 || fromStep != 1 {
			sums(dst, src, n, to, toStep, from, fromStep)
			return
		}
		d := as[float32](dst)[to : to+n]
		kernel.Binary(kernel.OpAdd, d, d, as[float32](src)[from:from+n])
	}
}

func combineNumbers[T number](dtype dtypes.DType) {
	enterCombiners(dtype, func(x, y T) T { return x + y }, func(x, y T) T { return max(x, y) }, func(x, y T) T { return min(x, y) })
}

func combineHalves(dtype dtypes.DType, from func(uint16) float32, to func(float32) uint16) {
	enterCombiners(dtype, func(x, y uint16) uint16 { return to(from(x) + from(y)) },
		func(x, y uint16) uint16 { return to(max(from(x), from(y))) }, func(x, y uint16) uint16 { return to(min(from(x), from(y))) })
}

func enterCombiners[T any](dtype dtypes.DType, sum, largest, smallest func(x, y T) T) {
	for op, f := range map[compute.OpType]func(x, y T) T{
		compute.OpTypeScatterSum: sum, compute.OpTypeScatterMax: largest, compute.OpTypeScatterMin: smallest,
	} {
		combiners[mappingKey{op, dtype}] = func(dst, src []byte, n, to, toStep, from, fromStep int) {
			d, s := as[T](dst), as[T](src)
			for range n {
				d[to] = f(d[to], s[from])
				to, from = to+toStep, from+fromStep
			}
		}
	}
}
