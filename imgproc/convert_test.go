package imgproc

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"
)

// strange is an image of a program's own, which computes its pixels.
type strange struct {
	box image.Rectangle
	at  func(x, y int) color.Color
}

func (s strange) ColorModel() color.Model { return color.RGBAModel }
func (s strange) Bounds() image.Rectangle { return s.box }
func (s strange) At(x, y int) color.Color { return s.at(x, y) }
func slope(x, y int) color.Color          { return color.RGBA{uint8(x), uint8(y), 7, 255} }
func broken(int, int) color.Color         { panic("no pixels here") }
func sized(w, h int) image.Image          { return strange{image.Rect(-3, 5, w-3, h+5), slope} }
func anyhow(w, h int) image.Image         { return strange{image.Rect(0, 0, w, h), broken} }

func TestConvertRefusesWhatIsNoImage(t *testing.T) {
	var typed *image.RGBA
	for name, test := range map[string]struct {
		image image.Image
		want  string
	}{
		"nil":                       {nil, "image is nil"},
		"a typed nil":               {typed, "image is a nil *image.RGBA"},
		"an empty image":            {image.NewGray(image.Rect(0, 0, 0, 5)), "0×5 pixels is empty"},
		"a colour without end":      {image.White, "larger than 64 megapixels"},
		"a huge image":              {anyhow(200000, 200000), "image of 200000×200000 pixels is larger than 64 megapixels"},
		"an image that panics":      {anyhow(4, 4), "imgproc.strange cannot be read: no pixels here"},
		"an image without pixels":   {&image.RGBA{Rect: image.Rect(0, 0, 4, 4), Stride: 16}, "*image.RGBA cannot be read"},
		"a palette without colours": {&image.Paletted{Pix: make([]uint8, 16), Stride: 4, Rect: image.Rect(0, 0, 4, 4)}, ""},
	} {
		if _, err := Convert(t.Context(), test.image); test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("Convert of %s: %v, want %q", name, err, test.want)
		}
	}
}

func TestConvertEqualsTheDefinition(t *testing.T) {
	for _, height := range []int{1, bandRows, bandRows + 1, 3 * bandRows} {
		src := sized(9, height)
		m, err := Convert(t.Context(), src)
		if err != nil || m.H != height || m.W != 9 || m.C != 3 {
			t.Fatalf("Convert of %d rows = %d×%d×%d, %v", height, m.H, m.W, m.C, err)
		}
		for y := range m.H {
			for x := range m.W {
				r, g, b, _ := src.At(x-3, y+5).RGBA()
				if got, want := m.Row(y)[3*x:3*x+3], []byte{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}; !bytes.Equal(got, want) {
					t.Fatalf("pixel (%d, %d) of %d rows = %v, want %v", x, y, height, got, want)
				}
			}
		}
	}
}

func TestConvertEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rows := 0
	src := strange{image.Rect(0, 0, 1, 10*bandRows), func(x, y int) color.Color {
		rows = max(rows, y)
		cancel()
		return color.White
	}}
	if _, err := Convert(ctx, src); !errors.Is(err, context.Canceled) || rows >= bandRows {
		t.Errorf("Convert reads on to row %d after its context's end: %v", rows, err)
	}
}

func TestAnOpaqueImageIsItsColours(t *testing.T) {
	whole := image.NewRGBA(image.Rect(0, 0, 9, 7))
	for i := range whole.Pix {
		whole.Pix[i] = uint8(37 * i)
		if i%4 == 3 {
			whole.Pix[i] = 255
		}
	}
	part := whole.SubImage(image.Rect(2, 1, 8, 6))
	got := FromImage(part)
	if got.H != 5 || got.W != 6 || got.C != 3 {
		t.Fatalf("%d×%d×%d, want 5×6×3", got.H, got.W, got.C)
	}
	for i := range got.H * got.W {
		r, g, b, _ := part.At(2+i%6, 1+i/6).RGBA()
		if want := []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; !bytes.Equal(got.Pix[3*i:3*i+3], want) {
			t.Fatalf("pixel %d is %v, want %v", i, got.Pix[3*i:3*i+3], want)
		}
	}
}
