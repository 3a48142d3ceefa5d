// Package imgproc turns image files into the numbers an encoder reads: it decodes safely, resizes, crops and warps.
package imgproc

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

// Image is pixels [h, w, c] as bytes, row by row: c is 1 (grey) or 3 (RGB), 0 is black and 255 is white.
type Image struct {
	H, W, C int
	Pix     []uint8
}

// New returns a black image of h×w pixels with c channels.
func New(h, w, c int) Image {
	return Image{H: h, W: w, C: c, Pix: make([]uint8, h*w*c)}
}

// Filled returns an image of h×w pixels with c channels, every byte of it v.
func Filled(h, w, c int, v uint8) Image {
	m := New(h, w, c)
	for i := range m.Pix {
		m.Pix[i] = v
	}
	return m
}

// Check reports an image that nothing can be done with: no pixels, channels other than 1 or 3, or sizes that do not fit Pix.
func (m Image) Check() error {
	if err := checkSides(m.H, m.W); err != nil {
		return err
	}
	switch {
	case m.C != 1 && m.C != 3:
		return fmt.Errorf("image has %d channels, want 1 or 3", m.C)
	case len(m.Pix) != m.H*m.W*m.C:
		return fmt.Errorf("image has %d bytes, want %d×%d×%d", len(m.Pix), m.H, m.W, m.C)
	}
	return nil
}

// Row is row y of the image: W·C bytes that belong to it.
func (m Image) Row(y int) []uint8 {
	n := m.W * m.C
	return m.Pix[y*n : (y+1)*n : (y+1)*n]
}

// Grey is the image with one channel, the luma of ITU-R BT.601:
//
//	v = 0.299 r + 0.587 g + 0.114 b
//
// An image that is grey already is returned as it is, sharing its pixels.
func (m Image) Grey() Image {
	if m.C == 1 {
		return m
	}
	grey := New(m.H, m.W, 1)
	for i := range grey.Pix {
		p := m.Pix[3*i : 3*i+3 : 3*i+3]
		grey.Pix[i] = luma(p[0], p[1], p[2])
	}
	return grey
}

// luma rounds 0.299 r + 0.587 g + 0.114 b; the weights are 1/65536ths that sum to one.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// RGB is the image with three channels, equal ones when it was grey. An RGB image is returned as it is, sharing its pixels.
func (m Image) RGB() Image {
	if m.C == 3 {
		return m
	}
	rgb := New(m.H, m.W, 3)
	for i, v := range m.Pix {
		p := rgb.Pix[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = v, v, v
	}
	return rgb
}

// FromImage copies a Go image. Grey images, and palettes of greys, become one channel and all others three;
// what is transparent shows white, or black where the picture is so light that it would not show on white. [Convert] takes images
// that may be no good.
func FromImage(src image.Image) Image {
	m, _ := fromImage(context.Background(), src)
	return m
}

// fromImage fails with ctx only.
func fromImage(ctx context.Context, src image.Image) (Image, error) {
	switch src := src.(type) {
	case *image.Gray:
		return copyRows(src.Pix, src.Stride, src.Rect.Dy(), src.Rect.Dx()), nil
	case *image.Gray16:
		return fromGrey16(src), nil
	case *image.Paletted:
		if levels, ok := greyLevels(src.Palette); ok {
			m := copyRows(src.Pix, src.Stride, src.Rect.Dy(), src.Rect.Dx())
			for i, v := range m.Pix {
				m.Pix[i] = levels[v]
			}
			return m, nil
		}
	}
	return fromColour(ctx, src)
}

// copyRows copies h rows of w bytes that start stride bytes apart.
func copyRows(pix []uint8, stride, h, w int) Image {
	m := New(h, w, 1)
	for y := range h {
		copy(m.Row(y), pix[y*stride:])
	}
	return m
}

func fromGrey16(src *image.Gray16) Image {
	m := New(src.Rect.Dy(), src.Rect.Dx(), 1)
	for y := range m.H {
		row := m.Row(y)
		for x := range row {
			row[x] = src.Pix[y*src.Stride+2*x]
		}
	}
	return m
}

// greyLevels gives the grey of each palette entry, or false when one is coloured or transparent.
func greyLevels(palette color.Palette) (levels [256]uint8, ok bool) {
	for i, c := range palette {
		r, g, b, a := c.RGBA()
		if r != g || g != b || a != 0xffff || i > 255 {
			return levels, false
		}
		levels[i] = uint8(r >> 8)
	}
	return levels, true
}

// bandRows is how many rows are laid on paper at once, which then is in the cache.
const bandRows = 64

func fromColour(ctx context.Context, src image.Image) (Image, error) {
	box := src.Bounds()
	if rgba, ok := src.(*image.RGBA); ok && rgba.Opaque() {
		return fromOpaque(rgba), nil
	}
	under := image.White
	if light(src) {
		under = image.Black
	}
	m := New(box.Dy(), box.Dx(), 3)
	paper := image.NewRGBA(image.Rect(0, 0, m.W, min(m.H, bandRows)))
	for y := 0; y < m.H; y += bandRows {
		if err := ctx.Err(); err != nil {
			return Image{}, err
		}
		band := image.Rect(0, 0, m.W, min(m.H-y, bandRows))
		draw.Draw(paper, band, under, image.Point{}, draw.Src)
		draw.Draw(paper, band, src, box.Min.Add(image.Pt(0, y)), draw.Over)
		out := m.Pix[3*y*m.W:]
		for i := range band.Dy() * m.W {
			copy(out[3*i:3*i+3], paper.Pix[4*i:])
		}
	}
	return m, nil
}

// fromOpaque drops the alpha of an image that hides all behind it.
func fromOpaque(src *image.RGBA) Image {
	m := New(src.Rect.Dy(), src.Rect.Dx(), 3)
	for y := range m.H {
		from := src.Pix[y*src.Stride:]
		for row := m.Row(y); len(row) >= 3 && len(from) >= 4; row, from = row[3:], from[4:] {
			row[0], row[1], row[2] = from[0], from[1], from[2]
		}
	}
	return m
}

// light says whether an image has transparent parts and, but for a hundredth of what is not, nothing darker than a very light grey: white
// ink made for dark pages.
func light(src image.Image) bool {
	if opaque, ok := src.(interface{ Opaque() bool }); !ok || opaque.Opaque() {
		return false
	}
	const veryLight = 216
	box := src.Bounds()
	seen := image.NewNRGBA(image.Rect(0, 0, box.Dx(), box.Dy()))
	draw.Draw(seen, seen.Rect, src, box.Min, draw.Src)
	all, dark := 0, 0
	for i := 0; i < len(seen.Pix); i += 4 {
		alpha := int(seen.Pix[i+3])
		all += alpha
		if luma(seen.Pix[i], seen.Pix[i+1], seen.Pix[i+2]) < veryLight {
			dark += alpha
		}
	}
	return all > 0 && 100*dark < all
}

// GoImage is the image as Go's own type: *image.Gray, sharing its pixels, or *image.NRGBA, a copy.
func (m Image) GoImage() image.Image {
	box := image.Rect(0, 0, m.W, m.H)
	if m.C == 1 {
		return &image.Gray{Pix: m.Pix, Stride: m.W, Rect: box}
	}
	out := image.NewNRGBA(box)
	for i := range m.H * m.W {
		copy(out.Pix[4*i:4*i+3], m.Pix[3*i:])
		out.Pix[4*i+3] = 255
	}
	return out
}
