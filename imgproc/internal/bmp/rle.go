package bmp

import "image"

// runLengths decodes RLE8 and RLE4: what no run touches has the first colour. The end mark may be missing after the last row.
func (h *header) runLengths() (image.Image, error) {
	m := h.blank()
	x, i := 0, 0 // the next pixel, in the file's order of rows
	put := func(index byte) {
		if x < h.w && i < h.h {
			m.Pix[h.row(i)*m.Stride+x] = h.known(index)
		}
		x++
	}
	for data := h.pixels; i < h.h; {
		if len(data) < 2 {
			if i == h.h-1 && x >= h.w {
				break
			}
			return nil, errCut
		}
		count, value := int(data[0]), data[1]
		data = data[2:]
		switch {
		case count > 0:
			for k := range count {
				put(h.index(value, k))
			}
		case value == 0: // end of the row
			x, i = 0, i+1
		case value == 1: // end of the picture
			return m, nil
		case value == 2: // a jump
			if len(data) < 2 {
				return nil, errCut
			}
			x, i = x+int(data[0]), i+int(data[1])
			data = data[2:]
		default: // pixels one by one, padded to whole words
			size := (int(value)*h.bits + 7) / 8
			if len(data) < size {
				return nil, errCut
			}
			for k := range int(value) {
				put(h.index(data[k*h.bits/8], k))
			}
			data = data[min((size+1)&^1, len(data)):]
		}
	}
	return m, nil
}

// index is number k of the pixels that share bytes: all of one in RLE8, the upper and lower half in turn in RLE4.
func (h *header) index(value byte, k int) byte {
	switch {
	case h.bits == 8:
		return value
	case k%2 == 0:
		return value >> 4
	}
	return value & 15
}
