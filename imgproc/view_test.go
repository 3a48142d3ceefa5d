package imgproc

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// viewCase is a way to lay an image of 90×120 pixels into an input.
type viewCase struct {
	p    Preprocess
	a    Affine
	bend *Displacement
}

// bendAt bends an image by moves of up to most pixels, small enough not to fold it.
func bendAt(seed uint64, most float64) *Displacement {
	rng := rand.New(rand.NewPCG(seed, 7))
	d := &Displacement{Rows: 4, Cols: 5, DX: make([]float32, 20), DY: make([]float32, 20)}
	for i := range d.DX {
		d.DX[i], d.DY[i] = float32(most*(2*rng.Float64()-1)), float32(most*(2*rng.Float64()-1))
	}
	return d
}

func viewCases() map[string]viewCase {
	stretch := Preprocess{Height: 64, Width: 48, Channels: 1}
	middle, corner, small := stretch, stretch, stretch
	middle.Pad = &Pad{Level: 255}
	corner.Pad = &Pad{Corner: true, Level: 255}
	small.Pad = &Pad{Side: 40, Level: 255}
	inked := Preprocess{Height: 64, Width: 64, Channels: 1, Ink: 0.8}
	large := Preprocess{Height: 200, Width: 300, Channels: 1}
	moved := Shear(0.1, -0.05).Then(Rotation(20)).Then(Scaling(-0.9, 1.1)).Then(Translation(4, -3))
	return map[string]viewCase{
		"stretched":             {stretch, Identity(), nil},
		"enlarged":              {large, Identity(), nil},
		"moved":                 {stretch, moved, nil},
		"bent":                  {large, Identity(), bendAt(1, 6)},
		"moved and bent":        {stretch, moved, bendAt(2, 4)},
		"padded":                {middle, Identity(), nil},
		"padded at the corner":  {corner, Identity(), nil},
		"padded and not scaled": {small, Identity(), nil},
		"padded and moved":      {middle, moved, bendAt(3, 4)},
		"by its ink":            {inked, Identity(), nil},
		"by its ink and moved":  {inked, moved, nil},
	}
}

// page is white paper with a stroke along its middle, for the ink to be found.
func page() Image {
	m := Filled(90, 120, 1, 255)
	for x := 30; x < 100; x++ {
		for y := 40; y < 50; y++ {
			m.Row(y)[x] = 0
		}
	}
	return m
}

// TestPointsLieWhereTheirPixelsAre compares Point with the middle of what the resampler makes of a blot.
func TestPointsLieWhereTheirPixelsAre(t *testing.T) {
	for name, c := range viewCases() {
		m := page()
		v := c.p.View(m, c.a, c.bend)
		for _, at := range [][2]int{{60, 45}, {45, 30}, {80, 60}} {
			blot := Filled(m.H, m.W, 1, 255)
			for i := range 25 {
				blot.Row(at[1] + i/5)[at[0]+i%5] = 0
			}
			want := v.Point(Point{float32(at[0]) + 2.5, float32(at[1]) + 2.5})
			row := make([]float32, c.p.Size())
			v.Image(row, blot)
			if x, y, ink := centroid(row, c.p.Width); math.Hypot(x-float64(want.X), y-float64(want.Y)) > 0.5 || ink < 1 {
				t.Errorf("%s: Point(%v) = %v, but the resampler puts it at (%.2f, %.2f) with ink %.1f", name, at, want, x, y, ink)
			}
		}
	}
}

// centroid is the middle of what is darker than white.
func centroid(row []float32, w int) (x, y, ink float64) {
	for i, v := range row {
		dark := 1 - float64(v)
		if dark < 0.01 {
			continue
		}
		x, y, ink = x+dark*(float64(i%w)+0.5), y+dark*(float64(i/w)+0.5), ink+dark
	}
	return x / ink, y / ink, ink
}

func TestPointBackUndoesPoint(t *testing.T) {
	for name, c := range viewCases() {
		v := c.p.View(page(), c.a, c.bend)
		for y := float32(-5); y < 95; y += 7 {
			for x := float32(-5); x < 125; x += 9 {
				want := Point{x, y}
				in := v.Point(want)
				if got := v.PointBack(in); math.Hypot(float64(got.X-x), float64(got.Y-y)) > 0.002 {
					t.Fatalf("%s: PointBack(Point(%v)) = %v by way of %v", name, want, got, in)
				}
			}
		}
	}
}

// TestPointBackIsWhereTheResamplerReads: of an image whose level grows with x, or with y, a resampled pixel tells where it came from.
func TestPointBackIsWhereTheResamplerReads(t *testing.T) {
	m, down := New(90, 120, 1), New(90, 120, 1)
	for i := range m.Pix {
		m.Pix[i], down.Pix[i] = uint8(2*(i%120)), uint8(2*(i/120))
	}
	for name, c := range viewCases() {
		v := c.p.View(m, c.a, c.bend)
		xs, ys := make([]float32, c.p.Size()), make([]float32, c.p.Size())
		v.Image(xs, m)
		v.Image(ys, down)
		tested := 0
		for i := range xs {
			at := v.PointBack(Point{float32(i%c.p.Width) + 0.5, float32(i/c.p.Width) + 0.5})
			if at.X < 5 || at.X > 115 || at.Y < 5 || at.Y > 85 {
				continue
			}
			tested++
			x, y := float64(xs[i])*255/2+0.5, float64(ys[i])*255/2+0.5
			if math.Hypot(x-float64(at.X), y-float64(at.Y)) > 0.6 {
				t.Fatalf("%s: PointBack of pixel %d = %v, but the resampler reads (%.2f, %.2f)", name, i, at, x, y)
			}
		}
		if tested < 200 {
			t.Errorf("%s: %d pixels show the image, want many", name, tested)
		}
	}
}

// TestBoxesHoldWhatTheyHeld fills a box, and compares with the pixels that the resampler makes of it.
func TestBoxesHoldWhatTheyHeld(t *testing.T) {
	for name, c := range viewCases() {
		m := page()
		v := c.p.View(m, c.a, c.bend)
		b := Box{40, 30, 36, 24}
		mask := New(m.H, m.W, 1)
		for y := 30; y < 54; y++ {
			for x := 40; x < 76; x++ {
				mask.Row(y)[x] = 255
			}
		}
		covered := make([]float32, c.p.Height*c.p.Width)
		v.Mask(covered, mask)
		x0, y0, x1, y1 := extent(covered, c.p.Height, c.p.Width)
		got, slack := v.Box(b), 2.5
		if c.a == Identity() && c.bend == nil {
			slack = 1
		}
		for side, off := range map[string]float64{"left": float64(got.X) - float64(x0), "top": float64(got.Y) - float64(y0),
			"right": float64(got.X+got.W) - float64(x1), "bottom": float64(got.Y+got.H) - float64(y1)} {
			if outward := off; math.Abs(outward) > slack {
				t.Errorf("%s: Box = %+v, %s side %.1f off the pixels from (%d, %d) to (%d, %d)", name, got, side, off, x0, y0, x1, y1)
			}
		}
		if back := v.BoxBack(got); back.X > b.X+0.01 || back.Y > b.Y+0.01 || back.X+back.W < b.X+b.W-0.01 || back.Y+back.H < b.Y+b.H-0.01 {
			t.Errorf("%s: BoxBack(Box(%+v)) = %+v, want a box around it", name, b, back)
		}
	}
}

func TestMasksGoThereAndBack(t *testing.T) {
	for name, c := range viewCases() {
		m := page()
		v := c.p.View(m, c.a, c.bend)
		mask := New(m.H, m.W, 1)
		for i := range mask.Pix {
			if math.Hypot(float64(i%m.W)-58, float64(i/m.W)-45) < 25 {
				mask.Pix[i] = 255
			}
		}
		n := c.p.Height * c.p.Width
		covered, labels := make([]float32, n), make([]uint8, n)
		v.Mask(covered, mask)
		v.Labels(labels, mask, 7)
		for i, share := range covered {
			if label := labels[i]; share > 0.8 && label != 255 || share < 0.2 && label == 255 {
				t.Fatalf("%s: pixel %d is covered to %.2f, and its label is %d", name, i, share, label)
			}
		}
		back, labelsBack := v.MaskBack(covered), v.LabelsBack(labels, 7)
		var both, either, labelled, shown float64
		for i, want := range mask.Pix {
			p := v.Point(Point{float32(i%m.W) + 0.5, float32(i/m.W) + 0.5})
			if p.X < 0 || p.X >= float32(c.p.Width) || p.Y < 0 || p.Y >= float32(c.p.Height) {
				if back[i] != 0 || labelsBack.Pix[i] != 7 {
					t.Fatalf("%s: pixel %d is not in the input, but has %v and label %d", name, i, back[i], labelsBack.Pix[i])
				}
				continue
			}
			got := back[i] > 0.5
			both, either = both+is(got && want == 255), either+is(got || want == 255)
			labelled, shown = labelled+is(labelsBack.Pix[i] == want), shown+1
		}
		if both/either < 0.93 || labelled/shown < 0.97 {
			t.Errorf("%s: mask there and back has IoU %.3f, labels agree in %.3f, want 0.93 and 0.97", name, both/either, labelled/shown)
		}
	}
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestLabelsNeverMix(t *testing.T) {
	c := viewCases()["moved and bent"]
	labels := New(90, 120, 1)
	for i := range labels.Pix {
		labels.Pix[i] = []uint8{3, 128, 255}[i%120/40]
	}
	got := make([]uint8, c.p.Height*c.p.Width)
	c.p.View(labels, c.a, c.bend).Labels(got, labels, 9)
	seen := map[uint8]bool{}
	for _, v := range got {
		seen[v] = true
	}
	if diff := cmp.Diff(map[uint8]bool{3: true, 128: true, 255: true, 9: true}, seen); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestPadKeepsTheShape(t *testing.T) {
	for name, c := range map[string]struct {
		h, w   int
		pad    Pad
		inside [4]int // of the input, 60 high and 100 wide: left, top, right, bottom
	}{
		"wide":             {20, 80, Pad{}, [4]int{0, 17, 100, 42}},
		"tall":             {300, 100, Pad{}, [4]int{40, 0, 60, 60}},
		"at the corner":    {300, 100, Pad{Corner: true}, [4]int{0, 0, 20, 60}},
		"small and kept":   {10, 20, Pad{Side: 50}, [4]int{40, 25, 60, 35}},
		"large and shrunk": {100, 200, Pad{Side: 50}, [4]int{25, 17, 75, 42}},
		"a line":           {1, 4000, Pad{}, [4]int{0, 29, 100, 30}},
	} {
		p := Preprocess{Height: 60, Width: 100, Channels: 3, Pad: &c.pad}
		row := make([]float32, p.Size())
		p.Apply(row, Filled(c.h, c.w, 1, 255))
		for i, v := range row {
			x, y := i/3%100, i/300
			want := is(x >= c.inside[0] && x < c.inside[2] && y >= c.inside[1] && y < c.inside[3])
			if math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("%s: value at (%d, %d) = %v, want %v: the image in %v", name, x, y, v, want, c.inside)
			}
		}
	}
}

func TestSnugInputsAreTheSmallestThatHoldTheImage(t *testing.T) {
	p := Preprocess{Height: 640, Width: 640, Channels: 3, Pad: &Pad{Side: 640, Corner: true}}
	for _, c := range [][4]int{{100, 120, 128, 128}, {64, 64, 128, 128}, {1500, 2000, 480, 640}, {1333, 701, 640, 480}, {1, 5000, 128, 640}, {480, 481, 480, 640}} {
		got := p.Snug(Filled(c[0], c[1], 1, 0), []int{128, 480, 640})
		if got.Height != c[2] || got.Width != c[3] {
			t.Errorf("Snug(%d×%d) = %d×%d, want %d×%d", c[1], c[0], got.Width, got.Height, c[3], c[2])
		}
	}
}

// TestPreprocessInFilesStaysAsItWas: model files are hashed, so what an earlier program wrote must be written again.
func TestPreprocessInFilesStaysAsItWas(t *testing.T) {
	for want, p := range map[string]Preprocess{
		`{"height":56,"width":56,"channels":1,"invert":true,"ink":0.8}`: {Height: 56, Width: 56, Channels: 1, Invert: true, Ink: 0.8},
		`{"height":112,"width":112,"channels":3,"mean":[0.5,0.5,0.5],"std":[0.25,0.25,0.25],"bgr":true}`: {Height: 112, Width: 112,
			Channels: 3, Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.25, 0.25, 0.25}, BGR: true},
		`{"height":1,"width":2,"channels":3,"pad":{"side":640,"corner":true,"level":114}}`: {Height: 1, Width: 2, Channels: 3,
			Pad: &Pad{Side: 640, Corner: true, Level: 114}},
	} {
		if got, err := json.Marshal(p); err != nil || string(got) != want {
			t.Errorf("Marshal = %s, %v, want %s", got, err, want)
		}
		var read Preprocess
		if err := json.Unmarshal([]byte(want), &read); err != nil || !cmp.Equal(read, p) {
			t.Errorf("Unmarshal(%s) = %+v, %v, want %+v", want, read, err, p)
		}
	}
}

func TestViewsRefuseImagesOfAnotherSize(t *testing.T) {
	v := viewCases()["stretched"].p.View(page(), Identity(), nil)
	row := make([]float32, 64*48)
	for name, call := range map[string]func(){
		"image": func() { v.Image(row, New(10, 10, 1)) }, "mask": func() { v.Mask(row, New(90, 121, 1)) },
		"short mask": func() { v.MaskBack(row[1:]) }, "labels": func() { v.Labels(make([]uint8, 5), page(), 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
