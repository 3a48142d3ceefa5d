package imgproc

// Mapped is an image with every byte changed by change.
func (m Image) Mapped(change func(v uint8) uint8) Image {
	out := New(m.H, m.W, m.C)
	for i, v := range m.Pix {
		out.Pix[i] = change(v)
	}
	return out
}

// Nearest is the image at h×w pixels, each the one of m in whose place its middle lies, so that labels never mix. An image of that size
// is returned as it is, sharing its pixels.
func (m Image) Nearest(h, w int) Image {
	if h == m.H && w == m.W {
		return m
	}
	out := New(h, w, m.C)
	for y := range h {
		row := m.Row((2*y + 1) * m.H / (2 * h))
		for x := range w {
			from := (2*x + 1) * m.W / (2 * w) * m.C
			copy(out.Pix[(y*w+x)*m.C:][:m.C], row[from:])
		}
	}
	return out
}
