package imgproc

import "sync"

// sums is a summed-area table of one channel: at[y·stride+x] is the sum of (v - fill) over the rectangle above and left of
// corner (x, y). Outside the image every pixel counts as fill, so there the table is flat. One spare row and column let
// corners on the far edge be interpolated like any other.
//
// The mean over any axis-aligned rectangle, fractional edges included, then costs four interpolated look-ups whatever its
// size: that is how images are shrunk without aliasing (Crow 1984, "Summed-area tables for texture mapping").
type sums struct {
	h, w   int
	stride int
	fill   int32
	at     []int32
	// Of the output row in work: its pixels' centres in the image, in pixels.
	xs, ys []float32
}

// maxSumsSide keeps the sums of an image within int32: 2896² · 255 < 2³¹.
const maxSumsSide = 2896

var sumsPool = sync.Pool{New: func() any { return new(sums) }}

// newSums builds the table of channel c of m, whose sides are at most maxSumsSide; outside is the level around it, or
// ownBorder. Hand it back with release.
func newSums(m Image, c int, outside int32) *sums {
	s := sumsPool.Get().(*sums)
	s.h, s.w, s.stride, s.fill = m.H, m.W, m.W+2, outside
	if outside == ownBorder {
		s.fill = borderMedian(m, c)
	}
	s.at = resized(s.at, (m.H+2)*s.stride)
	clear(s.at[:s.stride])
	for y := range m.H {
		above := s.at[y*s.stride : (y+1)*s.stride]
		below := s.at[(y+1)*s.stride : (y+2)*s.stride]
		below = below[:len(above)]
		addRow(below, above, m.Row(y)[c:], m.C, s.fill)
	}
	copy(s.at[(m.H+1)*s.stride:], s.at[m.H*s.stride:])
	return s
}

// addRow fills one row of the table from the one above it and the image's row between them.
func addRow(below, above []int32, row []uint8, step int, fill int32) {
	var sum int32
	below[0] = 0
	x := 1
	for i := 0; i < len(row); i += step {
		sum += int32(row[i]) - fill
		below[x] = above[x] + sum
		x++
	}
	below[x] = below[x-1]
}

func (s *sums) release() { sumsPool.Put(s) }

func resized[T any](buf []T, n int) []T {
	if cap(buf) < n {
		return make([]T, n)
	}
	return buf[:n]
}

// borderMedian is the median of channel c along the four edges: the paper of a drawing, whose ink seldom reaches them.
func borderMedian(m Image, c int) int32 {
	var count [256]int32
	total := int32(0)
	add := func(y, x int) {
		count[m.Pix[(y*m.W+x)*m.C+c]]++
		total++
	}
	for x := range m.W {
		add(0, x)
		add(m.H-1, x)
	}
	for y := range m.H {
		add(y, 0)
		add(y, m.W-1)
	}
	v, below := int32(0), count[0]
	for 2*below < total {
		v++
		below += count[v]
	}
	return v
}

// fine is the resolution of positions and rectangle sides while the table is read: 1/256 pixel, 8 bits.
const (
	fineBits = 8
	fine     = 1 << fineBits
)

// box is the rectangle averaged for one output value, and what its mean becomes.
type box struct {
	halfX, halfY int // from its centre to its sides, 1/256 pixel
	scale, shift float32
	// clip leaves out what lies outside the image; otherwise that counts as fill.
	clip bool
}

// row writes one output row: dst[i·step] = scale·mean + shift over the box around each centre in xs and ys.
func (s *sums) row(dst []float32, step int, b box) {
	right, bottom := s.w*fine, s.h*fine
	area := 4 * b.halfX * b.halfY
	perSum := b.scale / float32(area)
	shift := b.shift + b.scale*float32(s.fill)
	ys := s.ys[:len(s.xs)]
	out := 0
	for i, fx := range s.xs {
		x, y := int(fx*fine+0.5), int(ys[i]*fine+0.5)
		x0, x1 := min(max(x-b.halfX, 0), right), min(max(x+b.halfX, 0), right)
		y0, y1 := min(max(y-b.halfY, 0), bottom), min(max(y+b.halfY, 0), bottom)
		sum := 0
		if x0 < x1 && y0 < y1 {
			sum = s.above(y1, x0, x1) - s.above(y0, x0, x1)
			if inside := (x1 - x0) * (y1 - y0); b.clip && inside < area {
				sum = int(float64(sum) * float64(area) / float64(inside))
			}
		}
		dst[out] = perSum*float32(sum) + shift
		out += step
	}
}

// above is the sum, in 1/256² pixel, of what lies above y and between x0 and x1.
func (s *sums) above(y, x0, x1 int) int {
	row := y >> fineBits * s.stride
	a := s.between(row, x0, x1)
	b := s.between(row+s.stride, x0, x1)
	return fine*a + y&(fine-1)*(b-a)
}

// between is the sum, in 1/256 pixel, of the table's row that starts at index row from x0 to x1. Pointers to pairs cost one
// bounds check for two numbers.
func (s *sums) between(row, x0, x1 int) int {
	left := (*[2]int32)(s.at[row+x0>>fineBits:])
	right := (*[2]int32)(s.at[row+x1>>fineBits:])
	whole := fine * (int(right[0]) - int(left[0]))
	return whole + x1&(fine-1)*int(right[1]-right[0]) - x0&(fine-1)*int(left[1]-left[0])
}
