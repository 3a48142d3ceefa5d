package gallery

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/siam-go/siam/imgproc"
)

const (
	cropSide    = 512       // longest side of what is kept, pixels
	losslessTo  = 160 * 160 // pixels up to which it is kept as PNG
	cropQuality = 95        // of JPEG beyond
)

// Crop encodes what is to be kept of a photograph: the box, left, top, width and height in pixels of its full size, with half its size
// around it on every side, so that a detector finds the face again; or the whole image where there is no box. It is shrunk to 512
// pixels where it is larger, and is a PNG up to 25,600 pixels and a JPEG beyond.
func Crop(photo imgproc.Photo, box *[4]float32) ([]byte, error) {
	kept := image.Rect(0, 0, photo.Image.W*photo.Shrink, photo.Image.H*photo.Shrink)
	if box != nil {
		x, y, w, h := box[0], box[1], box[2], box[3]
		kept = image.Rect(int(x-w/2), int(y-h/2), int(x+w*3/2), int(y+h*3/2)).Intersect(kept)
	}
	shrink := photo.Shrink
	for shrink > 1 && max(kept.Dx(), kept.Dy())/shrink < cropSide {
		shrink /= 2
	}
	part, err := photo.Part(shrink, kept)
	if err != nil {
		return nil, err
	}
	within := image.Rect(kept.Min.X/part.Shrink, kept.Min.Y/part.Shrink, (kept.Max.X+part.Shrink-1)/part.Shrink, (kept.Max.Y+part.Shrink-1)/part.Shrink)
	m := part.Image.Crop(within.Sub(part.Corner))
	if err := m.Check(); err != nil {
		return nil, err
	}
	if most := max(m.H, m.W); most > cropSide {
		m = imgproc.Resize(m, max(m.H*cropSide/most, 1), max(m.W*cropSide/most, 1))
	}
	return encodeCrop(m)
}

func encodeCrop(m imgproc.Image) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if m.H*m.W <= losslessTo {
		err = png.Encode(&b, m.GoImage())
	} else {
		err = jpeg.Encode(&b, m.GoImage(), &jpeg.Options{Quality: cropQuality})
	}
	return b.Bytes(), err
}
