package imgproc

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

// redrawn is a drawing with every pixel changed.
func redrawn(m Image, change func(x, y int, v float64) float64) Image {
	out := New(m.H, m.W, 1)
	for i, v := range m.Pix {
		out.Pix[i] = uint8(min(max(math.Round(change(i%m.W, i/m.W, float64(v))), 0), 255))
	}
	return out
}

func TestPaperDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, c := range map[string]struct {
		change    func(x, y int, v float64) float64
		tolerance float64 // mean over the pixels of the input
	}{
		"paper of level 245":    {func(_, _ int, v float64) float64 { return v * 245 / 255 }, 0.001},
		"dark paper":            {func(_, _ int, v float64) float64 { return v * 140 / 255 }, 0.001},
		"pale ink":              {func(_, _ int, v float64) float64 { return 210 - (255-v)*0.5 }, 0.002},
		"noise":                 {func(_, _ int, v float64) float64 { return v*0.9 + 15 + 8*rng.NormFloat64() }, 0.01},
		"shading":               {func(x, y int, v float64) float64 { return v * (1 - 0.4*float64(x+y)/210) }, 0.02},
		"shading and noise":     {func(x, y int, v float64) float64 { return v*(0.95-0.3*float64(x)/105) + 5*rng.NormFloat64() }, 0.02},
		"light ink, dark paper": {func(_, _ int, v float64) float64 { return 255 - v }, 0},
		"chalk":                 {func(_, _ int, v float64) float64 { return 40 + (255-v)*0.7 + 5*rng.NormFloat64() }, 0.01},
	} {
		for _, p := range []Preprocess{{Height: 28, Width: 28, Channels: 1, Invert: true}, {Height: 48, Width: 48, Channels: 1, Invert: true, Ink: 0.86}} {
			m := drawing(7)
			want, got := make([]float32, p.Size()), make([]float32, p.Size())
			p.Apply(want, m)
			p.Apply(got, redrawn(m, c.change))
			off := 0.0
			for i := range want {
				off += math.Abs(float64(want[i]-got[i])) / float64(len(want))
			}
			if off > c.tolerance {
				t.Errorf("%s, ink %v: off by %.4f on average, want at most %v", name, p.Ink, off, c.tolerance)
			}
		}
	}
}

func TestCleanDrawingsStayAsTheyAre(t *testing.T) {
	full := inked(105, 105, 1, 255, 0, 1, 1, 104, 104)
	for name, m := range map[string]Image{"drawing": drawing(1), "blank": Filled(50, 60, 1, 255), "full of ink": full, "tiny": Filled(3, 3, 1, 9)} {
		if got := m.onCleanPaper(); &got.Pix[0] != &m.Pix[0] {
			t.Errorf("%s: its pixels were changed or copied", name)
		}
	}
	noisy := redrawn(Filled(60, 60, 1, 200), func(_, _ int, v float64) float64 { return v + float64(rand.New(rand.NewPCG(1, 1)).IntN(5)) })
	for i, v := range noisy.onCleanPaper().Pix {
		if v < 245 {
			t.Fatalf("paper without ink: pixel %d = %d, want paper", i, v)
		}
	}
}

// onPage lays a drawing on a larger white page.
func onPage(m Image, h, w, top, left int) Image {
	page := Filled(h, w, 1, 255)
	for y := range m.H {
		copy(page.Row(top + y)[left:], m.Row(y))
	}
	return page
}

func TestDrawingsFillTheirPageWhereverTheyStand(t *testing.T) {
	m := inked(105, 105, 1, 255, 255, 0, 0, 0, 0)
	for i := 20; i < 83; i++ { // a cross of 63 pixels
		for k := range 3 {
			m.Row(i)[50+k], m.Row(50 + k)[i] = 0, 0
		}
	}
	p := Preprocess{Height: 105, Width: 105, Channels: 1, Invert: true}
	framed := p
	framed.Ink = 0.8
	for name, page := range map[string]Image{
		"in the middle": onPage(m, 300, 300, 100, 100), "beside": onPage(m, 420, 300, 290, 20),
		"on a wide page": onPage(m, 200, 1000, 50, 600), "at the corner": onPage(m, 210, 210, 0, 0), "a large scan": Resize(m, 630, 630),
	} {
		row := make([]float32, p.Size())
		p.Apply(row, page)
		x0, y0, x1, y1 := extent(row, 105, 105)
		if w, h := x1-x0, y1-y0; w < 61 || w > 65 || h < 61 || h > 65 {
			t.Errorf("%s: ink of %d×%d pixels, want 63×63", name, w, h)
		}
		framed.Apply(row, page)
		x0, y0, x1, y1 = extent(row, 105, 105)
		if w, h := x1-x0, y1-y0; w < 83 || w > 85 || h < 83 || h > 85 || x0 < 9 || x0 > 12 || y0 < 9 || y0 > 12 {
			t.Errorf("%s, by its ink: %d×%d pixels from (%d, %d), want 84×84 from (10, 10)", name, w, h, x0, y0)
		}
	}
	row := make([]float32, p.Size())
	framed.Apply(row, inked(600, 600, 1, 255, 0, 300, 300, 312, 312)) // a dot of a thick pen
	if x0, _, x1, _ := extent(row, 105, 105); x1-x0 > 20 {
		t.Errorf("a dot on a large page fills %d of 105 pixels, want it to remain a dot", x1-x0)
	}
}

func TestWhiteInkOnTransparentPaperIsSeen(t *testing.T) {
	m := drawing(2)
	transparent := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	for i, v := range m.Pix {
		transparent.SetNRGBA(i%m.W, i/m.W, color.NRGBA{255, 255, 255, 255 - v})
	}
	p := Preprocess{Height: 28, Width: 28, Channels: 1, Invert: true}
	want, got := make([]float32, p.Size()), make([]float32, p.Size())
	p.Apply(want, m)
	p.Apply(got, FromImage(transparent))
	for i := range want {
		if math.Abs(float64(want[i]-got[i])) > 1e-3 {
			t.Fatalf("value %d = %v, want %v as of black ink on white", i, got[i], want[i])
		}
	}
	for i := range transparent.Pix {
		if i%4 != 3 {
			transparent.Pix[i] = 0
		}
	}
	if black := FromImage(transparent).Grey(); !bytes.Equal(black.Pix, m.Pix) {
		t.Error("black ink on transparent paper is not black on white")
	}
}
