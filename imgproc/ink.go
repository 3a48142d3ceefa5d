package imgproc

// What [Preprocess.Ink] and the framing of large pages go by.
const (
	// inkContrast is how far from the paper a pixel must be to count as ink: a quarter of the range.
	inkContrast = 64
	// leastInk keeps a dot from filling the frame: smaller drawings are scaled as if they had this share of the page's side.
	leastInk = 0.3
	// smallPage is the longest side, in pixels, of a page that was made for one drawing, such as Omniglot's of 105. On a larger
	// one the drawing's own page is a part of it: a square in which the ink has usualInk of the side, as it has on the small ones,
	// but not below usualPage widths of the pen, so that a dot remains a dot.
	smallPage = 126
	usualInk  = 0.6
	usualPage = 20
)

// inkBox is where the ink of a page lies: columns x0 up to x1, rows y0 up to y1.
type inkBox struct{ x0, y0, x1, y1 int }

func (b inkBox) empty() bool { return b.x1 <= b.x0 }

func (b inkBox) side() int { return max(b.x1-b.x0, b.y1-b.y0) }

// frameInk is the map that brings the ink of m into the middle of the frame and scales it, so that the longer side of its
// bounding box becomes the given fraction of the frame, whatever the shape of the page. What is ink differs from the paper, the
// median of the image's border. An image without any stays as it is.
func frameInk(m Image, fraction float64) Affine {
	b := m.ink()
	if b.empty() {
		return Identity()
	}
	w, h := float64(m.W), float64(m.H)
	page := max(w, h)
	side := max(float64(b.x1-b.x0)/page, float64(b.y1-b.y0)/page, leastInk*(m.pageOf(b)/page))
	toMiddle := Translation((w-float64(b.x0+b.x1))/2, (h-float64(b.y0+b.y1))/2)
	return toMiddle.Then(Scaling(fraction/side, fraction/side)).Then(Scaling(w/page, h/page))
}

// framePage is the map that makes the part of a large page on which the drawing stands the whole of it. Small pages stay as they are.
func framePage(m Image) Affine {
	w, h := float64(m.W), float64(m.H)
	if max(w, h) <= smallPage {
		return Identity()
	}
	b := m.ink()
	if b.empty() {
		return Identity()
	}
	page := m.pageOf(b)
	within := func(middle, side float64) float64 { // the middle of a page of that length that does not leave the large one
		if side <= page {
			return side / 2
		}
		return min(max(middle, page/2), side-page/2)
	}
	x, y := within(float64(b.x0+b.x1)/2, w), within(float64(b.y0+b.y1)/2, h)
	return Translation(w/2-x, h/2-y).Then(Scaling(w/page, h/page))
}

// pageOf is the side of the page that belongs to the ink in a box of a larger page, pixels.
func (m Image) pageOf(b inkBox) float64 {
	page := float64(max(m.W, m.H))
	if page <= smallPage {
		return page
	}
	return min(page, max(float64(b.side())/usualInk, usualPage*m.penWidth(b)))
}

// penWidth is the median of how many pixels of ink follow each other, in rows or in columns, whichever are fewer.
func (m Image) penWidth(b inkBox) float64 {
	paper := borderMedian(m, 0)
	inked := func(x, y int) bool {
		d := int32(m.Pix[(y*m.W+x)*m.C]) - paper
		return d >= inkContrast || d <= -inkContrast
	}
	across, down := newRuns(b.side()), newRuns(b.side())
	for y := b.y0; y < b.y1; y++ {
		for x := b.x0; x <= b.x1; x++ {
			across.add(x < b.x1 && inked(x, y))
		}
	}
	for x := b.x0; x < b.x1; x++ {
		for y := b.y0; y <= b.y1; y++ {
			down.add(y < b.y1 && inked(x, y))
		}
	}
	return float64(min(across.median(), down.median()))
}

// runs counts stretches of ink by their length.
type runs struct {
	count     []int
	total, at int
}

func newRuns(longest int) *runs { return &runs{count: make([]int, longest+1)} }

func (r *runs) add(ink bool) {
	switch {
	case ink:
		r.at++
	case r.at > 0:
		r.count[r.at]++
		r.total++
		r.at = 0
	}
}

func (r *runs) median() int {
	length, seen := 0, 0
	for length < len(r.count)-1 && 2*seen < r.total {
		length++
		seen += r.count[length]
	}
	return length
}

// ink is the bounding box of what differs from the paper in any channel.
func (m Image) ink() inkBox {
	b := inkBox{x0: m.W, y0: m.H}
	for c := range m.C {
		paper := borderMedian(m, c)
		low, high := paper-inkContrast, paper+inkContrast
		for y := range m.H {
			row := m.Row(y)
			first, last := -1, -1
			for i := c; i < len(row); i += m.C {
				if v := int32(row[i]); v <= low || v >= high {
					if first < 0 {
						first = i / m.C
					}
					last = i / m.C
				}
			}
			if first >= 0 {
				b = inkBox{min(b.x0, first), min(b.y0, y), max(b.x1, last+1), max(b.y1, y+1)}
			}
		}
	}
	return b
}
