package imgproc

import "slices"

// upright says whether rows of the output are rows of the image: then its values are means of rectangles that share their sides.
func (g grid) upright() bool { return g.at.XY == 0 && g.at.YX == 0 }

// span is the part of an image's row or column that one output pixel averages, in whole pixels, and how much of each it covers in
// 1/256 pixel.
type span struct {
	first  int
	shares []int32
	length int // all shares
}

// spans are those of n output pixels, of which the i-th has its centre at centre(i) in pixels, within a row or column of size pixels.
func spans(n, half, size int, centre func(i int) float32) []span {
	list := make([]span, n)
	for i := range list {
		at := int(centre(i)*fine + 0.5)
		from, to := min(max(at-half, 0), size*fine), min(max(at+half, 0), size*fine)
		s := span{first: from / fine, length: to - from}
		for p := s.first; p*fine < to; p++ {
			s.shares = append(s.shares, int32(min(to, (p+1)*fine)-max(from, p*fine)))
		}
		list[i] = s
	}
	return list
}

// resize writes what [sums.row] does where rectangles share their sides, and the same bits: it sums whole numbers, along the image's
// columns first and then along its rows, and reads each pixel once or twice instead of a table.
func (g grid) resize(dst []float32, f frame, step int, m Image, level func(c int) (scale, shift float32)) {
	xs := spans(f.w, g.box.halfX, m.W, func(i int) float32 { x, _ := g.at.Apply(0.5, 0.5); return float32(x + float64(i)*g.at.XX) })
	ys := spans(f.h, g.box.halfY, m.H, func(i int) float32 { _, y := g.at.Apply(0.5, float64(i)+0.5); return float32(y) })
	r := resizing{m: m, xs: xs, area: 4 * g.box.halfX * g.box.halfY, clip: g.box.clip}
	r.outside, r.perSum, r.shift = make([]int, m.C), make([]float32, m.C), make([]float32, m.C)
	for c := range m.C {
		r.outside[c] = int(f.outside)
		if f.outside == ownBorder {
			r.outside[c] = int(borderMedian(m, c))
		}
		scale, shift := level(c)
		r.perSum[c], r.shift[c] = scale/float32(r.area), shift+scale*float32(r.outside[c])
	}
	if wholePixels(xs, 2*g.box.halfX) && wholePixels(ys, 2*g.box.halfY) {
		r.copy(dst, step, ys)
		return
	}
	r.columns = make([]int32, m.W*m.C)
	for y, span := range ys {
		r.row(dst[y*f.w*step:], step, span)
	}
}

// resizing is a picture on its way to another size.
type resizing struct {
	m             Image
	xs            []span
	area          int // of a rectangle, 1/256² pixel
	clip          bool
	outside       []int     // of each channel, what lies around the image
	perSum, shift []float32 // of each channel, what makes values of sums
	columns       []int32   // sums along the image's columns, [w, c] in 1/256 pixel
}

// wholePixels says whether each output pixel is one of the image's.
func wholePixels(spans []span, length int) bool {
	return !slices.ContainsFunc(spans, func(s span) bool { return len(s.shares) != 1 || s.length != length })
}

// copy writes rows whose pixels are the image's own.
func (r *resizing) copy(dst []float32, step int, ys []span) {
	values := make([][256]float32, r.m.C)
	for c := range values {
		for v := range values[c] {
			values[c][v] = r.perSum[c]*float32((v-r.outside[c])*r.area) + r.shift[c]
		}
	}
	for y, span := range ys {
		row, to := r.m.Row(span.first), dst[y*len(r.xs)*step:]
		for i, x := range r.xs {
			for c := range values {
				to[i*step+c] = values[c][row[x.first*r.m.C+c]]
			}
		}
	}
}

// row writes one output row, whose pixels cover this span of the image's rows.
func (r *resizing) row(dst []float32, step int, y span) {
	clear(r.columns)
	for k, share := range y.shares {
		addShare(r.columns, r.m.Row(y.first+k), share)
	}
	channels := r.m.C
	for i, x := range r.xs {
		inside := x.length * y.length
		for c, outside := range r.outside {
			sum, at := -outside*inside, x.first*channels+c
			for _, share := range x.shares {
				sum += int(share) * int(r.columns[at])
				at += channels
			}
			if r.clip && inside < r.area && inside > 0 {
				sum = int(float64(sum) * float64(r.area) / float64(inside))
			}
			dst[i*step+c] = r.perSum[c]*float32(sum) + r.shift[c]
		}
	}
}

// addShare adds a share of a row of pixels.
func addShare(to []int32, row []uint8, share int32) {
	for i, v := range row[:len(to)] {
		to[i] += share * int32(v)
	}
}
