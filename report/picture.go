package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// pictureSide is the longest side, in pixels, of a picture inside a page, and largeSide that of a large one; what is larger is made smaller.
const pictureSide, largeSide = 160, 320

// DataURI holds a picture inside a page, with no side longer than most pixels: as PNG, or as JPEG where that is smaller and nothing shines through.
func DataURI(picture image.Image, most int) (template.URL, error) {
	if picture == nil {
		return "", fmt.Errorf("a picture is missing")
	}
	picture = shrunk(picture, most)
	var asPNG, asJPEG bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&asPNG, picture); err != nil {
		return "", err
	}
	if err := jpeg.Encode(&asJPEG, picture, &jpeg.Options{Quality: 88}); err != nil {
		return "", err
	}
	if o, known := picture.(interface{ Opaque() bool }); known && o.Opaque() && asJPEG.Len() < asPNG.Len() {
		return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(asJPEG.Bytes())), nil
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(asPNG.Bytes())), nil
}

// shrunk returns the picture with no side longer than most.
func shrunk(picture image.Image, most int) image.Image {
	box := picture.Bounds()
	if max(box.Dx(), box.Dy()) <= most {
		return picture
	}
	to := within(image.Rect(0, 0, most, most), box)
	small := image.NewNRGBA(to.Sub(to.Min))
	draw.CatmullRom.Scale(small, small.Bounds(), picture, box, draw.Src, nil)
	return small
}

// inked turns a drawing, dark ink on light paper, into strokes of one colour on nothing.
func inked(picture image.Image, ink color.NRGBA) image.Image {
	box := picture.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
	for y := range box.Dy() {
		for x := range box.Dx() {
			grey := color.GrayModel.Convert(picture.At(box.Min.X+x, box.Min.Y+y)).(color.Gray).Y
			ink.A = 255 - grey
			out.SetNRGBA(x, y, ink)
		}
	}
	return out
}
