package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// cocoPictures is a set of photographs, each 8×4 of a grey of its own, with a list of outlines.
func cocoPictures(t *testing.T, photographs int, outlines ...string) fstest.MapFS {
	files, images := fstest.MapFS{}, []string{}
	for i := range photographs {
		files[fmt.Sprintf("images/%d.png", i)] = plainPNG(t, 8, 4, uint8(i), 200)
		images = append(images, fmt.Sprintf(`{"id": %d, "file_name": "%d.png", "width": 8, "height": 4}`, i, i))
	}
	files["annotations/instances.json"] = &fstest.MapFile{Data: []byte(`{"images": [` + strings.Join(images, ",") + `], "annotations": [` +
		strings.Join(outlines, ",") + `], "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}, {"id": 3, "name": "person"}]}`)}
	return files
}

// itemOf is the index of a class's item in the picture of a file.
func itemOf(t *testing.T, s *Set, file, class string) int32 {
	t.Helper()
	for i, it := range s.Items {
		if strings.HasSuffix(it.Source, file) && s.Classes[it.Label].Name == class {
			return int32(i)
		}
	}
	t.Fatalf("no item of %s in %s", class, file)
	return 0
}

// TestAPictureShowsWhatHasNoMaskToo has pictures that show a person whose outline is of a crowd, damaged, or none but a box: none of them is a
// stranger to a picture of a person.
func TestAPictureShowsWhatHasNoMaskToo(t *testing.T) {
	const square = `[[0, 0, 2, 0, 2, 4, 0, 4]]`
	s, err := readMasked(t, cocoPictures(t, 5,
		outline(0, 3, 0, square), outline(0, 2, 0, square),
		outline(1, 1, 0, square), outline(1, 3, 1, square), // a crowd
		outline(2, 1, 0, square), outline(2, 3, 0, `{"size": [4, 8], "counts": [3]}`), // damaged
		outline(3, 1, 0, square), outline(3, 3, 0, `[]`), // a box alone
		outline(4, 1, 0, square),
	))
	if err != nil || len(s.Items) != 6 || len(s.Failed) != 1 {
		t.Fatalf("%v, %v, want 6 items and 1 failure", s, err)
	}
	p := NewPictures(s)
	person := itemOf(t, s, "0.png", "person")
	for file, want := range map[string]int{"1.png": 1, "2.png": 1, "3.png": 1, "4.png": 0} {
		cat := itemOf(t, s, file, "cat")
		shared := p.Shared(cat, person)
		if len(shared) != want {
			t.Errorf("%s and a picture of a person and a dog share %v, want %d classes", file, shared, want)
		}
		if p.Masked(cat, shared) != (want == 0) || !p.Masked(person, shared) {
			t.Errorf("%s has masks of %v: %v, want %v", file, shared, p.Masked(cat, shared), want == 0)
		}
	}
	if got := fmt.Sprint(s.Skipped); !strings.Contains(got, "it shows no person but a crowd}") || !strings.Contains(got, "it shows no person}") {
		t.Errorf("skipped %s, want the crowd and the box", got)
	}
}

// TestSplitPicturesStillShowWhatWasSplitOff asks the classes that are listed here which pictures share some, and asks parts of the set.
func TestSplitPicturesStillShowWhatWasSplitOff(t *testing.T) {
	classes := map[string]uint8{"bird": 3, "cat": 8, "cow": 10, "dog": 12, "person": 15}
	shown := [][]string{{"cat", "person"}, {"dog", "person"}, {"cat"}, {"dog"}, {"cat", "dog"}, {"bird", "cow"}, {"cow"}, {"bird", "person"}}
	files := fstest.MapFS{}
	for i, names := range shown {
		var labels []uint8
		for _, name := range names {
			labels = append(labels, classes[name])
		}
		files[fmt.Sprintf("JPEGImages/%d.jpg", i)] = plainPNG(t, 8, 4, uint8(i), 200)
		files[fmt.Sprintf("SegmentationClass/%d.png", i)] = labelsPNG(t, 8, 4, labels...)
	}
	all, err := readMasked(t, files)
	if err != nil {
		t.Fatal(err)
	}
	number := func(it Item) (n int) {
		if _, err := fmt.Sscanf(it.Source, "set/JPEGImages/%d.jpg", &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, only := range [][]string{{"cat", "dog"}, {"cow"}, {"bird", "cat", "cow", "dog", "person"}} {
		_, part, err := SplitByIdentity(all, only...)
		if err != nil {
			t.Fatal(err)
		}
		p := NewPictures(part)
		for i, a := range part.Items {
			for j, b := range part.Items {
				want := 0
				for _, name := range shown[number(a)] {
					if slices.Contains(shown[number(b)], name) {
						want++
					}
				}
				if got := p.Shared(int32(i), int32(j)); len(got) != want {
					t.Errorf("only %v: pictures %d and %d share %v, want %d classes", only, number(a), number(b), got, want)
				}
			}
		}
		rest, out, err := SplitByShown(all, only...)
		if err != nil || len(rest.Items)+len(out.Items) != len(all.Items) {
			t.Fatalf("%d and %d items of %d (%v)", len(rest.Items), len(out.Items), len(all.Items), err)
		}
		for part, want := range map[*Set]bool{rest: false, out: true} {
			for _, it := range part.Items {
				if got := slices.ContainsFunc(shown[number(it)], func(name string) bool { return slices.Contains(only, name) }); got != want {
					t.Errorf("picture %d, of %v, is split by %v: %v, want %v", number(it), shown[number(it)], only, want, got)
				}
			}
		}
	}
	if _, _, err := SplitByShown(all, "cat", "horse"); err == nil || !strings.Contains(err.Error(), "it has no class horse") {
		t.Errorf("a class that is not there: %v", err)
	}
}

// TestWhatIsLearnedWithoutAClassIsNotJudged has pictures of one class and of two: those that a fold keeps out of a training without one class
// are those that the fold of all classes judges.
func TestWhatIsLearnedWithoutAClassIsNotJudged(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 60 {
		labels := [][]uint8{{8}, {8, 12}, {12}, {8, 15}, {15}}[i%5]
		files[fmt.Sprintf("JPEGImages/%02d.jpg", i)] = plainPNG(t, 8, 4, uint8(i), 200)
		files[fmt.Sprintf("SegmentationClass/%02d.png", i)] = labelsPNG(t, 8, 4, labels...)
	}
	all, err := readMasked(t, files)
	if err != nil {
		t.Fatal(err)
	}
	without, _, err := SplitByShown(all, "dog")
	if err != nil {
		t.Fatal(err)
	}
	for fold := range 5 {
		_, judged := SplitEvery(all, 5, fold)
		out := map[string]bool{}
		for _, it := range judged.Items {
			out[it.Source] = true
		}
		learned, _ := SplitEvery(without, 5, fold)
		for _, it := range learned.Items {
			if out[it.Source] {
				t.Errorf("fold %d: %s is learned and judged", fold, it.Source)
			}
		}
	}
}

func TestCopiesOfAPictureInTwoFoldersOfClassesAreOnePicture(t *testing.T) {
	both, cat := plainPNG(t, 8, 4, 10, 200), plainPNG(t, 8, 4, 30, 200)
	left, right := plainPNG(t, 8, 4, 255, 0), plainPNG(t, 8, 4, 0, 255)
	s, err := readMasked(t, fstest.MapFS{
		"images/cat/a.png": both, "masks/cat/a.png": left, "images/dog/b.png": both, "masks/dog/b.png": right,
		"images/cat/c.png": cat, "masks/cat/c.png": left, "images/dog/d.png": plainPNG(t, 8, 4, 50, 200), "masks/dog/d.png": right,
	})
	if err != nil || len(s.Items) != 4 {
		t.Fatalf("%v, %v, want 4 items", s, err)
	}
	p := NewPictures(s)
	a, b, c, d := itemOf(t, s, "a.png", "cat"), itemOf(t, s, "b.png", "dog"), itemOf(t, s, "c.png", "cat"), itemOf(t, s, "d.png", "dog")
	for _, pair := range []struct {
		x, y int32
		want int
	}{{a, b, 2}, {a, c, 1}, {a, d, 1}, {b, c, 1}, {c, d, 0}} {
		if got := p.Shared(pair.x, pair.y); len(got) != pair.want {
			t.Errorf("%s and %s share %v, want %d classes", s.Items[pair.x].Source, s.Items[pair.y].Source, got, pair.want)
		}
	}
	union, err := p.Load(a, p.Shared(a, b))
	if err != nil || slices.Contains(union.Mask.Pix, 0) {
		t.Errorf("mask %v of cat and dog (%v), want all of the picture", union.Mask.Pix, err)
	}
	for fold := range 3 {
		rest, out := SplitEvery(s, 3, fold)
		for _, part := range []*Set{rest, out} {
			copies := 0
			for _, it := range part.Items {
				if strings.HasSuffix(it.Source, "a.png") || strings.HasSuffix(it.Source, "b.png") {
					copies++
				}
			}
			if copies == 1 {
				t.Errorf("fold %d parts the copies", fold)
			}
		}
	}
}

// TestListsOfOneImageAreOneItem has an image in two lists of instances, in a list of people's joints, and one class under two numbers.
func TestListsOfOneImageAreOneItem(t *testing.T) {
	list := func(categories string, outlines ...string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(`{"images": [{"id": 1, "file_name": "1.png", "width": 8, "height": 4}], "categories": [` + categories +
			`], "annotations": [` + strings.Join(outlines, ",") + `]}`)}
	}
	files := fstest.MapFS{
		"images/1.png":                      plainPNG(t, 8, 4, 10, 200),
		"annotations/instances_a.json":      list(`{"id": 1, "name": "cat"}, {"id": 7, "name": "cat"}`, outline(1, 1, 0, `[[0,0,1,0,1,4,0,4]]`), outline(1, 7, 0, `[[2,0,3,0,3,4,2,4]]`)),
		"annotations/instances_b.json":      list(`{"id": 4, "name": "cat"}`, outline(1, 4, 0, `[[4,0,5,0,5,4,4,4]]`)),
		"annotations/person_keypoints.json": list(`{"id": 1, "name": "person"}`, outline(1, 1, 0, `[[0,0,1,0,1,4,0,4]]`)),
	}
	s, err := readMasked(t, files)
	if err != nil || len(s.Items) != 1 || len(s.Classes) != 1 {
		t.Fatalf("%v, %v, want one item", s, err)
	}
	if want := []uint8{255, 0, 255, 0, 255, 0, 0, 0}; !slices.Equal(s.Items[0].Mask.Row(2), want) {
		t.Errorf("mask %v, want %v", s.Items[0].Mask.Row(2), want)
	}
	delete(files, "annotations/instances_a.json")
	delete(files, "annotations/instances_b.json")
	files["annotations/captions.json"] = &fstest.MapFile{Data: []byte(`{"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "a cat"}]}`)}
	s, err = readMasked(t, files)
	if err != nil || len(s.Items) != 1 || s.Classes[0].Name != "person" || len(s.Skipped) != 1 || s.Skipped[0].Why != "it lists no images with categories" {
		t.Errorf("%v, %v: want the person, where no list is called instances, and the captions skipped", s, err)
	}
}

// TestHeldImagesAreCountedOnce has room for both masks of a picture, but for its image once only.
func TestHeldImagesAreCountedOnce(t *testing.T) {
	f := Folder{FS: fstest.MapFS{"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8, 12)}, Path: "set"}
	for hold, want := range map[int]int{8*4*3 + 2*8*4: 2, 8*4*3 + 2*8*4 - 1: 1, 8*4*3 + 8*4 - 1: 0} {
		s := &Set{Name: "set"}
		masks, err := s.listVOC(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.loadMasked(t.Context(), f, masks, hold); err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, it := range s.Items {
			if len(it.Image.Pix) > 0 {
				held++
			}
		}
		if held != want {
			t.Errorf("%d items are held in %d bytes, want %d", held, hold, want)
		}
	}
}

func TestWhyNoImageHasAMaskIsSaid(t *testing.T) {
	files := cocoPictures(t, 2, outline(0, 1, 0, `[[0, 0, 2, 0, 2, 4, 0, 4]]`))
	delete(files, "images/0.png")
	delete(files, "images/1.png")
	for want, files := range map[string]fstest.MapFS{
		"read set: no image there has a mask: skipped 2 annotations/instances.json lists it, and it is not there (0.png, 1.png)": files,
		"read set: no image there has a mask: skipped 1 it has no mask in masks/cat (images/cat/a.png)": {
			"images/cat/a.png": plainPNG(t, 8, 4, 1, 2), "masks/cat/b.png": plainPNG(t, 8, 4, 0, 255)},
		"read set: no image there has a mask: skipped 1 it has none of the labels 1 to 20 of VOC's classes (SegmentationClass/1.png)": {
			"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 0, 33)},
	} {
		if _, err := readMasked(t, files); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestAMapWithoutClassesIsSaid(t *testing.T) {
	s, err := readMasked(t, fstest.MapFS{
		"JPEGImages/1.jpg": plainPNG(t, 8, 4, 1, 2), "SegmentationClass/1.png": labelsPNG(t, 8, 4, 8),
		"JPEGImages/2.jpg": plainPNG(t, 8, 4, 3, 4), "SegmentationClass/2.png": labelsPNG(t, 8, 4, 0, 21, 255),
	})
	if err != nil || len(s.Items) != 1 || len(s.Skipped) != 1 || s.Skipped[0].Why != "it has none of the labels 1 to 20 of VOC's classes" {
		t.Errorf("%v, %v, want one item, and the other map skipped", s, err)
	}
}
