package imgproc

import (
	"fmt"
	"math"
)

// View is how one image lies in an encoder's input: it makes the input of the image, of masks that belong to it, of boxes and of
// points alike, and leads from the input back to the image. [Preprocess.View] makes it.
type View struct {
	p     Preprocess
	h, w  int // of the image
	frame frame
	fit   *fit // of an image that is padded and not moved otherwise
	// From a place in the input to one in the image and back, from their corners; the bend comes on top.
	back, forth Affine
}

// View is how p lays m down after the affine map a about its centre, in pixels of m, and bent by bend, nil for not at all. It
// panics when m fails [Image.Check] or a cannot be undone.
func (p Preprocess) View(m Image, a Affine, bend *Displacement) View {
	if err := m.Check(); err != nil {
		panic("imgproc: " + err.Error())
	}
	return p.view(p.drawing(m), a, bend)
}

// view is View of what drawing returned.
func (p Preprocess) view(m Image, a Affine, bend *Displacement) View {
	a = p.framing(m).Then(a)
	v := View{p: p, h: m.H, w: m.W}
	outside := ownBorder
	if p.Pad != nil {
		outside = int32(p.Pad.Level)
		f := p.fit(m)
		if a == Identity() && bend == nil {
			v.fit = &f
		}
		a = a.Then(f.affine(float64(m.H), float64(m.W), float64(p.Height), float64(p.Width)))
	}
	v.frame = newFrame(p.Height, p.Width, a)
	v.frame.bend, v.frame.outside = bend, outside
	v.back = fromOutput(m, p.Height, p.Width).Then(v.frame.back).Then(Translation(float64(m.W)/2, float64(m.H)/2))
	if v.fit != nil {
		v.back = v.fit.back(m.H, m.W)
	}
	var ok bool
	if v.forth, ok = v.back.Inverse(); !ok {
		panic(fmt.Sprintf("imgproc: the affine map %v cannot be undone", a))
	}
	return v
}

// drawing is m with the channels that p reads, and a drawing on clean paper.
func (p Preprocess) drawing(m Image) Image {
	if p.Channels == 1 {
		m = m.Grey()
	}
	if p.drawings() {
		m = m.onCleanPaper()
	}
	return m
}

// drawings says whether p is for drawings: those have ink and paper.
func (p Preprocess) drawings() bool { return p.Invert && p.Channels == 1 }

// framing is the map that brings a drawing where p wants it.
func (p Preprocess) framing(m Image) Affine {
	switch {
	case p.Ink > 0:
		return frameInk(m, p.Ink)
	case p.drawings() && p.Pad == nil:
		return framePage(m)
	}
	return Identity()
}

// Image writes the image to dst [Height, Width, Channels] as [Preprocess.WarpBend] does. m is the view's image, or another of the
// same size; a size that differs panics.
func (v View) Image(dst []float32, m Image) {
	v.check(m)
	v.image(dst, v.p.drawing(m))
}

// image is Image of what drawing returned.
func (v View) image(dst []float32, m Image) {
	switch {
	case v.fit != nil:
		checkSize(len(dst), v.p.Height, v.p.Width, v.p.Channels)
		v.p.place(dst, m, *v.fit)
	default:
		v.frame.resample(dst, v.p.Channels, m, v.p.level)
		if v.p.Channels == 3 && m.C == 1 {
			v.p.spread(dst)
		}
	}
	if v.p.BGR {
		for i := 0; i < len(dst); i += 3 {
			dst[i], dst[i+2] = dst[i+2], dst[i]
		}
	}
}

func (v View) check(m Image) {
	if m.H != v.h || m.W != v.w {
		panic(fmt.Sprintf("imgproc: image of %d×%d pixels in the view of one of %d×%d", m.W, m.H, v.w, v.h))
	}
}

// Mask writes to dst [Height, Width] the share of each pixel of the input that the mask covers, in [0, 1]: 255 in the mask covers
// its pixel, and outside the mask nothing is covered. The mask is grey and of the image's size; others panic.
func (v View) Mask(dst []float32, mask Image) {
	v.check(mask)
	f := v.frame
	f.outside = 0
	f.resample(dst, 1, mask.Grey(), func(int) (scale, shift float32) { return 1. / 255, 0 })
}

// Labels writes to dst [Height, Width] the byte that labels has under the middle of each pixel of the input, so that labels never
// mix; outside the image it is outside. labels is grey and of the image's size; others panic.
func (v View) Labels(dst []uint8, labels Image, outside uint8) {
	v.check(labels)
	checkSize(len(dst), v.p.Height, v.p.Width, labels.C)
	for i := range dst {
		x, y := v.imagePlace(float64(i%v.p.Width)+0.5, float64(i/v.p.Width)+0.5)
		dst[i] = outside
		if column, row := int(math.Floor(x)), int(math.Floor(y)); column >= 0 && column < v.w && row >= 0 && row < v.h {
			dst[i] = labels.Pix[row*v.w+column]
		}
	}
}

// MaskBack makes of values [Height, Width] in the input, such as the probabilities of a mask, the values [h, w] at the pixels of
// the image: interpolated linearly, and 0 where the input does not show the image.
func (v View) MaskBack(values []float32) []float32 {
	checkSize(len(values), v.p.Height, v.p.Width, 1)
	out := make([]float32, v.h*v.w)
	v.eachShown(func(i int, x, y float64) { out[i] = interpolated(values, v.p.Height, v.p.Width, x-0.5, y-0.5) })
	return out
}

// LabelsBack makes of labels [Height, Width] in the input those [h, w] at the pixels of the image, each that of the pixel in which
// it lies, and outside where the input does not show the image.
func (v View) LabelsBack(labels []uint8, outside uint8) Image {
	checkSize(len(labels), v.p.Height, v.p.Width, 1)
	out := Filled(v.h, v.w, 1, outside)
	v.eachShown(func(i int, x, y float64) { out.Pix[i] = labels[int(y)*v.p.Width+int(x)] })
	return out
}

// eachShown calls use with each pixel of the image whose middle lies in the input, and where.
func (v View) eachShown(use func(i int, x, y float64)) {
	for i := range v.h * v.w {
		x, y := v.inputPlace(float64(i%v.w)+0.5, float64(i/v.w)+0.5)
		if x >= 0 && x < float64(v.p.Width) && y >= 0 && y < float64(v.p.Height) {
			use(i, x, y)
		}
	}
}

// interpolated reads values [h, w] at a place between the middles of its pixels.
func interpolated(values []float32, h, w int, x, y float64) float32 {
	x, y = min(max(x, 0), float64(w-1)), min(max(y, 0), float64(h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, w-1), min(y0+1, h-1)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	top := values[y0*w+x0] + fx*(values[y0*w+x1]-values[y0*w+x0])
	bottom := values[y1*w+x0] + fx*(values[y1*w+x1]-values[y1*w+x0])
	return top + fy*(bottom-top)
}

// Point is where in the input a point of the image lies. Where the bend folds the image over itself it is one of the places.
func (v View) Point(p Point) Point { return placed(v.inputPlace, p) }

// PointBack is which point of the image lies at a place in the input.
func (v View) PointBack(p Point) Point { return placed(v.imagePlace, p) }

func placed(place func(x, y float64) (float64, float64), p Point) Point {
	x, y := place(float64(p.X), float64(p.Y))
	return Point{float32(x), float32(y)}
}

// Box is the smallest upright box in the input around a box of the image.
func (v View) Box(b Box) Box {
	if v.frame.bend != nil {
		return outline(b, v.Point)
	}
	return v.forth.box(b)
}

// BoxBack is the smallest upright box in the image around a box of the input.
func (v View) BoxBack(b Box) Box {
	if v.frame.bend != nil {
		return outline(b, v.PointBack)
	}
	return v.back.box(b)
}

func (v View) imagePlace(x, y float64) (float64, float64) {
	imageX, imageY := v.back.Apply(x, y)
	dx, dy := v.bent(x, y)
	return imageX - dx, imageY - dy
}

// inputPlace undoes imagePlace. What a bend has moved is found by going back and forth: x ← forth(p + bend(x)) comes nearer to the
// one answer with every turn as long as the bend does not fold the image.
func (v View) inputPlace(x, y float64) (float64, float64) {
	const near, most = 1e-6, 200 // pixels, turns
	inX, inY := v.forth.Apply(x, y)
	for range most {
		dx, dy := v.bent(inX, inY)
		nextX, nextY := v.forth.Apply(x+dx, y+dy)
		moved := math.Hypot(nextX-inX, nextY-inY)
		inX, inY = nextX, nextY
		if moved < near {
			break
		}
	}
	return inX, inY
}

// bent is how far the bend moves what lies at a place in the input, in pixels of the image; beyond the edges, what it is there.
func (v View) bent(x, y float64) (dx, dy float64) {
	d := v.frame.bend
	if d == nil {
		return 0, 0
	}
	column := min(max(x/float64(v.p.Width), 0), 1) * float64(d.Cols-1)
	row := min(max(y/float64(v.p.Height), 0), 1) * float64(d.Rows-1)
	return float64(interpolated(d.DX, d.Rows, d.Cols, column, row)), float64(interpolated(d.DY, d.Rows, d.Cols, column, row))
}

func checkSize(got, h, w, c int) {
	if got != h*w*c {
		panic(fmt.Sprintf("imgproc: %d values, want %d×%d×%d", got, h, w, c))
	}
}
