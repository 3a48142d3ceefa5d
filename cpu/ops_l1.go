package cpu

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/siam-go/siam/internal/kernel"
)

func init() {
	introduce(opL1, "L1", lowerL1)
	introduce(opL1Grad, "L1Grad", lowerL1Grad)
	introduce(opL1WeightGrad, "L1WeightGrad", lowerL1WeightGrad)
}

const (
	// l1Rows is how many rows of a meet each row of b while that is in the caches.
	l1Rows = 8
	// l1Columns is how many columns the gradients work on at a time: packed side by side, all rows of them stay in the caches.
	l1Columns = 64
	// l1Ops is how many terms of a distance take as long as moving an element.
	l1Ops = 4
)

// work is the cost of going through all pairs once.
func (s l1) work() int { return s.n * s.m * s.d / l1Ops }

// lowerL1 computes the distances tile by tile. Of a matrix to itself it computes one half and mirrors it.
func lowerL1(c *compiler, n *node) bool {
	s := n.attrs.(l1)
	a, b, w, to := c.in(n.inputs[0]), c.in(n.inputs[1]), c.in(n.inputs[2]), c.out(n.outputs[0])
	c.emit(kernel.Blocks(s.n, l1Rows), s.work(), func(fr *frame, _, lo, hi int) {
		y, weights := fr.f32(to), fr.f32(w)
		for tile := lo; tile < hi; tile++ {
			first, end := tile*l1Rows, min((tile+1)*l1Rows, s.n)
			j := 0
			if a == b {
				j = first
			}
			for ; j < s.m; j++ {
				for i := first; i < end; i++ {
					y[i*s.m+j] = kernel.WeightedL1(fr.f32(a)[i*s.d:][:s.d], fr.f32(b)[j*s.d:][:s.d], weights)
					if a == b {
						y[j*s.m+i] = y[i*s.m+j]
					}
				}
			}
		}
	})
	return true
}

// l1Strip is some columns of a and b, packed: [n, width] and [m, width].
type l1Strip struct {
	a, b         []float32
	first, width int
}

// strips emits a task on strips of columns. rest is how many numbers run may use besides.
func (s l1) strips(c *compiler, a, b ref, rest int, run func(fr *frame, p l1Strip, rest []float32)) {
	scratch := c.threadScratch((s.n+s.m)*l1Columns + rest)
	c.emit(kernel.Blocks(s.d, l1Columns), s.work(), func(fr *frame, thread, lo, hi int) {
		for strip := lo; strip < hi; strip++ {
			p := l1Strip{first: strip * l1Columns}
			p.width = min(l1Columns, s.d-p.first)
			memory := scratch(fr, thread)
			p.a, memory = memory[:s.n*p.width], memory[s.n*p.width:]
			p.b, memory = memory[:s.m*p.width], memory[s.m*p.width:]
			p.pack(p.a, fr.f32(a), s.d)
			p.pack(p.b, fr.f32(b), s.d)
			run(fr, p, memory)
		}
	})
}

// pack copies the strip of x, which has d columns.
func (p *l1Strip) pack(to, x []float32, d int) {
	for r := 0; r*p.width < len(to); r++ {
		copy(to[r*p.width:][:p.width], x[r*d+p.first:])
	}
}

func lowerL1Grad(c *compiler, n *node) bool {
	g := n.attrs.(l1Grad)
	a, b, w, v := c.in(n.inputs[0]), c.in(n.inputs[1]), c.in(n.inputs[2]), c.in(n.inputs[3])
	to := c.out(n.outputs[0])
	own, others := g.n, g.m
	if g.toB {
		own, others = g.m, g.n
		turned := c.scratch(g.n * g.m)
		transpose(c, turned, v, shapes.Make(dtypes.Float32, g.n, g.m), []int{1, 0})
		v = turned
	}
	g.strips(c, a, b, 0, func(fr *frame, p l1Strip, _ []float32) {
		x, y := p.a, p.b
		if g.toB { // s(a − b) = s(−b − (−a))
			x, y = p.b, p.a
			kernel.Unary(kernel.OpNeg, x, x)
			kernel.Unary(kernel.OpNeg, y, y)
		}
		for r := range own {
			dst := fr.f32(to)[r*g.d+p.first:][:p.width]
			kernel.SignSums(dst, x[r*p.width:][:p.width], y, fr.f32(v)[r*others:][:others])
			kernel.Binary(kernel.OpMul, dst, dst, fr.f32(w)[p.first:][:p.width])
		}
	})
	return true
}

func lowerL1WeightGrad(c *compiler, n *node) bool {
	s := n.attrs.(l1)
	a, b, v, to := c.in(n.inputs[0]), c.in(n.inputs[1]), c.in(n.inputs[2]), c.out(n.outputs[0])
	s.strips(c, a, b, s.n*l1Columns, func(fr *frame, p l1Strip, partials []float32) {
		partials = partials[:s.n*p.width]
		for r := range s.n {
			row := r * p.width
			kernel.L1Sums(partials[row:][:p.width], p.a[row:][:p.width], p.b, fr.f32(v)[r*s.m:][:s.m])
		}
		kernel.CombineColumns(kernel.ReduceSum, fr.f32(to)[p.first:][:p.width], partials)
	})
	return true
}
