package kernel

import "unsafe"

// pairPanel turns a packed panel of depth rows into one of depth/2 rows of pairs, in place.
func (k *productKernels) pairPanel(panel []float32, depth int) {
	k.packPairs(&panel[0], &panel[0], &panel[k.cols], depth/2, 2*k.cols*4)
}

// halves rounds the input rows of a piece to bfloat16, image by image, and returns their beginning.
func (c *Conv) halves(src []float32, piece int, w *Workspace) unsafe.Pointer {
	image0, image1, _, _ := c.pieces.span(piece)
	first, last := c.pieces.inputRows(piece % c.pieces.stacks)
	row := c.W * c.C
	w.halves = grown(w.halves, max(1, c.pieces.images*c.imageRows*row))
	for image := image0; image < image1; image++ {
		from := src[(image*c.H+first)*row:][:(last-first)*row]
		ToBFloat16(w.halves[(image-image0)*c.imageRows*row:][:len(from)], from)
	}
	return unsafe.Pointer(&w.halves[0])
}

// pairedBand pairs every input number of a piece with that of the next output pixel, and returns its beginning. The
// last pixels of a row have no next one: their partner is 0.
func (g *ConvWeightGrad) pairedBand(src []float32, piece int, w *Workspace) unsafe.Pointer {
	image0, image1, _, _ := g.pieces.span(piece)
	first, last := g.pieces.inputRows(piece % g.pieces.stacks)
	row, ahead := g.W*g.C, g.StrideW*g.C
	buffer := floats(&w.band, max(1, g.pieces.images*g.imageRows*row))
	for image := image0; image < image1; image++ {
		dst := buffer[(image-image0)*g.imageRows*row:][:(last-first)*row]
		g.kernels.pairAhead(dst, src[(image*g.H+first)*row:][:len(dst)], ahead)
		for end := row; end <= len(dst); end += row {
			for i := end - min(ahead, row); i < end; i++ {
				dst[i] = lowOf(dst[i])
			}
		}
	}
	return unsafe.Pointer(&buffer[0])
}

// pairedPanel pairs every pixel of one panel of dy with the next one of its row, or with 0 at the end of the row.
func (g *ConvWeightGrad) pairedPanel(dy []float32, p, image0, image1, row0, row1 int, w *Workspace) unsafe.Pointer {
	width := g.kernels.cols
	f, cols, _ := g.columns(width, p)
	panel := floats(&w.panel, (image1-image0)*(row1-row0)*g.OW*width)
	for i := range (image1 - image0) * (row1 - row0) {
		image, row := image0+i/(row1-row0), row0+i%(row1-row0)
		start := (image*g.OH+row)*g.OW*g.F + f
		g.pairRow(panel[i*g.OW*width:][:g.OW*width], dy[start:], cols, w)
	}
	return unsafe.Pointer(&panel[0])
}

// pairRow pairs one row of pixels.
func (g *ConvWeightGrad) pairRow(dst, dy []float32, cols int, w *Workspace) {
	width := g.kernels.cols
	if cols < width {
		plain := floats(&w.turned, g.OW*width)
		g.kernels.pack(plain, dy, 0, g.OW, cols, g.F, 1)
		g.kernels.pairAhead(dst, plain, width)
		return
	}
	if g.OW > 1 {
		g.kernels.packPairs(&dst[0], &dy[0], &dy[g.F], g.OW-1, g.F*4)
	}
	if len(w.zeros) < width {
		w.zeros = make([]float32, width)
	}
	end := g.OW - 1
	g.kernels.packPairs(&dst[end*width], &dy[end*g.F], &w.zeros[0], 1, 0)
}
