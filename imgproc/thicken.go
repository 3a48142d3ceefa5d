package imgproc

// Thicken makes dark strokes on light paper thicker by about amount pixels, from 0 to 1, or thinner for an amount from -1
// to 0: a mix of the image and the darkest (lightest) value in each pixel's cross of five.
func (m Image) Thicken(amount float64) Image {
	weight := int32(min(max(amount, -1), 1) * 256)
	if weight == 0 {
		return m
	}
	out := New(m.H, m.W, m.C)
	for y := range m.H {
		up, row, down := m.Row(max(y-1, 0)), m.Row(y), m.Row(min(y+1, m.H-1))
		to := out.Row(y)
		for i, v := range row {
			left, right := row[max(i-m.C, i%m.C)], row[min(i+m.C, len(row)-m.C+i%m.C)]
			if weight > 0 {
				to[i] = mix(v, min(v, left, right, up[i], down[i]), weight)
			} else {
				to[i] = mix(v, max(v, left, right, up[i], down[i]), -weight)
			}
		}
	}
	return out
}

// mix goes from a towards b by weight/256.
func mix(a, b uint8, weight int32) uint8 {
	return uint8(int32(a) + (int32(b)-int32(a))*weight/256)
}
