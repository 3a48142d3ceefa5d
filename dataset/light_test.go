package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/siam-go/siam/imgproc"
)

// colours is a 4×4 image in colour, and how it is prepared.
func colours() (imgproc.Image, imgproc.Preprocess) {
	m := imgproc.New(4, 4, 3)
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 5)
	}
	half, quarter := []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}
	return m, imgproc.Preprocess{Height: 4, Width: 4, Channels: 3, Mean: half, Std: quarter}
}

// rowOf is one row of a batch, augmented.
func rowOf(a Augment, m imgproc.Image, p imgproc.Preprocess, seed uint64) []float32 {
	dst := make([]float32, p.Size())
	Item{Image: m}.write(dst, p, a, rand.New(rand.NewPCG(seed, 0)))
	return dst
}

func TestMirrorTurnsLeftToRight(t *testing.T) {
	m, p := colours()
	plain, mirrored := rowOf(Augment{}, m, p, 1), rowOf(Augment{Mirror: 1}, m, p, 1)
	for y := range 4 {
		for x := range 4 {
			for c := range 3 {
				got, want := mirrored[(y*4+x)*3+c], plain[(y*4+3-x)*3+c]
				if math.Abs(float64(got-want)) > 1e-5 {
					t.Fatalf("mirrored pixel (%d, %d) = %v, want %v", x, y, got, want)
				}
			}
		}
	}
}

func TestLightIsItsDefinition(t *testing.T) {
	m, p := colours()
	plain := rowOf(Augment{}, m, p, 1)
	means := [3]float64{}
	for i, v := range plain {
		means[i%3] += float64(v) / 16
	}
	grey := func(i int) float64 {
		first := i - i%3
		return (float64(plain[first]) + float64(plain[first+1]) + float64(plain[first+2])) / 3
	}
	for name, c := range map[string]struct {
		light Light
		want  func(i int) float64
	}{
		"bright":   {Light{Bright: Range{0.1, 0.1}}, func(i int) float64 { return float64(plain[i]) + 0.1/0.25 }},
		"contrast": {Light{Contrast: Range{2, 2}}, func(i int) float64 { return 2*float64(plain[i]) - means[i%3] }},
		"colour":   {Light{Colour: Range{0.5, 0.5}}, func(i int) float64 { return (float64(plain[i]) + grey(i)) / 2 }},
		"hide":     {Light{Hide: Range{1, 1}}, func(int) float64 { return 0 }},
		"nothing":  {Light{Hide: Range{-1, 0}}, func(i int) float64 { return float64(plain[i]) }},
	} {
		for i, got := range rowOf(Augment{Light: c.light}, m, p, 1) {
			if math.Abs(float64(got)-c.want(i)) > 1e-4 {
				t.Fatalf("%s: value %d = %v, want %v", name, i, got, c.want(i))
			}
		}
	}
}

func TestHideCoversASquare(t *testing.T) {
	m, p := colours()
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	places := map[int]bool{}
	for seed := range uint64(20) {
		row := rowOf(Augment{Light: Light{Hide: Range{0.5, 0.5}}}, m, p, seed)
		hidden := 0
		for _, v := range row {
			if v == 0 {
				hidden++
			}
		}
		if hidden != 2*2*3 {
			t.Fatalf("%d values hidden, want 12", hidden)
		}
		places[slices.Index(row, 0)] = true
	}
	if len(places) < 4 {
		t.Errorf("squares begin at %d places in 20 images, want several", len(places))
	}
}

func TestLightOfGreyImagesHasNoColour(t *testing.T) {
	m, p := colours()
	p.Channels, p.Mean, p.Std = 1, nil, nil
	plain := rowOf(Augment{}, m, p, 1)
	if got := rowOf(Augment{Light: Light{Colour: Range{0, 0.5}}}, m, p, 1); !slices.Equal(got, plain) {
		t.Errorf("grey row = %v, want %v unchanged", got, plain)
	}
}

func TestLightRefusesRangesUpsideDown(t *testing.T) {
	for _, l := range []Light{{Bright: Range{1, 0}}, {Contrast: Range{0, 100}}, {Hide: Range{math.NaN(), 1}}} {
		if err := (Augment{Light: l}).Validate(); err == nil {
			t.Errorf("Validate(%+v) = nil, want an error", l)
		}
	}
	if err := (Augment{Mirror: 2}).Validate(); err == nil {
		t.Error("Validate with mirror 2 = nil, want an error")
	}
}
