package kernel

import "slices"

// pieces cuts the output of a convolution into pieces of about equally many pixels: the same few rows of a few images.
type pieces struct {
	shape  ConvShape
	images int // of a piece
	rows   int // of a piece
	stacks int // pieces on top of each other in an image
	count  int
}

// newPieces makes pieces of about the wanted number of pixels, which spread over at least the given number of images.
func newPieces(s ConvShape, pixels, images int) pieces {
	images = max(1, min(max(images, pixels/s.pixels()), s.N))
	stacks := divideUp(s.OH, max(1, min(s.OH, pixels/(images*s.OW))))
	rows := divideUp(s.OH, stacks)
	stacks = divideUp(s.OH, rows)
	return pieces{shape: s, images: images, rows: rows, stacks: stacks, count: divideUp(s.N, images) * stacks}
}

// multiple makes every piece but the last of an image a multiple of some rows high.
func (p pieces) multiple(rows int) pieces {
	p.rows = rows * divideUp(p.rows, rows)
	p.stacks = divideUp(p.shape.OH, p.rows)
	p.count = divideUp(p.shape.N, p.images) * p.stacks
	return p
}

// spread is over how many images the pieces should spread, so that the few border pixels of one image meet their like.
func (s ConvShape) spread() int {
	if s.padded() {
		return 6
	}
	return 1
}

// padded tells whether some tap meets padding or a hole of a dilated input.
func (s ConvShape) padded() bool {
	return s.PadT > 0 || s.PadL > 0 || s.InDilH > 1 || s.InDilW > 1 ||
		s.reachH()-s.PadT > s.H || s.reachW()-s.PadL > s.W
}

// reachH and reachW are the size of the padded input that the taps touch.
func (s ConvShape) reachH() int { return (s.OH-1)*s.StrideH + (s.KH-1)*s.DilH + 1 }
func (s ConvShape) reachW() int { return (s.OW-1)*s.StrideW + (s.KW-1)*s.DilW + 1 }

// span is the images and the output rows of a piece.
func (p pieces) span(piece int) (image0, image1, row0, row1 int) {
	image0, row0 = piece/p.stacks*p.images, piece%p.stacks*p.rows
	return image0, min(image0+p.images, p.shape.N), row0, min(row0+p.rows, p.shape.OH)
}

// pixelClass is the pixels of a piece that meet the input with the same taps.
type pixelClass struct {
	origins  []int // byte offset of each pixel's first tap from the piece's first input row, image by image
	out      []int // byte offset of each pixel from the piece's first output row
	perImage int
	segments []segment
	depth    int // products per segment
	slide    slide
}

// layout is the classes of a piece, for all its images.
type layout []pixelClass

// inputRows is the range of the input rows that the taps of a stack of pieces meet.
func (p pieces) inputRows(stack int) (first, last int) {
	_, _, row0, row1 := p.span(stack)
	axis := p.shape.axisH()
	first = p.shape.H
	for o := row0; o < row1; o++ {
		if class, input := axis.class(o); class.count > 0 {
			first = min(first, input)
			last = max(last, input+(class.count-1)*axis.inputStep(class)+1)
		}
	}
	return min(first, last), last
}

// mostInputRows is the most input rows that a piece meets in one image.
func (p pieces) mostInputRows() int {
	most := 0
	for stack := range p.stacks {
		first, last := p.inputRows(stack)
		most = max(most, last-first)
	}
	return most
}

// operand is how a layout finds its numbers: bytes of a number of the input, rows of the input and of the output from
// one image to the next, and the columns of a panel.
type operand struct {
	size, imageRows, outRows, width int
}

// layouts describes the pieces of one image. Pieces that look the same share a layout.
func (p pieces) layouts(o operand) []layout {
	list := make([]layout, p.stacks)
	var seen [][]rowPlace
	for i := range list {
		rows := p.rowPlaces(i)
		seen = append(seen, rows)
		same := slices.IndexFunc(seen, func(other []rowPlace) bool { return slices.Equal(rows, other) })
		if same < i {
			list[i] = list[same]
		} else {
			list[i] = p.layout(i, o)
		}
	}
	return list
}

// rowPlace is a row of a piece: its class and the input row under its first tap, counted from the piece's first.
type rowPlace struct {
	class tapClass
	input int
}

// rowPlaces describes the rows of a piece.
func (p pieces) rowPlaces(stack int) (rows []rowPlace) {
	_, _, row0, row1 := p.span(stack)
	base, _ := p.inputRows(stack)
	for o := row0; o < row1; o++ {
		class, input := p.shape.axisH().class(o)
		rows = append(rows, rowPlace{class, input - base})
	}
	return rows
}

// layout sorts the pixels of a piece by class.
func (p pieces) layout(stack int, o operand) layout {
	s := p.shape
	_, _, row0, row1 := p.span(stack)
	base, _ := p.inputRows(stack)
	var list layout
	hOrder, hMembers := s.axisH().classes(row0, row1)
	wOrder, wMembers := s.axisW().classes(0, s.OW)
	for _, h := range hOrder {
		for _, w := range wOrder {
			class := pixelClass{perImage: len(hMembers[h]) * len(wMembers[w])}
			class.segments, class.depth = s.segments(h, w, o)
			class.slide = s.slide(h, w, len(wMembers[w]), o)
			for image := range p.images {
				for _, row := range hMembers[h] {
					for _, col := range wMembers[w] {
						x := ((image*o.imageRows+row.input-base)*s.W + col.input) * s.C
						y := ((image*o.outRows+row.out-row0)*s.OW + col.out) * s.F
						class.origins, class.out = append(class.origins, o.size*x), append(class.out, 4*y)
					}
				}
			}
			list = append(list, class)
		}
	}
	return list
}

// segments lists the taps of a class, from its first tap in the input and from the first weight of a panel: one segment
// for a whole row of taps where these are neighbours in memory.
func (s ConvShape) segments(h, w tapClass, o operand) (list []segment, depth int) {
	down, right := s.axisH().inputStep(h)*s.W*s.C, s.axisW().inputStep(w)*s.C
	perRow, depth := w.count, s.groupC()
	if s.Groups == 1 && w.count > 1 && w.step == 1 && right == s.C {
		perRow, depth = 1, w.count*s.C
	}
	for i := range h.count {
		for j := range perRow {
			tap := (h.first+i*h.step)*s.KW + w.first + j*w.step
			list = append(list, segment{a: o.size * (i*down + j*right), b: o.size * tap * s.groupC() * o.width})
		}
	}
	return list, depth * o.size / 4
}
