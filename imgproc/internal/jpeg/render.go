package jpeg

import (
	"math"
	mathbits "math/bits"
)

// zigzag is the order in which a block's coefficients are stored (figure 5 of T.81): where each belongs, row by row.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// cosines [log2 side, x, u] are what sample x of a block of side samples gets of its coefficient u:
//
//	C(u)/2 · cos((2x+1)uπ/(2·side))
//
// For 8 samples that is A.3.3 of T.81. For fewer it is the transform of that length, scaled so that the mean stays.
var cosines = func() (t [4][64]float32) {
	for log := range t {
		side := 1 << log
		for i := range side * side {
			x, u := float64(i/side), float64(i%side)
			t[log][i] = float32(math.Cos((2*x+1)*u*math.Pi/float64(2*side)) / 2)
			if u == 0 {
				t[log][i] = float32(math.Sqrt(0.125))
			}
		}
	}
	return t
}()

// lowest [log2 side] is the place in zigzag order of the last coefficient that a block of side samples uses.
var lowest = [4]int{0, 4, 24, 63}

// render makes a picture of the components' samples.
func (d *decoder) render() Picture {
	n, shrink := len(d.components), 8/d.side
	p := Picture{Header: d.header}
	p.H, p.W = ceil(p.H, shrink), ceil(p.W, shrink)
	p.Pix = make([]uint8, p.H*p.W*n)
	for i, c := range d.components {
		c.renderAll()
		stride := c.side * c.stride
		for y := range p.H {
			from := c.samples[y*c.v*c.side/(d.maxV*d.side)*stride:][:stride]
			to := p.Pix[y*p.W*n+i:]
			if c.h*c.side == d.maxH*d.side {
				for x, v := range from[:p.W] {
					to[x*n] = v
				}
				continue
			}
			for x := range p.W {
				to[x*n] = from[x*c.h*c.side/(d.maxH*d.side)]
			}
		}
		c.samples = nil
	}
	return p
}

// renderAll makes the samples of a progressive file.
func (c *component) renderAll() {
	for b := range len(c.coefficients) / 64 {
		c.render((*[64]int16)(c.coefficients[64*b:]), 63, b%c.stride, b/c.stride)
	}
	c.coefficients = nil
}

// render makes the samples of block (x, y) of its coefficients up to the one at place last: the inverse cosine transform, by rows
// and then by columns.
func (c *component) render(block *[64]int16, last, x, y int) {
	side, stride := c.side, c.side*c.stride
	to := c.samples[y*side*stride+x*side:]
	log := mathbits.TrailingZeros(uint(side))
	last = min(last, lowest[log])
	if last == 0 {
		flat := level(float32(block[0])*float32(c.table[0])/8 + 128.5)
		for row := range side {
			for column := range side {
				to[row*stride+column] = flat
			}
		}
		return
	}
	var in, half [64]float32
	rows := 0 // of coefficients, that are not all zero
	for k, v := range block[:last+1] {
		if at := int(zigzag[k]); v != 0 && at&7 < side && at>>3 < side {
			in[at] = float32(v) * float32(c.table[k])
			rows = max(rows, at>>3+1)
		}
	}
	each := cosines[log][:side*side]
	for v := range rows {
		row := in[8*v : 8*v+side]
		for i := range side {
			sum := float32(0)
			for u, cosine := range each[i*side : i*side+side] {
				sum += cosine * row[u]
			}
			half[8*v+i] = sum
		}
	}
	for j := range side {
		cosine := each[j*side : j*side+rows]
		for i := range side {
			sum := float32(128.5)
			for v, weight := range cosine {
				sum += weight * half[8*v+i]
			}
			to[j*stride+i] = level(sum)
		}
	}
}

func level(v float32) uint8 { return uint8(min(max(v, 0), 255)) }
