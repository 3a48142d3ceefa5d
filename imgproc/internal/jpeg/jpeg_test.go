package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	gojpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/siam-go/siam/imgproc/internal/unread"
)

// picture is smooth with some noise, in colour or grey.
func picture(w, h int, grey bool) image.Image {
	rng := rand.New(rand.NewPCG(1, 2))
	colours := image.NewNRGBA(image.Rect(0, 0, w, h))
	greys := image.NewGray(colours.Rect)
	for i := range w * h {
		x, y := i%w, i/w
		n := uint8(rng.UintN(20))
		colours.SetNRGBA(x, y, color.NRGBA{uint8(x*200/w) + n, uint8(y*200/h) + n, uint8(255 - x*200/w - int(n)), 255})
		greys.Pix[y*greys.Stride+x] = uint8((x+y)*200/(w+h)) + n
	}
	if grey {
		return greys
	}
	return colours
}

func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := gojpeg.Encode(&buf, m, &gojpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestDecodeAgreesWithGos compares samples with those of Go's own decoder, which rounds in other places.
func TestDecodeAgreesWithGos(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {8, 8}, {17, 9}, {64, 40}, {33, 70}} {
		for _, grey := range []bool{false, true} {
			data := encode(t, picture(size[0], size[1], grey))
			got, err := Decode(nil, data)
			if err != nil {
				t.Fatal(err)
			}
			want, err := gojpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if got.W != size[0] || got.H != size[1] {
				t.Fatalf("Decode = %d×%d pixels, want %d×%d", got.W, got.H, size[0], size[1])
			}
			for i, v := range got.Pix {
				n := len(got.IDs)
				x, y, c := i/n%got.W, i/n/got.W, i%n
				if w := sample(want, x, y, c); int(v)-int(w) > 1 || int(w)-int(v) > 1 {
					t.Fatalf("%d×%d, grey %v: component %d at (%d, %d) = %d, want %d", size[0], size[1], grey, c, x, y, v, w)
				}
			}
		}
	}
}

func sample(m image.Image, x, y, c int) uint8 {
	switch m := m.(type) {
	case *image.Gray:
		return m.GrayAt(x, y).Y
	case *image.YCbCr:
		at := m.YCbCrAt(x, y)
		return [3]uint8{at.Y, at.Cb, at.Cr}[c]
	}
	panic("another kind of picture")
}

func TestTheEndMarkMayBeMissing(t *testing.T) {
	data := encode(t, picture(40, 30, false))
	want, err := Decode(nil, data)
	if err != nil {
		t.Fatal(err)
	}
	for name, cut := range map[string][]byte{"missing": data[:len(data)-2], "half": data[:len(data)-1], "rubbish": append(bytes.Clone(data[:len(data)-2]), "rubbish"...)} {
		if got, err := Decode(nil, cut); err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("end mark %s: %v, or other samples", name, err)
		}
	}
}

// TestDataThatIsCutIsAnError cuts everywhere: no part of a picture passes for a whole one.
func TestDataThatIsCutIsAnError(t *testing.T) {
	data := encode(t, picture(40, 30, false))
	for n := range len(data) - 3 {
		if _, err := Decode(nil, data[:n]); err == nil {
			t.Errorf("Decode of %d of %d bytes = nil, want an error", n, len(data))
		}
	}
}

func TestHeaderAloneAsksForLittleMemory(t *testing.T) {
	data := encode(t, picture(16, 16, false))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	copy(data[at+5:], []byte{0xff, 0xff, 0xff, 0xff})
	if h, err := ReadHeader(data); err != nil || h.W != 65535 || h.H != 65535 {
		t.Errorf("ReadHeader = %+v, %v, want 65535×65535", h, err)
	}
	if _, err := Decode(nil, data); !errors.Is(err, errCut) {
		t.Errorf("Decode = %v, want %v before memory is taken", err, errCut)
	}
}

func TestAFileOfEndlessScansIsRefusedBeforeItIsDecoded(t *testing.T) {
	data := encode(t, picture(16, 16, false))
	at := bytes.Index(data, []byte{0xff, startOfScan})
	body := data[at : len(data)-2]
	for n, refused := range map[int]bool{mostScans: false, mostScans + 1: true} {
		many := append(slices.Clone(data[:at]), bytes.Repeat(body, n)...)
		if _, err := ReadHeader(append(many, 0xff, endOfImage)); (err != nil) != refused {
			t.Errorf("ReadHeader of %d scans = %v, want an error: %v", n, err, refused)
		}
		behind := append(slices.Clone(data), many...) // as a phone puts a film behind a photograph
		if _, err := ReadHeader(behind); err != nil {
			t.Errorf("ReadHeader with scans behind the end = %v", err)
		}
	}
}

func TestModesThatAreNotDecodedAreNamed(t *testing.T) {
	data := encode(t, picture(16, 16, false))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	for marker, want := range map[byte]string{0xc3: "lossless coding", 0xc9: "arithmetic coding", 0xc5: "hierarchical coding", 0xf7: "JPEG-LS"} {
		data[at+1] = marker
		if _, err := Decode(nil, data); err != unread.Kind(want) {
			t.Errorf("frame %#x: %v, want %s", marker, err, want)
		}
	}
}

// smooth has no frequencies that only a full picture shows, so that a shrunk one must show the means of its parts.
func smooth(w, h int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		x, y := float64(i%w)/float64(w), float64(i/w)/float64(h)
		m.SetNRGBA(i%w, i/w, color.NRGBA{uint8(40 + 180*x), uint8(220 - 160*y), uint8(128 + 80*math.Sin(3*x+2*y)), 255})
	}
	return m
}

func TestShrunkPicturesAreMeansOfTheWholeOne(t *testing.T) {
	for _, size := range [][2]int{{256, 192}, {501, 367}, {300, 40}, {1, 1}} {
		data := encode(t, smooth(size[0], size[1]))
		whole, err := Decode(nil, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, shrink := range []int{2, 4, 8} {
			got, err := DecodeShrunk(data, shrink, image.Rectangle{})
			if err != nil {
				t.Fatal(err)
			}
			if got.W != ceil(size[0], shrink) || got.H != ceil(size[1], shrink) {
				t.Fatalf("%d×%d at 1/%d = %d×%d", size[0], size[1], shrink, got.W, got.H)
			}
			for i, v := range got.Pix {
				x, y, c := i/3%got.W*shrink, i/3/got.W*shrink, i%3
				if x+shrink > size[0] || y+shrink > size[1] {
					continue // at the rim a block holds what the picture does not
				}
				if want := mean(whole, x, y, shrink, c); math.Abs(float64(v)-want) > 4 {
					t.Errorf("%d×%d at 1/%d: component %d at (%d, %d) = %d, want the mean %.1f", size[0], size[1], shrink, c, x/shrink, y/shrink, v, want)
				}
			}
		}
	}
}

// TestCoefficientsThatNobodyWantsAreSkipped shrinks noise, whose blocks are full of them, to the means of its blocks.
func TestCoefficientsThatNobodyWantsAreSkipped(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	noise := image.NewGray(image.Rect(0, 0, 128, 96))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(48 + rng.UintN(160))
	}
	for _, quality := range []int{30, 75, 90, 100} {
		var file bytes.Buffer
		if err := gojpeg.Encode(&file, noise, &gojpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		whole, err := gojpeg.Decode(&file)
		if err != nil {
			t.Fatal(err)
		}
		if err := gojpeg.Encode(&file, noise, &gojpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		got, err := DecodeShrunk(file.Bytes(), 8, image.Rectangle{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Pix {
			sum := 0.0
			for k := range 64 {
				sum += float64(sample(whole, i%16*8+k%8, i/16*8+k/8, 0))
			}
			if math.Abs(float64(v)-sum/64) > 1.5 {
				t.Errorf("quality %d: block %d = %d, want the mean %.1f", quality, i, v, sum/64)
			}
		}
	}
}

func mean(p Picture, x, y, side, c int) float64 {
	sum := 0
	for i := range side * side {
		sum += int(p.Pix[((y+i/side)*p.W+x+i%side)*3+c])
	}
	return float64(sum) / float64(side*side)
}

func TestShrunkDataThatIsCutIsAnError(t *testing.T) {
	data := encode(t, picture(40, 30, false))
	for n := range len(data) - 3 {
		if _, err := DecodeShrunk(data[:n], 4, image.Rectangle{}); err == nil {
			t.Errorf("DecodeShrunk of %d of %d bytes = nil, want an error", n, len(data))
		}
	}
}

// TestPartsAreCutFromTheWhole decodes every box of MCUs of files in all ways that parts are coded.
func TestPartsAreCutFromTheWhole(t *testing.T) {
	for _, name := range []string{"sampled_progressive.jpg", "sampled_restart.jpg", "no_end_progressive.jpg", "sampled_3x1.jpg"} {
		data, err := os.ReadFile("../../testdata/kinds/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, shrink := range []int{1, 2, 4, 8} {
			whole, err := DecodeShrunk(data, shrink, image.Rectangle{})
			if err != nil {
				t.Fatal(err)
			}
			full, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			for at := range full.W * full.H / 64 {
				x, y := at*8%full.W, at*8/full.W*8
				box := image.Rect(x, y, x+7, y+7)
				part, err := DecodeShrunk(data, shrink, box)
				if err != nil {
					t.Fatalf("%s, %v at 1/%d: %v", name, box, shrink, err)
				}
				n := len(whole.IDs)
				for row := range part.H {
					want := whole.Pix[((part.Corner.Y+row)*whole.W+part.Corner.X)*n:][:part.W*n]
					if got := part.Pix[row*part.W*n:][:part.W*n]; !slices.Equal(got, want) {
						t.Fatalf("%s, %v at 1/%d: row %d from %v = %v, want %v", name, box, shrink, row, part.Corner, got, want)
					}
				}
				shown := image.Rectangle{part.Corner.Mul(shrink), part.Corner.Add(image.Pt(part.W, part.H)).Mul(shrink)}
				if seen := box.Intersect(image.Rect(0, 0, full.W, full.H)); !seen.In(shown) {
					t.Errorf("%s, %v at 1/%d: shows %v", name, box, shrink, shown)
				}
			}
		}
	}
}
