package siam_test

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
)

// TestPaperDoesNotChangeAVerdict compares a drawing with itself on other paper, and with another character.
func TestPaperDoesNotChangeAVerdict(t *testing.T) {
	m := open(t)
	a, other := readImage("testdata/a.png"), readImage("testdata/other.png")
	rng := rand.New(rand.NewPCG(1, 2))
	grey := func(at func(x, y int, v float64) float64) func(image.Image) image.Image {
		return func(src image.Image) image.Image {
			out := image.NewGray(src.Bounds())
			for i := range out.Pix {
				x, y := i%out.Stride, i/out.Stride
				v := float64(color.GrayModel.Convert(src.At(x, y)).(color.Gray).Y)
				out.Pix[i] = uint8(min(max(at(x, y, v), 0), 255))
			}
			return out
		}
	}
	onPage := func(h, w, top, left int) func(image.Image) image.Image {
		return func(src image.Image) image.Image {
			page := image.NewGray(image.Rect(0, 0, w, h))
			for i := range page.Pix {
				page.Pix[i] = 255
			}
			for i := range 105 * 105 {
				page.Set(left+i%105, top+i/105, src.At(i%105, i/105))
			}
			return page
		}
	}
	for name, c := range map[string]struct {
		on   func(image.Image) image.Image
		most float32 // distance of the drawing to itself
	}{
		"paper of level 245":   {grey(func(_, _ int, v float64) float64 { return v * 245 / 255 }), 0.01},
		"noise":                {grey(func(_, _ int, v float64) float64 { return v*0.9 + 12 + 6*rng.NormFloat64() }), 0.02},
		"shading":              {grey(func(x, y int, v float64) float64 { return v * (1 - 0.35*float64(x+y)/210) }), 0.05},
		"white on black":       {grey(func(_, _ int, v float64) float64 { return 255 - v }), 0.001},
		"a larger page":        {onPage(300, 300, 97, 97), 0.15},
		"the corner of a page": {onPage(400, 280, 0, 0), 0.15},
	} {
		same, err := m.Compare(t.Context(), a, c.on(a))
		if err != nil {
			t.Fatal(err)
		}
		different, err := m.Compare(t.Context(), a, c.on(other))
		if err != nil {
			t.Fatal(err)
		}
		if !same.Same || same.Distance > c.most || different.Same {
			t.Errorf("%s: to itself %v, to another %v, want same within %v, and different", name, same, different, c.most)
		}
	}
}
