package jpeg

import (
	"image"
	"math"
	mathbits "math/bits"
)

// zigzag is the order in which a block's coefficients are stored (figure 5 of T.81): where each belongs, row by row.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// cosines [x, u] are what sample x of a block gets of its coefficient u: C(u)/2 · cos((2x+1)uπ/16) (A.3.3 of T.81). Blocks of fewer
// samples take the transform of that length, scaled so that the mean stays.
var cosines = func() (t [64]float32) {
	for i := range t {
		x, u := float64(i/8), float64(i%8)
		t[i] = float32(math.Cos((2*x+1)*u*math.Pi/16) / 2)
		if u == 0 {
			t[i] = float32(math.Sqrt(0.125))
		}
	}
	return t
}()

// lowest [log2 side] is the place in zigzag order of the last coefficient that a block of side samples uses.
var lowest = [4]int{0, 4, 24, 63}

// used is the place of the last coefficient that a block's samples are made of.
func (c *component) used(block image.Point) int {
	if !block.In(c.wanted) {
		return 0
	}
	return lowest[mathbits.TrailingZeros(uint(c.side))]
}

// render makes a picture of the components' samples.
func (d *decoder) render() Picture {
	n, shrink := len(d.components), 8/d.side
	w, h := d.maxH*d.side, d.maxV*d.side // of an MCU
	p := Picture{Header: d.header, Corner: image.Pt(d.wanted.Min.X*w, d.wanted.Min.Y*h)}
	p.H = min(ceil(p.H, shrink), d.wanted.Max.Y*h) - p.Corner.Y
	p.W = min(ceil(p.W, shrink), d.wanted.Max.X*w) - p.Corner.X
	p.Pix = make([]uint8, p.H*p.W*n)
	for i, c := range d.components {
		c.renderAll()
		stride := c.side * c.wanted.Dx()
		for y := range p.H {
			from := c.samples[y*c.v*c.side/h*stride:][:stride]
			to := p.Pix[y*p.W*n+i:]
			if c.h*c.side == w {
				for x, v := range from[:p.W] {
					to[x*n] = v
				}
				continue
			}
			for x := range p.W {
				to[x*n] = from[x*c.h*c.side/w]
			}
		}
		c.samples = nil
	}
	return p
}

// renderAll makes the samples of a progressive file.
func (c *component) renderAll() {
	for b := range len(c.coefficients) / 64 {
		c.render((*[64]int16)(c.coefficients[64*b:]), 63, image.Pt(b%c.stride, b/c.stride))
	}
	c.coefficients, c.known = nil, nil
}

// render makes the samples of a block, if it is wanted, of its coefficients up to the one at place last: the inverse cosine transform.
func (c *component) render(block *[64]int16, last int, at image.Point) {
	if !at.In(c.wanted) {
		return
	}
	last = min(last, c.used(at))
	at = at.Sub(c.wanted.Min)
	side, stride := c.side, c.side*c.wanted.Dx()
	to := c.samples[at.Y*side*stride+at.X*side:]
	switch {
	case last == 0:
		flat := level(float32(block[0])*float32(c.table[0])/8 + 128.5)
		for row := range side {
			for column := range side {
				to[row*stride+column] = flat
			}
		}
	case side == 2:
		c.render2(block, to, to[stride:])
	case side == 4:
		c.render4(block, to, stride)
	default:
		c.render8(block, last, to, stride)
	}
}

// render2 is the transform of four coefficients: sums and differences.
func (c *component) render2(block *[64]int16, upper, lower []uint8) {
	at := func(k int) float32 { return float32(block[k]) * float32(c.table[k]) / 8 }
	mean, across, down, both := at(0)+128.5, at(1), at(2), at(4)
	upper[0], upper[1] = level(mean+across+down+both), level(mean-across+down-both)
	lower[0], lower[1] = level(mean+across-down-both), level(mean-across-down+both)
}

// render4 is the transform of sixteen coefficients, by rows and then by columns.
func (c *component) render4(block *[64]int16, to []uint8, stride int) {
	var in [16]float32
	for i, k := range corner {
		in[i] = float32(block[k]) * float32(c.table[k])
	}
	in[0] += 8 * 128.5
	for v := 0; v < 16; v += 4 {
		in[v], in[v+1], in[v+2], in[v+3] = transform4(in[v], in[v+1], in[v+2], in[v+3])
	}
	for i := range 4 {
		a, b, c, d := transform4(in[i], in[4+i], in[8+i], in[12+i])
		to[i], to[stride+i], to[2*stride+i], to[3*stride+i] = level(a), level(b), level(c), level(d)
	}
}

// corner is where the lowest 4×4 coefficients, row by row, are in zigzag order.
var corner = [16]uint8{0, 1, 5, 6, 2, 4, 7, 13, 3, 8, 12, 17, 9, 11, 18, 24}

// transform4 is the inverse cosine transform of four coefficients.
func transform4(a, b, c, d float32) (w, x, y, z float32) {
	const mean = 0.3535533905932738 // √⅛
	even, odd := mean*(a+c), mean*(a-c)
	outer, inner := cos1*b+cos3*d, cos3*b-cos1*d
	return even + outer, odd + inner, odd - inner, even - outer
}

const cos1, cos3 = 0.46193976625564337, 0.1913417161825449 // cos(π/8)/2, cos(3π/8)/2

// render8 is the transform of up to 64 coefficients, by rows and then by columns.
func (c *component) render8(block *[64]int16, last int, to []uint8, stride int) {
	var in, half [64]float32
	rows := 0 // of coefficients, that are not all zero
	for k, v := range block[:last+1] {
		if v != 0 {
			at := int(zigzag[k])
			in[at] = float32(v) * float32(c.table[k])
			rows = max(rows, at>>3+1)
		}
	}
	for v := range rows {
		row := in[8*v : 8*v+8]
		for i := range 8 {
			sum := float32(0)
			for u, cosine := range cosines[8*i : 8*i+8] {
				sum += cosine * row[u]
			}
			half[8*v+i] = sum
		}
	}
	for j := range 8 {
		cosine := cosines[8*j : 8*j+rows]
		for i := range 8 {
			sum := float32(128.5)
			for v, weight := range cosine {
				sum += weight * half[8*v+i]
			}
			to[j*stride+i] = level(sum)
		}
	}
}

func level(v float32) uint8 { return uint8(min(max(int32(v), 0), 255)) }
