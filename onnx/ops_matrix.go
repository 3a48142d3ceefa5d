package onnx

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// gemm is alpha·A·B + beta·C, A and B transposed if asked.
func gemm(c *call) []value {
	a, b := c.arg(0), c.arg(1)
	if a.rank() != 2 || b.rank() != 2 {
		fail("shapes %v and %v are no matrices", a.dims(), b.dims())
	}
	y := DotGeneral(c.ordered(a), []int{1 - c.integer("transA", 0)&1}, nil, c.ordered(b), []int{c.integer("transB", 0) & 1}, nil)
	if alpha := c.float("alpha", 1); alpha != 1 {
		y = MulScalar(y, alpha)
	}
	if !c.has(2) {
		return []value{plain(y)}
	}
	bias := c.laidOut(c.arg(2), identity(2))
	if beta := c.float("beta", 1); beta != 1 {
		bias = MulScalar(bias, beta)
	}
	return []value{plain(Add(y, bias))}
}

// matMul multiplies the last two axes; those before are batches, which broadcast. A list counts as a row on the left and as a
// column on the right, and its axis is left out of the result.
func matMul(c *call) []value {
	return []value{c.multiplied(c.arg(0), c.arg(1))}
}

func (b *builder) multiplied(x, y value) value {
	row, column := x.rank() == 1, y.rank() == 1
	if x.rank() == 0 || y.rank() == 0 {
		fail("shapes %v and %v are no matrices", x.dims(), y.dims())
	}
	if row {
		x = b.reshape(x, append([]int{1}, x.dims()...))
	}
	if column {
		y = b.reshape(y, append(slices.Clone(y.dims()), 1))
	}
	z := b.matrices(b.inGraph(x), b.inGraph(y))
	shape := slices.Clone(z.dims())
	if column {
		shape = shape[:len(shape)-1]
	}
	if row {
		at := len(shape) - 1
		if !column {
			at--
		}
		shape = slices.Delete(shape, at, at+1)
	}
	if row || column {
		return b.reshape(z, shape)
	}
	return z
}

// matrices multiplies nodes of two axes and more.
func (b *builder) matrices(x, y value) value {
	xb, yb := x.dims()[:x.rank()-2], y.dims()[:y.rank()-2]
	switch {
	case product(yb) == 1 && y.rank() <= x.rank():
		return b.rowsTimes(x, b.reshape(y, y.dims()[y.rank()-2:]))
	case product(xb) == 1 && x.rank() <= y.rank():
		return b.matrixTimes(b.reshape(x, x.dims()[x.rank()-2:]), y)
	}
	batch := broadcast(xb, yb)
	x = b.expanded(x, slices.Concat(batch, x.dims()[x.rank()-2:]))
	y = b.expanded(y, slices.Concat(batch, y.dims()[y.rank()-2:]))
	last, axes := len(batch)+1, identity(len(batch))
	z := DotGeneral(x.node, x.physical(last), x.physical(axes...), y.node, y.physical(last-1), y.physical(axes...))
	return plain(z)
}

// rowsTimes multiplies all rows of x with one matrix. The axes of x stay where they lie in memory.
func (b *builder) rowsTimes(x, y value) value {
	contracted := x.axes[x.rank()-1]
	z := DotGeneral(x.node, []int{contracted}, nil, y.node, y.physical(0), nil)
	axes := slices.Clone(x.axes)
	for i := range axes {
		if axes[i] > contracted {
			axes[i]--
		}
	}
	axes[len(axes)-1] = len(axes) - 1
	return value{node: z, axes: axes}
}

// matrixTimes multiplies one matrix with many. The result has the matrix's rows first in memory.
func (b *builder) matrixTimes(x, y value) value {
	contracted := y.axes[y.rank()-2]
	z := DotGeneral(x.node, x.physical(1), nil, y.node, []int{contracted}, nil)
	axes := slices.Clone(y.axes)
	for i := range axes {
		if axes[i] < contracted {
			axes[i]++
		}
	}
	axes[len(axes)-2] = 0
	return value{node: z, axes: axes}
}
