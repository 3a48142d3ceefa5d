package kernel

import "unsafe"

// bands cuts the output of a convolution into pieces of about equally many pixels: a few rows of one image, or a few
// whole images where these are small. The input rows under a piece are its band. Where the convolution needs no padding
// and no input dilation a band is the input itself; elsewhere it is a copy with the zeros written out, which costs about
// a hundredth of the products that follow and makes every pixel and every tap a plain offset.
type bands struct {
	shape   ConvShape
	count   int
	images  int   // whole images of a band, or 0
	rows    int   // output rows of a band, if images is 0
	perSide int   // bands of one image, if images is 0
	copied  bool  // whether a band is a copy
	pitch   int   // numbers from one input row of a band to the next
	image   int   // numbers from one image of a band to the next
	origins []int // byte offset in the band of each output pixel's first tap
}

func newBands(s ConvShape, pixels int) bands {
	b := bands{shape: s, perSide: 1, rows: s.OH, copied: s.needsZeros()}
	if s.pixels() <= pixels {
		b.images = max(1, pixels/s.pixels())
		b.count = divideUp(s.N, b.images)
	} else {
		b.perSide = divideUp(s.OH, max(1, pixels/s.OW))
		b.rows = divideUp(s.OH, b.perSide)
		b.perSide = divideUp(s.OH, b.rows)
		b.count = s.N * b.perSide
	}
	b.pitch, b.image = s.W*s.C, s.H*s.W*s.C
	if b.copied {
		b.pitch = s.reachW() * s.C
		b.image = b.pitch * b.inputRows(b.rows)
	}
	b.origins = make([]int, min(max(1, b.images), max(1, s.N))*b.rows*s.OW)
	for i := range b.origins {
		image, row, col := i/(b.rows*s.OW), i/s.OW%b.rows, i%s.OW
		b.origins[i] = 4 * (image*b.image + row*s.StrideH*b.pitch + col*s.StrideW*s.C)
	}
	return b
}

// needsZeros tells whether some tap meets padding or a hole of a dilated input.
func (s ConvShape) needsZeros() bool {
	return s.PadT > 0 || s.PadL > 0 || s.InDilH > 1 || s.InDilW > 1 ||
		s.reachH()-s.PadT > s.H || s.reachW()-s.PadL > s.W
}

// reachH and reachW are the size of the padded input that the taps touch.
func (s ConvShape) reachH() int { return (s.OH-1)*s.StrideH + (s.KH-1)*s.DilH + 1 }
func (s ConvShape) reachW() int { return (s.OW-1)*s.StrideW + (s.KW-1)*s.DilW + 1 }

// inputRows is the number of padded input rows under some output rows.
func (b *bands) inputRows(rows int) int {
	return (rows-1)*b.shape.StrideH + (b.shape.KH-1)*b.shape.DilH + 1
}

// taps lists the byte offsets of the kernel's taps in a band and the contiguous numbers behind each: one entry for a
// whole row of the kernel where its taps are neighbours in memory.
func (b *bands) taps() (list []int, depth int) {
	s := b.shape
	whole := s.Groups == 1 && (s.DilW == 1 || s.KW == 1)
	for kh := range s.KH {
		if whole {
			list = append(list, kh*s.DilH*b.pitch*4)
			continue
		}
		for kw := range s.KW {
			list = append(list, (kh*s.DilH*b.pitch+kw*s.DilW*s.C)*4)
		}
	}
	if whole {
		return list, s.KW * s.C
	}
	return list, s.groupC()
}

// pixels is the first output pixel of a band, counted over all images, and their number.
func (b *bands) pixels(band int) (first, n int) {
	s := b.shape
	if b.images > 0 {
		image := band * b.images
		return image * s.pixels(), min(b.images, s.N-image) * s.pixels()
	}
	image, row := band/b.perSide, band%b.perSide*b.rows
	return (image*s.OH + row) * s.OW, min(b.rows, s.OH-row) * s.OW
}

// load points w.tile.a at the band's first input number, after copying the band where it needs zeros.
func (b *bands) load(band int, src []float32, w *Workspace) {
	s := b.shape
	image, row, images, rows := band/b.perSide, band%b.perSide*b.rows, 1, b.rows
	if b.images > 0 {
		image, row = band*b.images, 0
		images = min(b.images, s.N-image)
	}
	rows = min(rows, s.OH-row)
	top := row*s.StrideH - s.PadT
	if !b.copied {
		w.tile.a = unsafe.Pointer(&src[((image*s.H+top)*s.W-s.PadL)*s.C])
		return
	}
	buffer := floats(&w.band, images*b.image)
	for i := range images {
		b.copyRows(buffer[i*b.image:], src[(image+i)*s.H*s.W*s.C:], top, b.inputRows(rows))
	}
	w.tile.a = unsafe.Pointer(&buffer[0])
}

// copyRows copies n rows of a padded and dilated image, of which top is the first.
func (b *bands) copyRows(dst, src []float32, top, n int) {
	s := b.shape
	for i := range n {
		row := dst[i*b.pitch:][:b.pitch]
		y := top + i
		if y < 0 || y%s.InDilH != 0 || y/s.InDilH >= s.H {
			clear(row)
			continue
		}
		b.copyRow(row, src[y/s.InDilH*s.W*s.C:][:s.W*s.C])
	}
}

// copyRow copies the columns of an image row to their places in a padded one.
func (b *bands) copyRow(dst, src []float32) {
	s := b.shape
	if s.InDilW == 1 {
		from, to := max(0, -s.PadL)*s.C, max(0, s.PadL)*s.C
		to = min(to, len(dst))
		clear(dst[:to])
		n := copy(dst[to:], src[min(from, len(src)):])
		clear(dst[to+n:])
		return
	}
	clear(dst)
	for x := range s.W {
		if at := (x*s.InDilW + s.PadL) * s.C; at >= 0 && at < len(dst) {
			copy(dst[at:at+s.C], src[x*s.C:])
		}
	}
}
