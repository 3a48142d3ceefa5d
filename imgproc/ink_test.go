package imgproc

import (
	"math"
	"testing"
)

// inked is a page with an ink rectangle of rows y0 up to y1 and columns x0 up to x1.
func inked(h, w, c int, paper, ink uint8, x0, y0, x1, y1 int) Image {
	m := Filled(h, w, c, paper)
	for y := y0; y < y1; y++ {
		for i := x0 * c; i < x1*c; i++ {
			m.Row(y)[i] = ink
		}
	}
	return m
}

// extent is the bounding box of values above half in one row of input.
func extent(row []float32, h, w int) (x0, y0, x1, y1 int) {
	x0, y0 = w, h
	for y := range h {
		for x := range w {
			if row[y*w+x] > 0.5 {
				x0, x1, y0, y1 = min(x0, x), max(x1, x+1), min(y0, y), max(y1, y+1)
			}
		}
	}
	return x0, y0, x1, y1
}

func TestInkIsCentredAndFillsItsFraction(t *testing.T) {
	p := Preprocess{Height: 100, Width: 100, Channels: 1, Invert: true, Ink: 0.8}
	for name, test := range map[string]struct {
		m              Image
		x0, y0, x1, y1 int // where the ink should lie
	}{
		"a wide drawing":        {inked(105, 105, 1, 255, 0, 10, 50, 70, 65), 10, 40, 90, 60},
		"a tall drawing":        {inked(105, 105, 1, 255, 0, 80, 5, 90, 85), 45, 10, 55, 90},
		"a drawing that fills":  {inked(105, 105, 1, 255, 0, 1, 1, 104, 104), 10, 10, 90, 90},
		"a dot":                 {inked(105, 105, 1, 255, 0, 20, 20, 25, 25), 44, 44, 56, 56}, // 5/105 · 0.8/0.3 of 100
		"colours":               {inked(105, 105, 3, 250, 20, 10, 50, 70, 65), 10, 40, 90, 60},
		"a page of other sides": {inked(60, 200, 1, 255, 0, 10, 10, 110, 40), 10, 38, 90, 62},
	} {
		row := make([]float32, p.Size())
		p.Apply(row, test.m)
		x0, y0, x1, y1 := extent(row, 100, 100)
		for i, off := range []int{x0 - test.x0, y0 - test.y0, x1 - test.x1, y1 - test.y1} {
			if off < -1 || off > 1 {
				t.Errorf("%s: ink in columns %d to %d, rows %d to %d, want %d to %d and %d to %d (side %d)",
					name, x0, x1, y0, y1, test.x0, test.x1, test.y0, test.y1, i)
				break
			}
		}
	}
}

func TestInkOfWhiteOnBlack(t *testing.T) {
	p := Preprocess{Height: 100, Width: 100, Channels: 1, Ink: 0.8}
	row := make([]float32, p.Size())
	p.Apply(row, inked(105, 105, 1, 0, 255, 10, 50, 70, 65))
	if x0, y0, x1, y1 := extent(row, 100, 100); x0 != 10 || x1 != 90 || math.Abs(float64(y0-40)) > 1 || math.Abs(float64(y1-60)) > 1 {
		t.Errorf("ink in columns %d to %d, rows %d to %d, want 10 to 90 and 40 to 60", x0, x1, y0, y1)
	}
}

func TestAPageWithoutInkStaysAsItIs(t *testing.T) {
	plain := Preprocess{Height: 20, Width: 20, Channels: 1}
	framed := plain
	framed.Ink = 0.8
	m := Filled(50, 50, 1, 200)
	m.Pix[60] = 190 // too faint for ink
	a, b := make([]float32, 400), make([]float32, 400)
	plain.Apply(a, m)
	framed.Apply(b, m)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("value %d = %v, want %v", i, b[i], a[i])
		}
	}
}

func TestInkMustBeAFraction(t *testing.T) {
	for _, ink := range []float64{-0.1, 1.1, math.NaN()} {
		p := Preprocess{Height: 20, Width: 20, Channels: 1, Ink: ink}
		if p.Validate() == nil {
			t.Errorf("Validate of ink %v = nil, want an error", ink)
		}
	}
}
