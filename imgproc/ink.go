package imgproc

// What [Preprocess.Ink] goes by.
const (
	// inkContrast is how far from the paper a pixel must be to count as ink: a quarter of the range.
	inkContrast = 64
	// leastInk keeps a dot from filling the frame: smaller drawings are scaled as if they had this share of the page's side.
	leastInk = 0.3
)

// frameInk is the map that brings the ink of m into the middle of the frame and scales it, so that the longer side of its
// bounding box becomes the given fraction of the frame. What is ink differs from the paper, the median of the image's border.
// An image without any stays as it is.
func frameInk(m Image, fraction float64) Affine {
	x0, y0, x1, y1 := m.ink()
	if x1 <= x0 {
		return Identity()
	}
	w, h := float64(m.W), float64(m.H)
	side := max(float64(x1-x0)/w, float64(y1-y0)/h, leastInk)
	toMiddle := Translation((w-float64(x0+x1))/2, (h-float64(y0+y1))/2)
	return toMiddle.Then(Scaling(fraction/side, fraction/side))
}

// ink is the bounding box of what differs from the paper in any channel: columns x0 up to x1, rows y0 up to y1, empty for none.
func (m Image) ink() (x0, y0, x1, y1 int) {
	x0, y0 = m.W, m.H
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
				x0, x1, y0, y1 = min(x0, first), max(x1, last+1), min(y0, y), max(y1, y+1)
			}
		}
	}
	return x0, y0, x1, y1
}
