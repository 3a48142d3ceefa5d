package jpeg

import "math"

// zigzag is the order in which a block's coefficients are stored (figure 5 of T.81): where each belongs, row by row.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// cosines [x, u] are what sample x of a row gets of its coefficient u: C(u)/2 · cos((2x+1)uπ/16) (A.3.3).
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

// render makes samples of the coefficients, at the size of the picture.
func (d *decoder) render() []uint8 {
	n := len(d.components)
	pix := make([]uint8, d.header.H*d.header.W*n)
	for i, c := range d.components {
		plane, stride := c.samples(), 8*c.stride
		for y := range d.header.H {
			from := plane[y*c.v/d.maxV*stride:]
			to := pix[y*d.header.W*n+i:]
			for x := range d.header.W {
				to[x*n] = from[x*c.h/d.maxH]
			}
		}
		c.coefficients = nil
	}
	return pix
}

// samples are the component's own, in rows of whole blocks.
func (c *component) samples() []uint8 {
	plane := make([]uint8, len(c.coefficients))
	for b := range len(c.coefficients) / 64 {
		block := (*[64]int16)(c.coefficients[64*b:])
		c.inverse(plane[(b/c.stride*8*c.stride+b%c.stride)*8:], 8*c.stride, block)
	}
	return plane
}

// inverse is the inverse cosine transform of one block, by rows and then by columns.
func (c *component) inverse(to []uint8, stride int, block *[64]int16) {
	var in, half [64]float32
	for k, v := range block {
		in[zigzag[k]] = float32(v) * float32(c.table[k])
	}
	for v := range 8 {
		for x := range 8 {
			sum := float32(0)
			for u := range 8 {
				sum += cosines[8*x+u] * in[8*v+u]
			}
			half[8*v+x] = sum
		}
	}
	for y := range 8 {
		for x := range 8 {
			sum := float32(128.5)
			for v := range 8 {
				sum += cosines[8*y+v] * half[8*v+x]
			}
			to[y*stride+x] = uint8(min(max(sum, 0), 255))
		}
	}
}
