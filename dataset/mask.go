package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// read reads one mask: 255 on the object, 0 beside it and [MaskVoid] where nobody knows.
func (m maskFile) read(f Folder) (imgproc.Image, error) {
	if m.coco != nil {
		return m.coco.read()
	}
	data, err := f.bytes(m.file)
	if err != nil {
		return imgproc.Image{}, err
	}
	if m.label == 0 {
		return decodeMask(data)
	}
	labels, err := decodeLabels(data)
	if err != nil {
		return labels, err
	}
	msrc := strings.HasPrefix(m.file, "labels/")
	return labels.Mapped(func(v uint8) uint8 {
		switch {
		case v == m.label:
			return 255
		case v == 255 || v == 0 && msrc:
			return MaskVoid
		}
		return 0
	}), nil
}

// decodeMask reads the mask of one class as painting programs and scripts write it: white on black with grey for void; a palette or grey
// levels whose numbers are labels, 0 the background and 255 void; or transparent where the object is not.
func decodeMask(data []byte) (imgproc.Image, error) {
	decoded, err := decodePNG(data)
	if errors.Is(err, errNoPNG) {
		m, err := imgproc.DecodeBytes(data, nil)
		if err != nil {
			return imgproc.Image{}, err
		}
		return m.Image.Grey().Mapped(maskLevel), nil
	}
	if err != nil {
		return imgproc.Image{}, err
	}
	if m, ok := decoded.(*image.Paletted); ok && m.Opaque() && hasColour(m) {
		return labelsOf(m.Pix, m.Stride, m.Bounds().Size()).Mapped(anyLabel), nil
	}
	if alpha, ok := alphaOf(decoded); ok {
		return alpha.Mapped(maskLevel), nil
	}
	grey := imgproc.FromImage(decoded).Grey()
	switch most, second := twoMost(grey.Pix); {
	case most == 1 || most == 255 && second == 1: // labels: 0, 1 and perhaps void
		return grey.Mapped(anyLabel), nil
	case most > 1 && most < 64:
		return imgproc.Image{}, fmt.Errorf("its levels go from 0 to %d of 255: want white on the object, or 0 and 1", most)
	}
	return grey.Mapped(maskLevel), nil
}

// ReadMask reads a mask from a file as [ReadMasked] reads those of masks/: 255 on the object, 0 beside it and [MaskVoid] where nobody
// knows.
func ReadMask(file string) (imgproc.Image, error) {
	data, err := imgproc.ReadBytes(file)
	if err != nil {
		return imgproc.Image{}, err
	}
	m, err := decodeMask(data)
	if err != nil {
		return m, fmt.Errorf("read mask %s: %w", file, err)
	}
	return m, nil
}

// MaskFits says whether a mask of mh×mw pixels may be that of an image of h×w: of its shape, but for rounding.
func MaskFits(mh, mw, h, w int) bool {
	shape := float64(mw) * float64(h) / (float64(mh) * float64(w))
	return math.Abs(math.Log(shape)) <= math.Log(1.06)
}

// anyLabel makes a mask of labels: what is no background is the object.
func anyLabel(v uint8) uint8 {
	switch v {
	case 0:
		return 0
	case 255:
		return MaskVoid
	}
	return 255
}

// maskLevel makes white, black or void of a grey level; JPEG's are near them only.
func maskLevel(v uint8) uint8 {
	switch {
	case v >= 192:
		return 255
	case v < 64:
		return 0
	}
	return MaskVoid
}

// hasColour says whether a pixel shows a colour of the palette that is no grey.
func hasColour(m *image.Paletted) bool {
	var coloured [256]bool
	for i, c := range m.Palette {
		r, g, b, _ := c.RGBA()
		coloured[i] = r != g || g != b
	}
	return slices.ContainsFunc(m.Pix, func(v uint8) bool { return coloured[v] })
}

// alphaOf is how opaque each pixel is; not ok where all are.
func alphaOf(m image.Image) (alpha imgproc.Image, ok bool) {
	if opaque, known := m.(interface{ Opaque() bool }); known && opaque.Opaque() {
		return alpha, false
	}
	box := m.Bounds()
	alpha = imgproc.New(box.Dy(), box.Dx(), 1)
	for i := range alpha.Pix {
		_, _, _, a := m.At(box.Min.X+i%alpha.W, box.Min.Y+i/alpha.W).RGBA()
		alpha.Pix[i] = uint8(a >> 8)
	}
	return alpha, true
}

// twoMost are the two largest levels that there are, or one twice.
func twoMost(levels []uint8) (most, second uint8) {
	var seen [256]bool
	for _, v := range levels {
		seen[v] = true
	}
	for v, there := range seen {
		if there {
			most, second = uint8(v), most
		}
	}
	return most, second
}

// readLabels is [decodeLabels] of a file.
func readLabels(f Folder, file string) (imgproc.Image, error) {
	data, err := f.bytes(file)
	if err != nil {
		return imgproc.Image{}, err
	}
	return decodeLabels(data)
}

// decodeLabels reads a PNG file whose palette's numbers, or grey levels, are labels.
func decodeLabels(data []byte) (imgproc.Image, error) {
	decoded, err := decodePNG(data)
	if err != nil {
		return imgproc.Image{}, err
	}
	switch m := decoded.(type) {
	case *image.Paletted:
		return labelsOf(m.Pix, m.Stride, m.Bounds().Size()), nil
	case *image.Gray:
		return labelsOf(m.Pix, m.Stride, m.Bounds().Size()), nil
	}
	return imgproc.Image{}, errors.New("its pixels are no labels: want a PNG with a palette, or grey")
}

func labelsOf(pix []uint8, stride int, size image.Point) imgproc.Image {
	labels := imgproc.New(size.Y, size.X, 1)
	for y := range size.Y {
		copy(labels.Row(y), pix[y*stride:])
	}
	return labels
}

var errNoPNG = errors.New("it is no PNG")

// decodePNG decodes a PNG with its palette; one larger than any image may be is refused by its header.
func decodePNG(data []byte) (image.Image, error) {
	header, err := png.DecodeConfig(bytes.NewReader(data))
	switch {
	case !bytes.HasPrefix(data, []byte("\x89PNG")):
		return nil, errNoPNG
	case err != nil:
		return nil, err
	case header.Width > imgproc.MaxPixels/header.Height:
		return nil, fmt.Errorf("PNG of %d×%d pixels is larger than %d megapixels: save it smaller", header.Width, header.Height, imgproc.MaxPixels>>20)
	}
	return png.Decode(bytes.NewReader(data))
}
