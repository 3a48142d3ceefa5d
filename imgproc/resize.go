package imgproc

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
// rows first and then along its columns, and reads each pixel once or twice instead of a table.
func (g grid) resize(dst []float32, f frame, step int, m Image, level func(c int) (scale, shift float32)) {
	xs := spans(f.w, g.box.halfX, m.W, func(i int) float32 { x, _ := g.at.Apply(0.5, 0.5); return float32(x + float64(i)*g.at.XX) })
	ys := spans(f.h, g.box.halfY, m.H, func(i int) float32 { _, y := g.at.Apply(0.5, float64(i)+0.5); return float32(y) })
	r := resizing{m: m, xs: xs, area: 4 * g.box.halfX * g.box.halfY, clip: g.box.clip}
	r.outside = make([]int32, m.C)
	r.scale, r.shift = make([]float32, m.C), make([]float32, m.C)
	for c := range m.C {
		r.outside[c] = f.outside
		if f.outside == ownBorder {
			r.outside[c] = borderMedian(m, c)
		}
		r.scale[c], r.shift[c] = level(c)
	}
	for y, span := range ys {
		r.row(dst[y*f.w*step:], step, span)
	}
}

// resizing is a picture on its way to another size.
type resizing struct {
	m            Image
	xs           []span
	area         int // of a rectangle, 1/256² pixel
	clip         bool
	outside      []int32 // of each channel, what lies around the image
	scale, shift []float32
	rows         [][]int32 // sums along rows of the image, [w, c] in 1/256 pixel
	numbers      []int     // of which rows, less 1
	sums         []int
}

// row writes one output row, whose pixels cover this span of the image's rows.
func (r *resizing) row(dst []float32, step int, y span) {
	r.sums = resized(r.sums, len(r.xs)*r.m.C)
	clear(r.sums)
	for k, share := range y.shares {
		for i, v := range r.along(y.first+k, len(y.shares)) {
			r.sums[i] += int(share) * int(v)
		}
	}
	for c := range r.m.C {
		perSum := r.scale[c] / float32(r.area)
		shift := r.shift[c] + r.scale[c]*float32(r.outside[c])
		for i, x := range r.xs {
			sum := r.sums[i*r.m.C+c]
			if inside := x.length * y.length; r.clip && inside < r.area && inside > 0 {
				sum = int(float64(sum) * float64(r.area) / float64(inside))
			}
			dst[i*step+c] = perSum*float32(sum) + shift
		}
	}
}

// along sums the spans of row y of the image. As many rows as an output row needs, and one, are remembered.
func (r *resizing) along(y, needed int) []int32 {
	for len(r.rows) < needed+1 {
		r.rows, r.numbers = append(r.rows, make([]int32, len(r.xs)*r.m.C)), append(r.numbers, 0)
	}
	at := y % len(r.rows)
	sums := r.rows[at]
	if r.numbers[at] == y+1 {
		return sums
	}
	r.numbers[at] = y + 1
	row, channels := r.m.Row(y), r.m.C
	for c, outside := range r.outside {
		for i, x := range r.xs {
			sum, p := int32(0), x.first*channels+c
			for _, share := range x.shares {
				sum += share * (int32(row[p]) - outside)
				p += channels
			}
			sums[i*channels+c] = sum
		}
	}
	return sums
}
