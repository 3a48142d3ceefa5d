package imgproc

import (
	"errors"
	"image"
	"io"
)

// Photo is a picture decoded no finer than it is needed, together with its file, so that a part of it can be had finer.
type Photo struct {
	Image  Image  // upright, at 1/Shrink of the picture's size, rounded up
	Shrink int    // 1, 2, 4 or 8
	file   []byte // nil where Shrink is 1
}

// Enough says whether a picture of h×w pixels is fine enough for a purpose, such as [Preprocess.Enough]. What is enough stays so in
// a larger picture.
type Enough func(h, w int) bool

// Photos are pictures that are decoded already, at their full size.
func Photos(images ...Image) []Photo {
	photos := make([]Photo, len(images))
	for i, m := range images {
		photos[i] = Photo{Image: m, Shrink: 1}
	}
	return photos
}

// DecodePhoto is [Decode] at the smallest of the full, half, quarter and eighth size that is enough; nil wants the full size. A JPEG
// is shrunk while it is decoded, and never held at its full size; other files are shrunk afterwards, by averaging.
func DecodePhoto(r io.Reader, enough Enough) (Photo, error) {
	data, err := readAll(r)
	if err != nil {
		return Photo{}, err
	}
	return DecodeBytes(data, enough)
}

// DecodeBytes is [DecodePhoto] of a file's bytes, which the photograph may keep.
func DecodeBytes(data []byte, enough Enough) (Photo, error) {
	f, err := formatOf(data)
	if err != nil {
		return Photo{}, err
	}
	p, err := f.read(data, enough)
	if p.Shrink > 1 {
		p.file = data
	}
	return p, err
}

// Pixels is how many pixels are held at once, in about six bytes each, while a file is decoded: those of its header, or a part of them
// where a JPEG is shrunk. It is 0 where the header cannot be read.
func Pixels(data []byte, enough Enough) (n int) {
	defer func() {
		if recover() != nil { // of a codec on damaged data, which decoding will tell
			n = 0
		}
	}()
	f, err := formatOf(data)
	if err != nil {
		return 0
	}
	w, h, err := f.size(data)
	if err != nil || w <= 0 || h <= 0 || w > MaxPixels/h {
		return 0
	}
	if f.shrunk != nil && shrinkTo(enough, h, w) > 1 {
		return w * h / 4
	}
	return w * h
}

// Part is a part of a photograph's picture.
type Part struct {
	Image  Image
	Shrink int         // 1, 2, 4 or 8
	Corner image.Point // where the part begins in the whole picture, in pixels at 1/Shrink
}

// Part is what shows box at least, which is in pixels of the full size, at 1/shrink of the size, 1, 2 or 4; where p is as
// fine, it is p's picture. Of a JPEG only that much is decoded.
func (p Photo) Part(shrink int, box image.Rectangle) (Part, error) {
	if p.Shrink <= shrink {
		return Part{Image: p.Image, Shrink: p.Shrink}, nil
	}
	f, err := formatOf(p.file)
	if err != nil {
		return Part{}, err
	}
	if f.part != nil {
		if part, err := f.part(p.file, shrink, box); err == nil {
			return part, nil
		}
	}
	times := p.Shrink / shrink // of the sides, less one pixel each that may have been rounded up
	whole, err := f.read(p.file, func(h, w int) bool { return h > times*(p.Image.H-1) && w > times*(p.Image.W-1) })
	return Part{Image: whole.Image, Shrink: whole.Shrink}, err
}

// Check is [Image.Check] of the picture.
func (p Photo) Check() error {
	if p.Shrink < 1 {
		return errors.New("photograph without a picture")
	}
	return p.Image.Check()
}

// shrinkTo is the largest shrink that leaves enough of h×w pixels.
func shrinkTo(enough Enough, h, w int) int {
	for shrink := 8; enough != nil && shrink > 1; shrink /= 2 {
		if enough((h+shrink-1)/shrink, (w+shrink-1)/shrink) {
			return shrink
		}
	}
	return 1
}

// Enough says whether an image of h×w pixels has twice the pixels in each direction that the input shows of it, so that p makes
// nearly the same of it as of a finer one. Drawings are wanted whole: their ink is sought at the size that they have.
func (p Preprocess) Enough(h, w int) bool {
	if p.drawings() || p.Ink > 0 {
		return false
	}
	inputH, inputW := p.Height, p.Width
	if p.Pad != nil {
		f := p.fit(Image{H: h, W: w})
		inputH, inputW = f.h, f.w
	}
	return h >= 2*inputH && w >= 2*inputW
}
