package kernel

import "unsafe"

// band is a copy of the input rows under a piece of a convolution's output, with padding and holes written out as zeros.
type band struct {
	shape ConvShape
	pitch int // numbers from one row to the next
	image int // numbers from one image to the next
}

// newBand describes bands of the given number of output rows.
func newBand(s ConvShape, rows int) band {
	pitch := s.reachW() * s.C
	return band{shape: s, pitch: pitch, image: s.inputRows(rows) * pitch}
}

// inputRows is the number of padded input rows under some output rows.
func (s ConvShape) inputRows(rows int) int { return (rows-1)*s.StrideH + (s.KH-1)*s.DilH + 1 }

// copy fills the band under output rows row0 to row1-1 of some images, and returns its beginning.
func (b band) copy(src []float32, image0, image1, row0, row1 int, w *Workspace) unsafe.Pointer {
	s := b.shape
	buffer := floats(&w.band, (image1-image0)*b.image)
	size := s.H * s.W * s.C
	for image := image0; image < image1; image++ {
		dst := buffer[(image-image0)*b.image:]
		for i := range s.inputRows(row1 - row0) {
			b.copyRow(dst[i*b.pitch:][:b.pitch], src[image*size:][:size], row0*s.StrideH-s.PadT+i)
		}
	}
	return unsafe.Pointer(&buffer[0])
}

// copyRow copies row y of the dilated image src, or zeros where there is none.
func (b band) copyRow(dst, src []float32, y int) {
	s := b.shape
	clear(dst)
	if y < 0 || y%s.InDilH != 0 || y/s.InDilH >= s.H {
		return
	}
	row := src[y/s.InDilH*s.W*s.C:][:s.W*s.C]
	if s.InDilW == 1 {
		copy(dst[min(len(dst), max(0, s.PadL)*s.C):], row[min(len(row), max(0, -s.PadL)*s.C):])
		return
	}
	for x := range s.W {
		if at := (x*s.InDilW + s.PadL) * s.C; at >= 0 && at < len(dst) {
			copy(dst[at:at+s.C], row[x*s.C:])
		}
	}
}
