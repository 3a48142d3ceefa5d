package imgproc

import (
	"image"
	"slices"
	"testing"
)

func TestCropTakesWhatLiesInside(t *testing.T) {
	m := New(3, 4, 1)
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	for _, test := range []struct {
		box  image.Rectangle
		h, w int
		pix  []uint8
	}{
		{image.Rect(1, 1, 3, 3), 2, 2, []uint8{5, 6, 9, 10}},
		{image.Rect(-5, 2, 2, 9), 1, 2, []uint8{8, 9}},
		{image.Rect(4, 0, 9, 9), 0, 0, []uint8{}},
	} {
		got := m.Crop(test.box)
		if got.H != test.h || got.W != test.w || !slices.Equal(got.Pix, test.pix) {
			t.Errorf("Crop(%v) = %d×%d %v, want %d×%d %v", test.box, got.W, got.H, got.Pix, test.w, test.h, test.pix)
		}
	}
}

func TestPreprocessHandsBlueOverFirst(t *testing.T) {
	m := Image{H: 1, W: 1, C: 3, Pix: []uint8{255, 51, 0}}
	p := Preprocess{Height: 1, Width: 1, Channels: 3, BGR: true, Mean: []float32{0.5, 0, 0}, Std: []float32{1, 2, 4}}
	got := make([]float32, 3)
	p.Apply(got, m)
	if want := []float32{0, 0.1, 0.5}; !slices.EqualFunc(got, want, func(a, b float32) bool { return a-b < 1e-6 && b-a < 1e-6 }) {
		t.Errorf("Apply = %v, want %v: mean and deviation belong to the colours, not to places", got, want)
	}
	p.Channels = 1
	if err := p.Validate(); err == nil {
		t.Errorf("Validate of blue first in grey = nil, want an error")
	}
}
