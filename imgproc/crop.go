package imgproc

import "image"

// Crop copies the part of the image inside box; what of box lies outside the image is left out. An empty part is an image
// without pixels.
func (m Image) Crop(box image.Rectangle) Image {
	box = box.Intersect(image.Rect(0, 0, m.W, m.H))
	out := New(box.Dy(), box.Dx(), m.C)
	for y := range out.H {
		copy(out.Row(y), m.Row(box.Min.Y + y)[box.Min.X*m.C:])
	}
	return out
}
