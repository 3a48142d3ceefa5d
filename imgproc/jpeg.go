package imgproc

import (
	"bytes"
	"image"
	"image/color"
	gojpeg "image/jpeg"

	"github.com/siam-go/siam/imgproc/internal/jpeg"
	"github.com/siam-go/siam/imgproc/internal/unread"
)

func jpegSize(data []byte) (w, h int, err error) {
	header, err := jpeg.ReadHeader(data)
	return header.W, header.H, err
}

// decodeJPEG reads a JPEG by Go's decoder and, where that refuses, by ours, which is slower and knows more.
func decodeJPEG(data []byte) (Image, error) {
	m, err := pixelsOfJPEG(data)
	if err != nil {
		return Image{}, err
	}
	return m.Turned(exifTurn(jpeg.EXIF(data))), nil
}

// shrunkJPEG reads a JPEG at a part of its size where that is enough.
func shrunkJPEG(data []byte, enough Enough) (Photo, error) {
	w, h, err := jpegSize(data)
	if err != nil {
		return Photo{}, err
	}
	turn := exifTurn(jpeg.EXIF(data))
	shrink := shrinkTo(enough, h, w)
	if turn.swaps() {
		shrink = shrinkTo(enough, w, h)
	}
	if shrink == 1 {
		m, err := decodeJPEG(data)
		return Photo{Image: m, Shrink: 1}, err
	}
	p, err := jpeg.DecodeShrunk(data, shrink, image.Rectangle{})
	if err != nil { // Go's decoder may be able to
		m, err := decodeJPEG(data)
		return Photo{Image: m.pooled(shrink, shrink), Shrink: shrink}, err
	}
	m, err := coloursOfJPEG(p)
	return Photo{Image: m.Turned(turn), Shrink: shrink}, err
}

// partOfJPEG decodes the blocks of a JPEG that show box.
func partOfJPEG(data []byte, shrink int, box image.Rectangle) (Part, error) {
	w, h, err := jpegSize(data)
	if err != nil {
		return Part{}, err
	}
	turn := exifTurn(jpeg.EXIF(data))
	uprightW, uprightH := w, h
	if turn.swaps() {
		uprightW, uprightH = h, w
	}
	p, err := jpeg.DecodeShrunk(data, shrink, turn.inverse().box(box, uprightW, uprightH))
	if err != nil {
		return Part{}, err
	}
	m, err := coloursOfJPEG(p)
	if err != nil {
		return Part{}, err
	}
	at := image.Rectangle{p.Corner, p.Corner.Add(image.Pt(m.W, m.H))}
	corner := turn.box(at, (w+shrink-1)/shrink, (h+shrink-1)/shrink).Min
	return Part{Image: m.Turned(turn), Shrink: shrink, Corner: corner}, nil
}

func pixelsOfJPEG(data []byte) (Image, error) {
	if decoded, err := gojpeg.Decode(bytes.NewReader(data)); err == nil {
		return FromImage(decoded), nil
	}
	p, err := jpeg.Decode(nil, data)
	if err != nil {
		return Image{}, err
	}
	return coloursOfJPEG(p)
}

// coloursOfJPEG makes colours of components as libjpeg, and so nearly every viewer, does: by Adobe's segment, else by the names of
// the components; four of them are inverted.
func coloursOfJPEG(p jpeg.Picture) (Image, error) {
	ids := string(p.IDs)
	switch len(ids) {
	case 1:
		return Image{H: p.H, W: p.W, C: 1, Pix: p.Pix}, nil
	case 3:
		m := Image{H: p.H, W: p.W, C: 3, Pix: p.Pix}
		if p.JFIF || p.Adobe > 0 || p.Adobe < 0 && ids != "RGB" {
			turnYCbCr(m.Pix)
		}
		return m, nil
	case 4:
		return Image{H: p.H, W: p.W, C: 3, Pix: eachPixel(p.Pix, 4, func(s []uint8) (r, g, b uint8) {
			c, m, y, k := 255-s[0], 255-s[1], 255-s[2], 255-s[3]
			if p.Adobe == 2 {
				c, m, y = color.YCbCrToRGB(s[0], s[1], s[2])
			}
			return color.CMYKToRGB(c, m, y, k)
		})}, nil
	}
	return Image{}, unread.Kindf("%d components", len(ids))
}

// turnYCbCr turns samples into RGB, in place, as [color.YCbCrToRGB] does: that call for each pixel takes three times as long.
func turnYCbCr(pix []uint8) {
	for len(pix) >= 3 {
		y, cb, cr := int32(pix[0])*0x10101, int32(pix[1])-128, int32(pix[2])-128
		pix[0] = byteOf(y + 91881*cr)
		pix[1] = byteOf(y - 22554*cb - 46802*cr)
		pix[2] = byteOf(y + 116130*cb)
		pix = pix[3:]
	}
}

// byteOf is a number of 1/65536 as a byte, the nearest one where it is none.
func byteOf(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }

// eachPixel turns samples of n a pixel into RGB, in place: the result is shorter where n is 4.
func eachPixel(pix []uint8, n int, to func(samples []uint8) (r, g, b uint8)) []uint8 {
	for i := range len(pix) / n {
		pix[3*i], pix[3*i+1], pix[3*i+2] = to(pix[n*i:])
	}
	return pix[:len(pix)/n*3]
}
