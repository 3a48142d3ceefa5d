package imgproc

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"regexp"

	"github.com/siam-go/siam/imgproc/internal/bmp"
	"github.com/siam-go/siam/imgproc/internal/tiff"
)

// format is one kind of image file.
type format struct {
	name, magic string // see matches
	size        func(data []byte) (w, h int, err error)
	decode      func(data []byte) (Image, error)
	// What follows is nil where it cannot be had.
	shrunk func(data []byte, enough Enough) (Photo, error)                  // at a part of the size at once
	part   func(data []byte, shrink int, box image.Rectangle) (Part, error) // see [Photo.Part]
}

// The first whose magic a file has reads it.
var formats = []format{
	{"PNG", "\x89PNG\r\n\x1a\n", pngSize, decodePNG, nil, nil},
	{"JPEG", "\xff\xd8\xff", jpegSize, decodeJPEG, shrunkJPEG, partOfJPEG},
	{"GIF", "GIF8?a", sizeBy(gif.DecodeConfig), decodeGIF, nil, nil},
	{"BMP", "BM", bmp.Size, decodeBMP, nil, nil},
	{"TIFF", "II*\x00", tiff.Size, decodeTIFF, nil, nil},
	{"TIFF", "MM\x00*", tiff.Size, decodeTIFF, nil, nil},
	{"TIFF", "II+\x00", tiff.Size, decodeTIFF, nil, nil},
	{"TIFF", "MM\x00+", tiff.Size, decodeTIFF, nil, nil},
	{"WebP", "RIFF????WEBPVP8", webpSize, decodeWebP, nil, nil},
	{"PGM", "P2", sizeBy(pnmConfig), decodePNM, nil, nil},
	{"PGM", "P5", sizeBy(pnmConfig), decodePNM, nil, nil},
	{"PPM", "P3", sizeBy(pnmConfig), decodePNM, nil, nil},
	{"PPM", "P6", sizeBy(pnmConfig), decodePNM, nil, nil},
}

// otherFormats are images that are not read, for an error that says so.
var otherFormats = []struct{ name, magic string }{
	{"HEIC", "????ftypheic"}, {"HEIC", "????ftypheix"}, {"HEIC", "????ftyphevc"}, {"HEIC", "????ftyphevx"},
	{"HEIC", "????ftypheim"}, {"HEIC", "????ftypheis"}, {"AVIF", "????ftypavif"}, {"AVIF", "????ftypavis"},
	{"HEIF", "????ftypmif1"}, {"HEIF", "????ftypmsf1"}, {"a camera's raw picture (CR3)", "????ftypcrx "}, {"a film", "????ftyp"},
	{"JPEG XL", "\xff\x0a"}, {"JPEG XL", "\x00\x00\x00\x0cJXL \r\n\x87\n"},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  \r\n\x87\n"}, {"JPEG 2000", "\xff\x4f\xff\x51"},
	{"PBM", "P1"}, {"PBM", "P4"}, {"PAM", "P7"}, {"PFM", "PF\n"}, {"PFM", "Pf\n"},
	{"a Photoshop file", "8BPS"}, {"a GIMP file", "gimp xcf"}, {"an icon file", "\x00\x00\x01\x00"},
	{"OpenEXR", "\x76\x2f\x31\x01"}, {"Radiance HDR", "#?RADIANCE"}, {"QOI", "qoif"}, {"a DirectDraw surface", "DDS "},
	{"a camera's raw picture (RAF)", "FUJIFILMCCD-RAW"}, {"a camera's raw picture (ORF)", "IIRO"}, {"a camera's raw picture (RW2)", "IIU\x00"},
	{"SVG", "<svg"},
}

// noImages is what image files turn out to be when a download or a conversion went wrong.
var noImages = []struct{ name, magic string }{
	{"a web page", "<!DOCTYPE"}, {"a web page", "<!doctype"}, {"a web page", "<html"}, {"a web page", "<HTML"}, {"XML", "<?xml"},
	{"a PDF", "%PDF"}, {"PostScript", "%!PS"},
}

// netpbm is how PGM and PPM files begin: with their mark and a comment, or width, height and largest value.
var netpbm = regexp.MustCompile(`^P[2356](\s+\d+\s+\d+\s+\d+\s|\r?\n#)`)

// HeadBytes is how much of a file [Recognise] wants to see.
const HeadBytes = 64

// Recognise says from the first bytes of a file, whatever it is called, whether it is an image that is read, or else which other kind of
// picture it is, "" where it is none. Marks of two bytes alone do not count: a text may begin with "BM" or "P2".
func Recognise(head []byte) (image bool, other string) {
	if matches("BM????\x00\x00\x00\x00", head) || netpbm.Match(head) {
		return true, ""
	}
	for _, f := range formats {
		if len(f.magic) > 2 && matches(f.magic, head) {
			return true, ""
		}
	}
	for _, f := range otherFormats {
		if len(f.magic) > 3 && matches(f.magic, head) {
			return false, f.name
		}
	}
	return false, ""
}

// matches says whether data begins with magic, in which '?' stands for any byte.
func matches(magic string, data []byte) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// sizeBy reads the size as the decoders of package image do.
func sizeBy(config func(io.Reader) (image.Config, error)) func([]byte) (w, h int, err error) {
	return func(data []byte) (w, h int, err error) {
		c, err := config(bytes.NewReader(data))
		return c.Width, c.Height, err
	}
}

func decodeBMP(data []byte) (Image, error) {
	m, err := bmp.Decode(data)
	if err != nil {
		return Image{}, err
	}
	return FromImage(m), nil
}

func decodeTIFF(data []byte) (Image, error) {
	m, orientation, err := tiff.Decode(data)
	if err != nil {
		return Image{}, err
	}
	return FromImage(m).Turned(orientationTurn(orientation)), nil
}

// decodeGIF reads the first frame. What of the picture it leaves out is transparent, so white.
func decodeGIF(data []byte) (Image, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Image{}, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return Image{}, err
	}
	box := image.Rect(0, 0, c.Width, c.Height)
	if frame.Bounds() == box {
		return FromImage(frame), nil
	}
	return FromImage(onPaper(box, frame)), nil
}

// onPaper is white with a picture somewhere on it.
func onPaper(box image.Rectangle, m image.Image) *image.RGBA {
	paper := image.NewRGBA(box)
	draw.Draw(paper, box, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(paper, m.Bounds(), m, m.Bounds().Min, draw.Over)
	return paper
}
