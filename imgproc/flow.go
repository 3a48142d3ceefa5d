package imgproc

import (
	"fmt"
	"math"

	"github.com/siam-go/siam/internal/kernel"
)

// Flow says how far each point of a picture moved to the next one, in pixels.
type Flow struct {
	H, W   int
	DX, DY []float32 // [h, w]
}

// The numbers of [OpticalFlow]: the deviation of the window in which a picture is taken for a polynomial, and how far that reaches; the
// window over which neighbours move alike; how often a level is gone over; and the shorter side below which no level is halved.
const (
	expandSigma  = 1.2
	expandReach  = 3
	neighbours   = 5
	flowRounds   = 4
	leastToHalve = 24
)

// OpticalFlow tells the dense motion from one picture to the next, both of the same size, by G. Farnebäck, "Two-frame motion estimation based on polynomial
// expansion", 2003: around each point both pictures are quadratic polynomials
//
//	f(x) ≈ xᵀ A x + bᵀ x + c
//
// and where one is the other moved by d, b₂ = b₁ − 2 A d. That is solved over a window, from a coarse picture to the fine one, each time
// around the motion known so far. Point (x, y) of from is at (x + DX, y + DY) of to. It panics when the sizes differ or an image is no good.
func OpticalFlow(from, to Image) Flow {
	for _, m := range []Image{from, to} {
		if err := m.Check(); err != nil {
			panic("imgproc: " + err.Error())
		}
	}
	if from.H != to.H || from.W != to.W {
		panic(fmt.Sprintf("imgproc: OpticalFlow of %d×%d and %d×%d pixels", from.W, from.H, to.W, to.H))
	}
	a, b := newPlane(from.Grey()), newPlane(to.Grey())
	return flowBetween(a, b)
}

// plane is one number for each pixel.
type plane struct {
	h, w int
	v    []float32
}

func newPlane(m Image) plane {
	p := plane{m.H, m.W, make([]float32, m.H*m.W)}
	for i, v := range m.Pix {
		p.v[i] = float32(v)
	}
	return p
}

func flowBetween(a, b plane) Flow {
	f := Flow{a.h, a.w, make([]float32, a.h*a.w), make([]float32, a.h*a.w)}
	if min(a.h, a.w) >= leastToHalve {
		f.double(flowBetween(a.halved(), b.halved()))
	}
	first, second := expand(a), expand(b)
	for range flowRounds {
		f.refine(first, second)
	}
	return f
}

// halved is the plane with half the sides, after a blur.
func (p plane) halved() plane {
	s := p.filtered(gaussian(0.8, 2), gaussian(0.8, 2))
	half := plane{(p.h + 1) / 2, (p.w + 1) / 2, nil}
	half.v = make([]float32, half.h*half.w)
	for y := range half.h {
		for x := range half.w {
			half.v[y*half.w+x] = s.v[2*y*p.w+2*x]
		}
	}
	return half
}

// double makes the flow that of a picture with twice the sides.
func (f Flow) double(half Flow) {
	for y := range f.H {
		for x := range f.W {
			w := newCorner(float32(x)/2, float32(y)/2, half.H, half.W)
			f.DX[y*f.W+x], f.DY[y*f.W+x] = 2*w.of(half.DX), 2*w.of(half.DY)
		}
	}
}

// corner is a place between four points: the first of them, the steps to the others, and the weights of all.
type corner struct {
	at, right, down int
	wx, wy          float32
}

// newCorner is a place of an [h, w] plane; one outside becomes the nearest inside.
func newCorner(x, y float32, h, w int) corner {
	x, y = min(max(x, 0), float32(w-1)), min(max(y, 0), float32(h-1))
	ix, iy := int(x), int(y)
	c := corner{at: iy*w + ix, wx: x - float32(ix), wy: y - float32(iy)}
	if ix+1 < w {
		c.right = 1
	}
	if iy+1 < h {
		c.down = w
	}
	return c
}

func (c corner) of(v []float32) float32 {
	top := v[c.at] + c.wx*(v[c.at+c.right]-v[c.at])
	low := v[c.at+c.down] + c.wx*(v[c.at+c.down+c.right]-v[c.at+c.down])
	return top + c.wy*(low-top)
}

// gaussian is exp(−x²/2σ²) from −reach to reach, with sum 1.
func gaussian(sigma float64, reach int) []float32 { return weighted(sigma, reach, 0) }

// weighted is a Gaussian of sum 1 times x to a power.
func weighted(sigma float64, reach, power int) []float32 {
	sum := 0.0
	for x := -reach; x <= reach; x++ {
		sum += math.Exp(-float64(x*x) / (2 * sigma * sigma))
	}
	k := make([]float32, 2*reach+1)
	for i := range k {
		x := float64(i - reach)
		k[i] = float32(math.Exp(-x*x/(2*sigma*sigma)) / sum * math.Pow(x, float64(power)))
	}
	return k
}

// filtered is the correlation with a kernel along x and one along y; the border goes on outside.
func (p plane) filtered(kx, ky []float32) plane {
	return p.across(kx).down(ky)
}

// across is the correlation with a kernel along each row.
func (p plane) across(k []float32) plane {
	out := plane{p.h, p.w, make([]float32, len(p.v))}
	reach := len(k) / 2
	padded := make([]float32, p.w+2*reach)
	for y := range p.h {
		row := p.v[y*p.w : (y+1)*p.w]
		copy(padded[reach:], row)
		for i := range reach {
			padded[i], padded[reach+p.w+i] = row[0], row[p.w-1]
		}
		to := out.v[y*p.w : (y+1)*p.w]
		for j, w := range k {
			kernel.Axpy(to, w, padded[j:j+p.w], to)
		}
	}
	return out
}

// down is the correlation with a kernel along each column.
func (p plane) down(k []float32) plane {
	out := plane{p.h, p.w, make([]float32, len(p.v))}
	reach := len(k) / 2
	for y := range p.h {
		to := out.v[y*p.w : (y+1)*p.w]
		for j, w := range k {
			at := min(max(y+j-reach, 0), p.h-1)
			kernel.Axpy(to, w, p.v[at*p.w:(at+1)*p.w], to)
		}
	}
	return out
}

// expansion is the polynomial around each point: [h, w] of A's xx, yy and xy, and b's x and y.
type expansion struct {
	h, w int
	v    [5][]float32
}

// expand fits the polynomial by least squares with Gaussian weights (Farnebäck's equation 4.12 by separable filters).
func expand(p plane) expansion {
	k := [3][]float32{}
	for power := range k {
		k[power] = weighted(expandSigma, expandReach, power)
	}
	var m2, m4 float32
	for i, w := range k[2] {
		x := float32(i - expandReach)
		m2 += w
		m4 += w * x * x
	}
	one, x1, x2 := p.across(k[0]), p.across(k[1]), p.across(k[2])
	f1, fx, fy := one.down(k[0]).v, x1.down(k[0]).v, one.down(k[1]).v
	fxx, fyy, fxy := x2.down(k[0]).v, one.down(k[2]).v, x1.down(k[1]).v
	e := expansion{h: p.h, w: p.w}
	for i := range e.v {
		e.v[i] = make([]float32, len(p.v))
	}
	spread := m4 - m2*m2
	for i := range p.v {
		e.v[0][i] = (fxx[i] - m2*f1[i]) / spread
		e.v[1][i] = (fyy[i] - m2*f1[i]) / spread
		e.v[2][i] = fxy[i] / (m2 * m2) / 2
		e.v[3][i], e.v[4][i] = fx[i]/m2, fy[i]/m2
	}
	return e
}

// refine solves for the motion once more, around the one that is known.
func (f Flow) refine(a, b expansion) {
	var sums [5]plane // of AᵀA's xx, xy and yy, and AᵀΔb's x and y
	for i := range sums {
		sums[i] = plane{f.H, f.W, make([]float32, f.H*f.W)}
	}
	for y := range f.H {
		for x := range f.W {
			i := y*f.W + x
			dx, dy := f.DX[i], f.DY[i]
			if to := [2]float32{float32(x) + dx, float32(y) + dy}; to[0] < 0 || to[1] < 0 || to[0] > float32(f.W-1) || to[1] > float32(f.H-1) {
				continue // it left the picture: its neighbours tell
			}
			c := newCorner(float32(x)+dx, float32(y)+dy, f.H, f.W)
			xx, yy, xy := (a.v[0][i]+c.of(b.v[0]))/2, (a.v[1][i]+c.of(b.v[1]))/2, (a.v[2][i]+c.of(b.v[2]))/2
			bx := (a.v[3][i]-c.of(b.v[3]))/2 + xx*dx + xy*dy
			by := (a.v[4][i]-c.of(b.v[4]))/2 + xy*dx + yy*dy
			sums[0].v[i], sums[1].v[i], sums[2].v[i] = xx*xx+xy*xy, xy*(xx+yy), yy*yy+xy*xy
			sums[3].v[i], sums[4].v[i] = xx*bx+xy*by, xy*bx+yy*by
		}
	}
	window := gaussian(neighbours/2., neighbours)
	for i := range sums {
		sums[i] = sums[i].filtered(window, window)
	}
	for i := range f.DX {
		xx, xy, yy := sums[0].v[i]+1e-3, sums[1].v[i], sums[2].v[i]+1e-3
		det := xx*yy - xy*xy
		hx, hy := sums[3].v[i]+1e-3*f.DX[i], sums[4].v[i]+1e-3*f.DY[i]
		f.DX[i], f.DY[i] = (yy*hx-xy*hy)/det, (xx*hy-xy*hx)/det
	}
}
