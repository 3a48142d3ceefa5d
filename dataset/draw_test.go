package dataset

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

// everything is an augmentation in which all that Augment knows is at work.
func everything() Augment {
	a := KochDistortions()
	a.Chance, a.Keep = 0, 0
	a.Thicken, a.Bend, a.Mirror = Range{-0.5, 0.5}, 0.03, 0.5
	a.Light = Light{Bright: Range{-0.2, 0.2}, Contrast: Range{0.8, 1.2}, Colour: Range{0.5, 1.5}, Hide: Range{-1, 0.2}}
	return a
}

// TestAMaskMovesWithItsImage lays a white square down together with its mask, box and middle: they stay together whatever is drawn.
func TestAMaskMovesWithItsImage(t *testing.T) {
	a := everything()
	a.Thicken, a.Light = Range{}, Light{} // so that the image can be compared with its mask
	m := imgproc.New(80, 60, 1)
	for y := 20; y < 50; y++ {
		for x := 15; x < 40; x++ {
			m.Row(y)[x] = 255
		}
	}
	for name, p := range map[string]imgproc.Preprocess{
		"stretched": {Height: 50, Width: 70, Channels: 1}, "padded": {Height: 50, Width: 70, Channels: 1, Pad: &imgproc.Pad{}},
	} {
		for seed := range uint64(20) {
			d := a.Draw(newRand(seed), m, p)
			input, cover := make([]float32, p.Size()), make([]float32, p.Size())
			view := d.Image(input, p, m)
			view.Mask(cover, m)
			if diff := cmp.Diff(input, cover); diff != "" {
				t.Fatalf("%s, seed %d: the mask of a white square is not the square (-image +mask):\n%s", name, seed, diff)
			}
			var x, y, ink float64
			for i, v := range input {
				x, y, ink = x+float64(v)*(float64(i%70)+0.5), y+float64(v)*(float64(i/70)+0.5), ink+float64(v)
			}
			middle := view.Point(imgproc.Point{X: 27.5, Y: 35})
			if off := math.Hypot(x/ink-float64(middle.X), y/ink-float64(middle.Y)); off > 1.5 {
				t.Errorf("%s, seed %d: the square's middle is %.2f pixels off its point %v", name, seed, off, middle)
			}
			box := view.Box(imgproc.Box{X: 15, Y: 20, W: 25, H: 30})
			for i, v := range input {
				px, py := float32(i%70)+0.5, float32(i/70)+0.5
				if v > 0.6 && (px < box.X-0.5 || px > box.X+box.W+0.5 || py < box.Y-0.5 || py > box.Y+box.H+0.5) {
					t.Fatalf("%s, seed %d: pixel (%v, %v) of the square is outside its box %+v", name, seed, px, py, box)
				}
			}
		}
	}
}

func TestADrawIsOfItsSeedAlone(t *testing.T) {
	m, p := colours()
	a, b := everything().Draw(newRand(1, 2), m, p), everything().Draw(newRand(1, 2), m, p)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the same seed draws (-first +second):\n%s", diff)
	}
	if c := everything().Draw(newRand(1, 3), m, p); cmp.Equal(a, c) {
		t.Errorf("another seed draws the same: %+v", c)
	}
}

func TestTheZeroDrawLeavesImagesAlone(t *testing.T) {
	m, p := colours()
	want, got := make([]float32, p.Size()), make([]float32, p.Size())
	p.Apply(want, m)
	Draw{}.Image(got, p, m)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("zero draw (-want +got):\n%s", diff)
	}
}

// negative is an augmentation of somebody else: half of the images become their negative, after Koch's distortions.
type negative struct{ base Augment }

func (n negative) Draw(rng *rand.Rand, m imgproc.Image, p imgproc.Preprocess) Draw {
	d := n.base.Draw(rng, m, p)
	if rng.IntN(2) == 0 {
		d.Change = func(m imgproc.Image) imgproc.Image {
			out := imgproc.New(m.H, m.W, m.C)
			for i, v := range m.Pix {
				out.Pix[i] = 255 - v
			}
			return out
		}
	}
	return d
}

func TestOwnAugmentationsChangePixels(t *testing.T) {
	s := letters(3, 4, 5, 6)
	before := s.Items[0].Image.Pix[0]
	o := LoaderOptions{Augment: negative{}, Seed: 9, Steps: 6, Workers: 1}
	own := batches(t, newLoader(t, s, o))
	o.Workers = 3
	if diff := cmp.Diff(own, batches(t, newLoader(t, s, o))); diff != "" {
		t.Errorf("with 3 workers (-1 worker +3):\n%s", diff)
	}
	o.Augment = nil
	negatives, same := 0, 0
	for i, b := range batches(t, newLoader(t, s, o)) {
		for row := range b.N {
			plain, got := b.Images[row*64:(row+1)*64], own[i].Images[row*64:(row+1)*64]
			if cmp.Equal(plain, got) {
				same++
				continue
			}
			negatives++
			for k, v := range got {
				if math.Abs(float64(v+plain[k]-1)) > 0.01 {
					t.Fatalf("batch %d row %d value %d = %v, want the negative of %v", i, row, k, v, plain[k])
				}
			}
		}
	}
	if negatives < 20 || same < 20 {
		t.Errorf("%d negatives and %d images as they are of 72, want about half", negatives, same)
	}
	if s.Items[0].Image.Pix[0] != before {
		t.Error("the data set's own pixels have changed")
	}
}

type cutting struct{}

func (cutting) Draw(*rand.Rand, imgproc.Image, imgproc.Preprocess) Draw {
	return Draw{Change: func(imgproc.Image) imgproc.Image { return imgproc.New(1, 1, 1) }}
}

func TestOwnAugmentationsMayNotChangeSizes(t *testing.T) {
	l := newLoader(t, letters(3, 4, 5), LoaderOptions{Augment: cutting{}})
	for _, err := range l.Batches(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "make batch 0: panic: dataset: Draw.Change made 1×1 pixels of") {
			t.Errorf("batch with an image cut = %v, want an error that says so", err)
		}
		break
	}
}
