package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

func init() {
	declare(lowerReduceWindow, replayedIf(windowApart), compute.OpTypeReduceWindow)
	declare(lowerSelectAndScatter, together, compute.OpTypeSelectAndScatterMax, compute.OpTypeSelectAndScatterMin)
}

func windowApart(_ *splitter, n *node) bool {
	a := n.attrs.(windowAttrs)
	return a.window[0] == 1 && a.strides[0] == 1 && a.paddings[0] == [2]int{}
}

// pool is a window reduction as pooling over channels-last images, if it slides along two neighbouring axes at most
// and nothing is dilated.
func (a windowAttrs) pool(x, y shapes.Shape) (p kernel.Pool, ok bool) {
	first, last := -1, -1
	for axis, size := range a.window {
		if a.inputDilations[axis] != 1 || a.windowDilations[axis] != 1 {
			return p, false
		}
		if size == 1 && a.strides[axis] == 1 && a.paddings[axis] == [2]int{} {
			continue
		}
		if first < 0 {
			first = axis
		}
		last = axis
	}
	switch {
	case first < 0 || last > first+1 || x.Size() == 0 || y.Size() == 0:
		return p, false
	case last == first && first > 0:
		first--
	case last == first:
		last++
	}
	if last >= len(a.window) {
		return p, false
	}
	return kernel.Pool{
		N: product(x.Dimensions[:first]), H: x.Dimensions[first], W: x.Dimensions[last], C: product(x.Dimensions[last+1:]),
		KH: a.window[first], KW: a.window[last], OH: y.Dimensions[first], OW: y.Dimensions[last],
		StrideH: a.strides[first], StrideW: a.strides[last], PadT: a.paddings[first][0], PadL: a.paddings[last][0],
	}, true
}

func lowerReduceWindow(c *compiler, n *node) bool {
	x, y := n.inputs[0], n.outputs[0]
	a := n.attrs.(windowAttrs)
	p, ok := a.pool(x.shape, y.shape)
	if !ok || !isFloat32(x) || a.reduction == compute.ReduceOpProduct {
		return false
	}
	from, to := c.in(x), c.out(y)
	if a.reduction == compute.ReduceOpMax {
		c.maxPool(p, to, from)
		return true
	}
	c.emit(p.Units(), y.shape.Size()*p.KH*p.KW, func(fr *frame, _, lo, hi int) {
		if a.reduction == compute.ReduceOpMin {
			p.Max(kernel.Smallest, fr.f32(to), nil, fr.f32(from), lo, hi)
		} else {
			p.Sum(fr.f32(to), fr.f32(from), 1, lo, hi)
		}
	})
	return true
}

// maxPool emits a max pool.
func (c *compiler) maxPool(p kernel.Pool, to, from ref) {
	c.emit(p.Units(), p.N*p.OH*p.OW*p.C*p.KH*p.KW, func(fr *frame, thread, lo, hi int) {
		p.MaxByRows(fr.f32(to), fr.f32(from), lo, hi, &fr.workspaces[thread])
	})
}

func lowerSelectAndScatter(c *compiler, n *node) bool {
	x, dy, dx := n.inputs[0], n.inputs[1], n.outputs[0]
	a := n.attrs.(windowAttrs)
	p, ok := a.pool(x.shape, dy.shape)
	if !ok || !isFloat32(x, dy) || p.KH*p.KW > kernel.MaxArgs {
		return lowerScatterWindows(c, a, x, dy, dx)
	}
	e := kernel.Largest
	if a.reduction == compute.ReduceOpMin {
		e = kernel.Smallest
	}
	from, grad, to := c.in(x), c.in(dy), c.out(dx)
	arg, pooled := c.scratchBytes(dy.shape.Size()), c.scratch(dy.shape.Size())
	work := dy.shape.Size() * p.KH * p.KW
	c.emit(p.Units(), work, func(fr *frame, _, lo, hi int) {
		p.Max(e, fr.f32(pooled), fr.mem[arg], fr.f32(from), lo, hi)
	})
	c.emit(p.GradUnits(), work, func(fr *frame, _, lo, hi int) {
		p.MaxGrad(fr.f32(to), fr.f32(grad), fr.mem[arg], lo, hi)
	})
	return true
}

// windowScatters is the definition of SelectAndScatter, for windows over any axes.
var windowScatters = map[dtypes.DType]func(a windowAttrs, dx, x, dy []byte, xShape, dyShape shapes.Shape){
	dtypes.Float32: scatterWindows[float32], dtypes.Float64: scatterWindows[float64],
	dtypes.Int32: scatterWindows[int32], dtypes.Int64: scatterWindows[int64],
}

func lowerScatterWindows(c *compiler, a windowAttrs, x, dy, dx *value) bool {
	scatter := windowScatters[x.shape.DType]
	if scatter == nil {
		return false
	}
	from, grad, to := c.in(x), c.in(dy), c.out(dx)
	c.serial(func(fr *frame) { scatter(a, fr.mem[to], fr.mem[from], fr.mem[grad], x.shape, dy.shape) })
	return true
}

// scatterWindows adds each element of dy to dx where x has the first extreme of its window.
func scatterWindows[T number](a windowAttrs, dxMem, xMem, dyMem []byte, x, y shapes.Shape) {
	dx, src, dy := as[T](dxMem), as[T](xMem), as[T](dyMem)
	clear(dx)
	strides, at := x.Strides(), make([]int, x.Rank())
	for i, window := range y.Iter() {
		var best T
		where := -1
		eachIndex(a.window, at, func() {
			offset := 0
			for axis := range at {
				p := window[axis]*a.strides[axis] - a.paddings[axis][0] + at[axis]
				if p < 0 || p >= x.Dimensions[axis] {
					return
				}
				offset += p * strides[axis]
			}
			v := src[offset]
			if where < 0 || a.reduction == compute.ReduceOpMax && v > best || a.reduction == compute.ReduceOpMin && v < best {
				best, where = v, offset
			}
		})
		if where >= 0 {
			dx[where] += dy[i]
		}
	}
}

// eachIndex calls visit for every index vector below dims, the last axis fastest.
func eachIndex(dims, at []int, visit func()) {
	if product(dims) == 0 {
		return
	}
	clear(at)
	for {
		visit()
		axis := len(dims) - 1
		for ; axis >= 0; axis-- {
			if at[axis]++; at[axis] < dims[axis] {
				break
			}
			at[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}
