package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/siam-go/siam/imgproc"
)

func pngOf(t *testing.T, m image.Image) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// plainPNG is w×h pixels of which the left half has one level and the rest another.
func plainPNG(t *testing.T, w, h int, left, right uint8) *fstest.MapFile {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = right
		if i%w < w/2 {
			m.Pix[i] = left
		}
	}
	return pngOf(t, m)
}

// labelsPNG is a picture whose palette's numbers are labels, by quarters from left to right.
func labelsPNG(t *testing.T, w, h int, labels ...uint8) *fstest.MapFile {
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.RGBA{uint8(i), uint8(255 - i), 7, 255}
	}
	m := image.NewPaletted(image.Rect(0, 0, w, h), palette)
	for i := range m.Pix {
		m.Pix[i] = labels[i%w*len(labels)/w]
	}
	return pngOf(t, m)
}

func readMasked(t *testing.T, files fstest.MapFS) (*Set, error) {
	t.Helper()
	return ReadMasked(t.Context(), Folder{FS: files, Path: "set"})
}

func TestMasksAreReadFromEveryLayout(t *testing.T) {
	photo := plainPNG(t, 8, 4, 10, 200)
	for name, c := range map[string]struct {
		files fstest.MapFS
		class string
		want  []uint8 // of the first row
	}{
		"plain, void grey": {fstest.MapFS{"images/cat/a.jpg": photo, "masks/cat/a.png": plainPNG(t, 8, 4, 255, 128)},
			"cat", []uint8{255, 255, 255, 255, 128, 128, 128, 128}},
		"a mask of half the size": {fstest.MapFS{"images/cat/a.png": photo, "masks/cat/a.png": plainPNG(t, 4, 2, 0, 250)},
			"cat", []uint8{0, 0, 0, 0, 255, 255, 255, 255}},
		"MSRC": {fstest.MapFS{"images/7_1_s.jpg": photo, "labels/7_1_s.png": labelsPNG(t, 8, 4, 0, 12, 19, 12), "labels.txt": {}},
			"car", []uint8{128, 128, 255, 255, 0, 0, 255, 255}},
		"horses": {fstest.MapFS{"rgb/horse1.jpg": photo, "figure_ground/horse1.jpg": plainPNG(t, 8, 4, 5, 251)},
			"horse", []uint8{0, 0, 0, 0, 255, 255, 255, 255}},
		"VOC": {fstest.MapFS{"JPEGImages/1.jpg": photo, "SegmentationClass/1.png": labelsPNG(t, 8, 4, 0, 8, 255, 0)},
			"cat", []uint8{0, 0, 255, 255, 128, 128, 0, 0}},
		"VOC, of a PNG": {fstest.MapFS{"JPEGImages/1.png": photo, "SegmentationClass/1.png": labelsPNG(t, 8, 4, 0, 8, 255, 0)},
			"cat", []uint8{0, 0, 255, 255, 128, 128, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readMasked(t, c.files)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Items) != 1 || s.Classes[s.Items[0].Label].Name != c.class {
				t.Fatalf("items of %v, want one %s", s.Classes, c.class)
			}
			mask := s.Items[0].Mask
			if mask.H != 4 || mask.W != 8 || !bytes.Equal(mask.Row(0), c.want) {
				t.Errorf("mask of %d×%d begins %v, want %v", mask.W, mask.H, mask.Row(0), c.want)
			}
		})
	}
}

func TestMasksOfEveryKindAreRead(t *testing.T) {
	of := func(m interface {
		image.Image
		Set(x, y int, c color.Color)
	}, left, right color.Color) *fstest.MapFile {
		for i := range 8 * 4 {
			m.Set(i%8, i/8, []color.Color{left, right}[i%8/4])
		}
		return pngOf(t, m)
	}
	box := image.Rect(0, 0, 8, 4)
	webSafe := color.Palette{color.Black, color.RGBA{255, 0, 0, 255}, color.White}
	for name, c := range map[string]struct {
		mask        *fstest.MapFile
		left, right uint8 // 255 object, 0 not, 128 void
	}{
		"grey 0 and 255":               {plainPNG(t, 8, 4, 0, 255), 0, 255},
		"grey 0 and 1":                 {plainPNG(t, 8, 4, 0, 1), 0, 255},
		"grey 1 and void 255":          {plainPNG(t, 8, 4, 1, 255), 255, 128},
		"all 1":                        {plainPNG(t, 8, 4, 1, 1), 255, 255},
		"a palette as VOC's":           {labelsPNG(t, 8, 4, 0, 15), 0, 255},
		"a palette with void":          {labelsPNG(t, 8, 4, 3, 255), 255, 128},
		"black and white in a palette": {of(image.NewPaletted(box, webSafe), color.Black, color.White), 0, 255},
		"transparent beside it":        {of(image.NewNRGBA(box), color.NRGBA{}, color.NRGBA{20, 30, 20, 255}), 0, 255},
		"opaque with alpha":            {of(image.NewNRGBA(box), color.NRGBA{A: 255}, color.White), 0, 255},
		"16 bits":                      {of(image.NewGray16(box), color.Black, color.White), 0, 255},
	} {
		s, err := readMasked(t, fstest.MapFS{"images/cat/a.jpg": plainPNG(t, 8, 4, 10, 200), "masks/cat/a.png": c.mask})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := filepath.Join(t.TempDir(), "mask.png")
		if err := os.WriteFile(file, c.mask.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if alone, err := ReadMask(file); err != nil || !bytes.Equal(alone.Pix, s.Items[0].Mask.Pix) {
			t.Errorf("%s: alone it reads otherwise than with its image (%v)", name, err)
		}
		if row := s.Items[0].Mask.Row(3); row[0] != c.left || row[7] != c.right {
			t.Errorf("%s: mask from %d to %d, want %d and %d", name, row[0], row[7], c.left, c.right)
		}
	}
	_, err := readMasked(t, fstest.MapFS{"images/cat/a.jpg": plainPNG(t, 8, 4, 10, 200), "masks/cat/a.png": plainPNG(t, 8, 4, 1, 3)})
	if err == nil || !strings.Contains(err.Error(), "its levels go from 0 to 3 of 255: want white on the object, or 0 and 1") {
		t.Errorf("levels that are neither: %v", err)
	}
}

func TestAnImageOfTwoClassesIsAnItemOfEach(t *testing.T) {
	s, err := readMasked(t, fstest.MapFS{"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8, 12)})
	if err != nil || len(s.Items) != 2 {
		t.Fatalf("%v, %v, want two items", s, err)
	}
	for i, want := range []string{"cat:255", "dog:0"} {
		class, level, _ := strings.Cut(want, ":")
		if it := s.Items[i]; s.Classes[it.Label].Name != class || (it.Mask.Pix[0] == 255) != (level == "255") {
			t.Errorf("item %d is of %s and begins %d, want %s", i, s.Classes[it.Label].Name, it.Mask.Pix[0], want)
		}
	}
}

func TestALargeSetIsReadAgainWhenItIsWanted(t *testing.T) {
	files := fstest.MapFS{
		"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8, 12),
		"JPEGImages/2.jpg": plainPNG(t, 8, 4, 3, 4), "SegmentationClass/2.png": labelsPNG(t, 8, 4, 12, 0),
	}
	f := Folder{FS: files, Path: "set"}
	whole, part := &Set{Name: "set"}, &Set{Name: "set"}
	for s, hold := range map[*Set]int{whole: 1 << 20, part: 8*4*3 + 8*4} { // the second has room for one item
		masks, err := s.listVOC(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.loadMasked(t.Context(), f, masks, hold); err != nil {
			t.Fatal(err)
		}
	}
	held := 0
	for i, want := range whole.Items {
		if len(part.Items[i].Image.Pix) > 0 {
			held++
		}
		got, err := part.Items[i].Load()
		if err != nil || !bytes.Equal(got.Image.Pix, want.Image.Pix) || !bytes.Equal(got.Mask.Pix, want.Mask.Pix) || got.Label != want.Label {
			t.Errorf("item %d read again: %v of label %d (%v), want that of the whole set", i, got.Mask.Pix, got.Label, err)
		}
	}
	if held != 1 || len(part.Items) != 3 {
		t.Errorf("%d of %d items are held, want 1 of 3", held, len(part.Items))
	}
	const gone = ": file does not exist"
	delete(files, "SegmentationClass/2.png")
	if _, err := part.Items[2].Load(); err == nil || err.Error() != "read set/SegmentationClass/2.png"+gone {
		t.Errorf("a mask that is gone: %v, want its name", err)
	}
	files["SegmentationClass/2.png"] = labelsPNG(t, 4, 8, 12, 0)
	if _, err := part.Items[2].Load(); err == nil || !strings.HasPrefix(err.Error(), "read set/SegmentationClass/2.png: a mask of 4×8 pixels for an image of 8×4") {
		t.Errorf("a mask that has changed: %v, want its name and sizes", err)
	}
	delete(files, "JPEGImages/2.jpg")
	if _, err := part.Items[2].Load(); err == nil || err.Error() != "read set/JPEGImages/2.jpg"+gone {
		t.Errorf("an image that is gone: %v, want its name", err)
	}
}

func TestAPicturesMaskIsOfAllClassesAskedFor(t *testing.T) {
	s, err := readMasked(t, fstest.MapFS{
		"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8, 12),
		"JPEGImages/2.jpg": plainPNG(t, 8, 4, 3, 4), "SegmentationClass/2.png": labelsPNG(t, 8, 4, 12, 255),
		"JPEGImages/3.jpg": plainPNG(t, 8, 4, 5, 6), "SegmentationClass/3.png": labelsPNG(t, 8, 4, 8, 12),
	})
	if err != nil || len(s.Items) != 5 {
		t.Fatalf("%v, %v, want 5 items", s, err)
	}
	p := NewPictures(s) // items: cat and dog of 1, dog of 2, cat and dog of 3
	for _, c := range []struct {
		a, b   int32
		shared int
	}{{0, 3, 2}, {0, 1, 2}, {0, 2, 1}, {2, 4, 1}} {
		if got := p.Shared(c.a, c.b); len(got) != c.shared {
			t.Errorf("items %d and %d share %v, want %d classes", c.a, c.b, got, c.shared)
		}
	}
	both, err := p.Load(0, p.Shared(0, 3))
	if err != nil || bytes.Contains(both.Mask.Pix, []byte{0}) {
		t.Errorf("mask %v of cat and dog (%v), want all of the picture", both.Mask.Pix, err)
	}
	if s.Items[0].Mask.Pix[7] != 0 {
		t.Error("the set's own mask was changed")
	}
}

func TestADamagedMapOfClassesIsLeftOut(t *testing.T) {
	photo := plainPNG(t, 8, 4, 1, 2)
	files := fstest.MapFS{
		"JPEGImages/1.jpg": photo, "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8, 12),
		"JPEGImages/2.jpg": photo, "SegmentationClass/2.png": {Data: []byte("no picture")},
	}
	s, err := readMasked(t, files)
	if err != nil || len(s.Items) != 2 || len(s.Failed) != 1 || s.Failed[0].File != "set/SegmentationClass/2.png" {
		t.Fatalf("%v, %v, want the two items of the first image, and the second's map failed", s, err)
	}
	if _, err := ReadMasked(t.Context(), Folder{FS: files, Path: "set", Strict: true}); err == nil {
		t.Error("a strict folder passes over a damaged map")
	}
	delete(files, "SegmentationClass/1.png")
	if _, err := readMasked(t, files); err == nil || !strings.Contains(err.Error(), "SegmentationClass/2.png") {
		t.Errorf("error %v, want one that names the only map", err)
	}
}

func TestWhatHasNoMaskIsSaid(t *testing.T) {
	photo, mask := plainPNG(t, 8, 4, 1, 2), plainPNG(t, 8, 4, 0, 255)
	s, err := readMasked(t, fstest.MapFS{
		"images/cat/a.jpg": photo, "masks/cat/a.png": mask, "images/cat/b.jpg": photo, "images/dog/c.jpg": photo,
		"images/cat/tall.jpg": photo, "masks/cat/tall.png": plainPNG(t, 4, 8, 0, 255),
		"images/cat/empty.jpg": photo, "masks/cat/empty.png": plainPNG(t, 8, 4, 0, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Items) != 1 || len(s.Failed) != 1 || len(s.Skipped) != 3 {
		t.Errorf("%d items, %v failed, %v skipped: want 1, 1 and 3", len(s.Items), s.Failed, s.Skipped)
	}
	if len(s.Failed) == 1 && !strings.Contains(s.Failed[0].Error(), "masks/cat/tall.png: a mask of 4×8 pixels for an image of 8×4") {
		t.Errorf("failed with %q", s.Failed[0])
	}
	s, err = readMasked(t, fstest.MapFS{"images/7_1_s.jpg": photo, "labels/7_1_s.png": labelsPNG(t, 8, 4, 12, 0), "images/7_2_s.jpg": photo, "labels.txt": {}})
	if err != nil || len(s.Failed) != 1 || s.Failed[0].Error() != "read set/labels/7_2_s.png: file does not exist" {
		t.Errorf("without a map of labels: %v, %v", s, err)
	}
	if _, err := readMasked(t, fstest.MapFS{"a.jpg": photo}); err == nil || !strings.Contains(err.Error(), "no images with masks") {
		t.Errorf("without masks: %v", err)
	}
}

func TestWrittenMasksAreReadAgain(t *testing.T) {
	made := &Set{Classes: []Class{{Name: "one"}, {Name: "two"}}}
	for label := range 2 {
		mask := imgproc.New(3, 5, 1)
		mask.Pix[label] = 255
		made.Items = append(made.Items, Item{Image: imgproc.Filled(3, 5, 3, uint8(40*label+9)), Mask: mask, Label: label})
	}
	dir := filepath.Join(t.TempDir(), "masked")
	if err := WriteMasked(t.Context(), made, dir); err != nil {
		t.Fatal(err)
	}
	folder, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadMasked(t.Context(), folder)
	if err != nil || len(read.Items) != 2 {
		t.Fatalf("%v, %v", read, err)
	}
	for i, it := range read.Items {
		if want := made.Items[i]; !bytes.Equal(it.Mask.Pix, want.Mask.Pix) || !bytes.Equal(it.Image.Pix, want.Image.Pix) {
			t.Errorf("item %d is not as it was written", i)
		}
	}
}
