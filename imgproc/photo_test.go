package imgproc

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// waves is a colourful picture without fine detail.
func waves(h, w int) Image {
	m := New(h, w, 3)
	for i := range h * w {
		x, y := float64(i%w)/float64(w), float64(i/w)/float64(h)
		for c := range 3 {
			m.Pix[3*i+c] = uint8(128 + 100*math.Sin(float64(3+c)*x+float64(2+c)*y))
		}
	}
	return m
}

// atLeast wants the longer side to have so many pixels.
func atLeast(side int) Enough { return func(h, w int) bool { return max(h, w) >= side } }

func TestPhotosAreNoFinerThanEnough(t *testing.T) {
	whole := waves(600, 800)
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, whole.GoImage()); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, whole.GoImage(), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"PNG": asPNG.Bytes(), "JPEG": asJPEG.Bytes()} {
		for side, shrink := range map[int]int{100: 8, 101: 4, 200: 4, 300: 2, 401: 1, 5000: 1} {
			p, err := DecodePhoto(bytes.NewReader(file), atLeast(side))
			if err != nil {
				t.Fatal(err)
			}
			if p.Shrink != shrink || p.Image.H != 600/shrink || p.Image.W != 800/shrink {
				t.Fatalf("%s for %d pixels: %d×%d at 1/%d, want 1/%d", name, side, p.Image.W, p.Image.H, p.Shrink, shrink)
			}
			if d := largestDifference(p.Image, Resize(whole, 600/shrink, 800/shrink)); d > 6 {
				t.Errorf("%s at 1/%d differs by %d from the shrunk picture, want at most 6", name, shrink, d)
			}
			for _, finer := range []int{4, 2, 1} {
				f, err := p.Part(finer, image.Rectangle{})
				if err != nil || f.Shrink != min(finer, shrink) || f.Image.W != 800/f.Shrink {
					t.Errorf("%s: 1/%d of a photograph at 1/%d = %d pixels wide at 1/%d, %v", name, finer, shrink, f.Image.W, f.Shrink, err)
				}
			}
		}
		if p, err := DecodePhoto(bytes.NewReader(file), nil); err != nil || p.Shrink != 1 {
			t.Errorf("%s for nothing named: 1/%d, %v, want the full size", name, p.Shrink, err)
		}
	}
}

func largestDifference(a, b Image) int {
	most := 0
	for i, v := range a.Pix {
		most = max(most, int(v)-int(b.Pix[i]), int(b.Pix[i])-int(v))
	}
	return most
}

// oriented is a JPEG that EXIF says how to lay down.
func oriented(t *testing.T, m Image, orientation byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, m.GoImage(), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00"
	data := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(data, buf.Bytes()[2:]...)
}

// TestPartsAreThoseOfTheWholePicture cuts boxes out of photographs in every orientation.
func TestPartsAreThoseOfTheWholePicture(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		orientation := byte(1 + rng.IntN(8))
		p, err := DecodeBytes(oriented(t, waves(100+rng.IntN(200), 100+rng.IntN(200)), orientation), atLeast(12))
		if err != nil || p.Shrink != 8 {
			t.Fatalf("1/%d, %v, want 1/8", p.Shrink, err)
		}
		shrink := []int{1, 2, 4}[rng.IntN(3)]
		whole, err := p.Part(shrink, image.Rectangle{})
		if err != nil {
			t.Fatal(err)
		}
		x, y := rng.IntN(whole.Image.W), rng.IntN(whole.Image.H)
		box := image.Rect(x, y, x+1+rng.IntN(whole.Image.W-x), y+1+rng.IntN(whole.Image.H-y))
		part, err := p.Part(shrink, image.Rectangle{box.Min.Mul(shrink), box.Max.Mul(shrink)})
		if err != nil || part.Shrink != shrink {
			t.Fatalf("1/%d, %v, want 1/%d", part.Shrink, err, shrink)
		}
		got, want := part.Image.Crop(box.Sub(part.Corner)), whole.Image.Crop(box)
		if got.H != want.H || got.W != want.W || !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("orientation %d, box %v at 1/%d: another picture, %d×%d pixels at %v", orientation, box, shrink, part.Image.W, part.Image.H, part.Corner)
		}
		if room := box.Inset(-16); part.Image.W > room.Dx() || part.Image.H > room.Dy() {
			t.Errorf("box %v at 1/%d: a part of %d×%d pixels, want no more than whole blocks", box, shrink, part.Image.W, part.Image.H)
		}
	}
}

// What is enough is asked of the upright picture: this one lies on its side in its file.
func TestPhotosThatLieOnTheirSideAreMeasuredUpright(t *testing.T) {
	data := oriented(t, waves(80, 800), 6)
	p, err := DecodePhoto(bytes.NewReader(data), func(h, w int) bool { return h >= 200 && w >= 20 })
	if err != nil || p.Shrink != 4 || p.Image.H != 200 || p.Image.W != 20 {
		t.Errorf("DecodePhoto = %d×%d at 1/%d, %v, want 20×200 at 1/4", p.Image.W, p.Image.H, p.Shrink, err)
	}
}

func TestEnoughIsTwiceTheInput(t *testing.T) {
	stretched := Preprocess{Height: 64, Width: 32, Channels: 3}
	padded := Preprocess{Height: 100, Width: 100, Channels: 3, Pad: &Pad{}}
	for _, test := range []struct {
		p    Preprocess
		h, w int
		want bool
	}{
		{stretched, 128, 64, true}, {stretched, 127, 64, false}, {stretched, 500, 63, false},
		{padded, 200, 100, true}, {padded, 199, 100, false},
		{Preprocess{Height: 64, Width: 64, Channels: 1, Invert: true}, 4000, 4000, false},
		{Preprocess{Height: 64, Width: 64, Channels: 1, Ink: 0.8}, 4000, 4000, false},
	} {
		if got := test.p.Enough(test.h, test.w); got != test.want {
			t.Errorf("%+v: Enough(%d, %d) = %v, want %v", test.p, test.h, test.w, got, test.want)
		}
	}
}

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	if _, err := ReadFile(os.DevNull); err == nil {
		t.Error("ReadFile of a device = nil, want an error")
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("ReadFile of a folder = nil, want an error")
	}
}

func TestPooledIsTheMeanOfBlocks(t *testing.T) {
	m := waves(7, 10)
	got := m.pooled(3, 4)
	if got.H != 3 || got.W != 3 {
		t.Fatalf("pooled = %d×%d, want 3×3", got.W, got.H)
	}
	for y := range 3 {
		for x := range 3 {
			block := m.Crop(image.Rect(4*x, 3*y, 4*x+4, 3*y+3))
			for c := range 3 {
				sum, n := 0, block.H*block.W
				for i := range n {
					sum += int(block.Pix[3*i+c])
				}
				if want := uint8((sum + n/2) / n); got.Pix[(3*y+x)*3+c] != want {
					t.Errorf("pooled at (%d, %d) = %d, want %d", x, y, got.Pix[(3*y+x)*3+c], want)
				}
			}
		}
	}
}
