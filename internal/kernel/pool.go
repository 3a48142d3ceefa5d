package kernel

import (
	"fmt"
	"math"
)

// Pool describes pooling windows over images [n, h, w, c], giving [n, oh, ow, c]. Window (oy, ox) covers the pixels
// (oy·StrideH-PadT+i, ox·StrideW-PadL+j), 0 ≤ i < KH, 0 ≤ j < KW, that lie within the image: padding holds nothing.
//
// Its methods work on the units lo ≤ u < hi, which touch no memory of other units' results. Forward there are
// [Pool.Units], one per row of output; backward [Pool.GradUnits], one per row of windows, or one per image where
// windows overlap.
type Pool struct {
	N, H, W, C       int
	KH, KW           int
	OH, OW           int
	StrideH, StrideW int
	PadT, PadL       int
}

// Extreme says which element a pooling window keeps.
type Extreme uint8

// Largest makes max pooling, Smallest min pooling.
const (
	Largest Extreme = iota
	Smallest
)

const (
	// MaxArgs is the most pixels of a window whose position a byte can hold.
	MaxArgs = 256
	// DeadArg is the position, in windows of fewer pixels, of a number that a ReLU cut off.
	DeadArg = 255
)

// Units counts the forward work units.
func (p *Pool) Units() int { return p.N * p.OH }

// GradUnits counts the backward work units.
func (p *Pool) GradUnits() int {
	if p.overlaps() {
		return p.N
	}
	return p.N * p.OH
}

// overlaps tells whether two rows of windows share a row of pixels, so that their gradients cannot be added apart.
func (p *Pool) overlaps() bool { return p.KH > p.StrideH }

// halves tells whether this is the pooling by 2×2 windows without padding that has loops of its own.
func (p *Pool) halves() bool {
	return p.KH == 2 && p.KW == 2 && p.StrideH == 2 && p.StrideW == 2 && p.PadT == 0 && p.PadL == 0 &&
		2*p.OH <= p.H && 2*p.OW <= p.W
}

// Max computes dst [n, oh, ow, c], the extreme of each window, for the units lo to hi. The first of equal elements in
// window order counts, NaN counts above all (the last of them), and a window with no pixel gives ∓Inf. Unless it is nil, arg
// [n, oh, ow, c] receives the position i·KW+j of that element, which needs KH·KW ≤ MaxArgs.
func (p *Pool) Max(e Extreme, dst []float32, arg []uint8, x []float32, lo, hi int) {
	p.check("Max", dst, x)
	if arg == nil {
		for u := lo; u < hi; u++ {
			p.maxRow(e, p.row(dst, u), nil, x, u)
		}
		return
	}
	p.checkArg("Max", arg)
	for u := lo; u < hi; u++ {
		p.maxRow(e, p.row(dst, u), arg[u*p.OW*p.C:][:p.OW*p.C], x, u)
	}
}

// maxRow pools one row of windows.
func (p *Pool) maxRow(e Extreme, dst []float32, arg []uint8, x []float32, u int) {
	if e == Largest && p.halves() {
		if arg == nil {
			active.vector.maxPool2(dst, p.band(x, u), p.W*p.C, p.C)
		} else {
			active.vector.maxPool2Arg(dst, arg, p.band(x, u), p.W*p.C, p.C)
		}
		return
	}
	empty := float32(math.Inf(-1))
	take, takeArg := active.vector.takeMax, active.vector.takeMaxArg
	if e == Smallest {
		empty, take, takeArg = -empty, takeMinLoop, takeMinArgLoop
	}
	clear(arg)
	for ox := range p.OW {
		best := dst[ox*p.C:][:p.C]
		n := 0
		for at, pixel := range p.window(u, ox) {
			v := x[pixel:][:p.C]
			switch {
			case n == 0:
				copy(best, v)
				fillBytes(arg, ox*p.C, p.C, uint8(at))
			case arg == nil:
				take(best, v)
			default:
				takeArg(best, arg[ox*p.C:][:p.C], v, uint8(at))
			}
			n++
		}
		if n == 0 {
			Fill(best, empty)
		}
	}
}

// Relu applies [OpRelu] to the results y of Max for the units lo to hi, which is less work than before it. So that
// MaxGrad gives the very gradient of a ReLU before the pooling (see [ReluGrad]), it sets the position of a negative
// number to DeadArg, and also that of a zero that is not the first of its window: there the pooling would have found a
// zero before it.
func (p *Pool) Relu(y []float32, arg []uint8, lo, hi int) {
	p.checkArg("Relu", arg)
	for u := lo; u < hi; u++ {
		row, args := p.row(y, u), arg[u*p.OW*p.C:][:p.OW*p.C]
		if p.PadL <= 0 {
			active.vector.reluArg(row, args, p.firstPosition(u, 0))
			continue
		}
		for ox := range p.OW {
			active.vector.reluArg(row[ox*p.C:][:p.C], args[ox*p.C:][:p.C], p.firstPosition(u, ox))
		}
	}
}

// firstPosition is that of the first pixel in a window.
func (p *Pool) firstPosition(u, ox int) uint8 {
	for at := range p.window(u, ox) {
		return uint8(at)
	}
	return 0
}

// MaxGrad computes dx [n, h, w, c], the gradient of Max to x: each dy [n, oh, ow, c] goes to the pixel its arg names,
// gradients that meet are added in window order, and other pixels get 0. Without a kept arg call Max first: together
// they are XLA's SelectAndScatter with the selection ≥.
func (p *Pool) MaxGrad(dx, dy []float32, arg []uint8, lo, hi int) {
	p.check("MaxGrad", dy, dx)
	p.checkArg("MaxGrad", arg)
	for u := lo; u < hi; u++ {
		for v := range p.gradRows(dx, u) {
			g, a := p.row(dy, v), arg[v*p.OW*p.C:][:p.OW*p.C]
			if p.halves() {
				active.vector.maxPool2Grad(p.band(dx, v), g, a, p.W*p.C, p.C)
				continue
			}
			for ox := range p.OW {
				for at, pixel := range p.window(v, ox) {
					active.vector.scatterArg(dx[pixel:][:p.C], g[ox*p.C:][:p.C], a[ox*p.C:][:p.C], uint8(at))
				}
			}
		}
	}
}

// Sum computes dst [n, oh, ow, c], scale times the sum of each window; mean pooling has scale 1/(KH·KW).
func (p *Pool) Sum(dst, x []float32, scale float32, lo, hi int) {
	p.check("Sum", dst, x)
	for u := lo; u < hi; u++ {
		row := p.row(dst, u)
		clear(row)
		for ox := range p.OW {
			total := row[ox*p.C:][:p.C]
			for _, pixel := range p.window(u, ox) {
				Binary(OpAdd, total, total, x[pixel:][:p.C])
			}
		}
		BinaryScalar(OpMul, row, row, scale)
	}
}

// SumGrad computes dx [n, h, w, c], the gradient of Sum to x: scale times the sum of dy over each pixel's windows.
func (p *Pool) SumGrad(dx, dy []float32, scale float32, lo, hi int) {
	p.check("SumGrad", dy, dx)
	for u := lo; u < hi; u++ {
		for v := range p.gradRows(dx, u) {
			g := p.row(dy, v)
			for ox := range p.OW {
				for _, pixel := range p.window(v, ox) {
					d := dx[pixel:][:p.C]
					Axpy(d, scale, g[ox*p.C:][:p.C], d)
				}
			}
		}
	}
}

// window yields the position in its window and the offset in x of each pixel of window ox in the row of windows u.
func (p *Pool) window(u, ox int) func(yield func(at, pixel int) bool) {
	return func(yield func(at, pixel int) bool) {
		y, x := u%p.OH*p.StrideH-p.PadT, ox*p.StrideW-p.PadL
		for i := max(0, -y); i < min(p.KH, p.H-y); i++ {
			line := (u/p.OH*p.H + y + i) * p.W
			for j := max(0, -x); j < min(p.KW, p.W-x); j++ {
				if !yield(i*p.KW+j, (line+x+j)*p.C) {
					return
				}
			}
		}
	}
}

// gradRows clears the pixels of dx that backward unit u owns and yields its rows of windows.
func (p *Pool) gradRows(dx []float32, u int) func(yield func(v int) bool) {
	return func(yield func(v int) bool) {
		line := p.W * p.C
		if p.overlaps() {
			clear(dx[u*p.H*line : (u+1)*p.H*line])
			for v := u * p.OH; v < (u+1)*p.OH && yield(v); v++ {
			}
			return
		}
		n, oy := u/p.OH, u%p.OH
		lo, hi := max(0, oy*p.StrideH-p.PadT), min(p.H, (oy+1)*p.StrideH-p.PadT)
		if oy == 0 {
			lo = 0
		}
		if oy == p.OH-1 {
			hi = p.H
		}
		clear(dx[(n*p.H+lo)*line : (n*p.H+max(lo, hi))*line])
		yield(u)
	}
}

// row gives the row of windows u of a matrix [n, oh, ow, c].
func (p *Pool) row(m []float32, u int) []float32 { return m[u*p.OW*p.C:][:p.OW*p.C] }

// band gives the two rows of pixels under the row of 2×2 windows u.
func (p *Pool) band(x []float32, u int) []float32 {
	return x[(u/p.OH*p.H+u%p.OH*2)*p.W*p.C:][:2*p.W*p.C]
}

func (p *Pool) check(name string, pooled, pixels []float32) {
	if len(pooled) != p.N*p.OH*p.OW*p.C || len(pixels) != p.N*p.H*p.W*p.C {
		panic(fmt.Sprintf("kernel: Pool.%s: lengths %d and %d do not fit %+v", name, len(pooled), len(pixels), *p))
	}
}

func (p *Pool) checkArg(name string, arg []uint8) {
	if p.KH*p.KW > MaxArgs || len(arg) != p.N*p.OH*p.OW*p.C {
		panic(fmt.Sprintf("kernel: Pool.%s: %d positions do not fit %+v, or its window has more than %d pixels",
			name, len(arg), *p, MaxArgs))
	}
}

func fillBytes(arg []uint8, at, n int, v uint8) {
	if arg == nil {
		return
	}
	for i := range n {
		arg[at+i] = v
	}
}
