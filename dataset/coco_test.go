package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/siam-go/siam/imgproc"
)

// cocoSet is two photographs of 8×4 with outlines of two categories.
func cocoSet(t *testing.T, outlines ...string) fstest.MapFS {
	photo := plainPNG(t, 8, 4, 10, 200)
	return fstest.MapFS{
		"val2017/1.png": photo, "val2017/2.png": photo,
		"annotations/captions_val2017.json": {Data: []byte(`{"images": [{"id": 1}], "annotations": [{"image_id": 1, "caption": "a cat"}]}`)},
		"annotations/instances_val2017.json": {Data: []byte(`{"images": [{"id": 1, "file_name": "1.png", "width": 8, "height": 4}, {"id": 2, "file_name": "2.png", "width": 8, "height": 4},
			{"id": 3, "file_name": "gone.png", "width": 8, "height": 4}],
			"categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}], "annotations": [` + strings.Join(outlines, ",") + `]}`)},
	}
}

func outline(image, category, crowd int, segmentation string) string {
	return fmt.Sprintf(`{"image_id": %d, "category_id": %d, "iscrowd": %d, "segmentation": %s}`, image, category, crowd, segmentation)
}

func TestCOCOsOutlinesBecomeMasks(t *testing.T) {
	const columns4 = `{"size": [4, 8], "counts": [4, 4, 4, 4, 16]}` // columns 1 and 3
	s, err := readMasked(t, cocoSet(t,
		outline(1, 17, 0, `[[0, 0, 2, 0, 2, 4, 0, 4]]`), outline(1, 17, 0, `[[6, 0, 8, 0, 8, 4, 6, 4]]`),
		outline(1, 18, 0, columns4),
		outline(2, 18, 0, `{"size": [4, 8], "counts": "4440<"}`), outline(2, 18, 1, `{"size": [4, 8], "counts": [28, 4]}`),
		outline(9, 17, 0, columns4),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		class, source string
		row           []uint8
	}{
		{"cat", "val2017/1.png", []uint8{255, 255, 0, 0, 0, 0, 255, 255}},
		{"dog", "val2017/1.png", []uint8{0, 255, 0, 255, 0, 0, 0, 0}},
		{"dog", "val2017/2.png", []uint8{0, 255, 0, 255, 0, 0, 0, MaskVoid}},
	}
	if len(s.Items) != len(want) {
		t.Fatalf("%d items, want 3", len(s.Items))
	}
	for i, w := range want {
		it := s.Items[i]
		if s.Classes[it.Label].Name != w.class || !strings.HasSuffix(it.Source, w.source) || !bytes.Equal(it.Mask.Row(0), w.row) || !bytes.Equal(it.Mask.Row(3), w.row) {
			t.Errorf("item %d is %s of %s, %v, want %v", i, s.Classes[it.Label].Name, it.Source, it.Mask.Row(0), w)
		}
	}
	var why []string
	for _, skipped := range s.Skipped {
		why = append(why, skipped.Why)
	}
	for _, want := range []string{"lists it, and it is not there", "1 of its outlines are of images"} {
		if !strings.Contains(strings.Join(why, "\n"), want) {
			t.Errorf("skipped %q, want %q among it", why, want)
		}
	}
}

// TestBadOutlinesFailAlone has in each case one good item, which is read, and one bad, which is said.
func TestBadOutlinesFailAlone(t *testing.T) {
	for bad, want := range map[string]string{
		`"x"`:                                  "neither polygons nor run lengths",
		`[[1, 2, 3]]`:                          "a polygon of 3 numbers",
		`{"size": [8, 4], "counts": [32]}`:     "run lengths of size [8 4] for an image of 4 rows and 8 columns",
		`{"size": [4, 8], "counts": [30]}`:     "its runs cover 30 of 32 pixels",
		`{"size": [4, 8], "counts": [-1, 33]}`: "run 1 is -1 pixels long",
		`{"size": [4, 8], "counts": [9223372036854775807, 1]}`: "run 1 is 9223372036854775807 pixels long",
		`{"size": [4, 8], "counts": "44\u00f1"}`:               "its packed run lengths are damaged",
		`{"size": [4, 8], "counts": "oooooooooooooooo"}`:       "its packed run lengths are damaged",
		`{"size": [4, 8], "counts": {}}`:                       "its counts are neither numbers nor a text",
	} {
		s, err := readMasked(t, cocoSet(t, outline(1, 17, 0, `[[0, 0, 2, 0, 2, 4, 0, 4]]`), outline(2, 17, 0, bad)))
		if err != nil || len(s.Items) != 1 || len(s.Failed) != 1 || !strings.Contains(s.Failed[0].Error(), want) {
			t.Errorf("%s: %v, %v, want one item, and %q", bad, s, err, want)
		}
	}
	files := cocoSet(t)
	files["annotations/instances_val2017.json"].Data = []byte(`{"images": [`)
	if _, err := readMasked(t, files); err == nil || !strings.Contains(err.Error(), "annotations/instances_val2017.json: it is no list of COCO's instances") {
		t.Errorf("a list that ends too early: %v", err)
	}
}

func TestPackedRunsAreCOCOs(t *testing.T) {
	// The texts are by the algorithm of COCO's maskApi.c, written anew in Python.
	for text, want := range map[string][]int{
		"4440<": {4, 4, 4, 4, 16}, "0P1": {0, 32}, "PZS61g3": {200000, 1, 119},
		"1210S3fm2SMYRMY[T21edkM": {1, 2, 1, 2, 100, 3000, 7, 1, 70000, 2, 5},
	} {
		if got, err := unpackRuns(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("unpackRuns(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

// insidePolygon counts the sides that a line to the right crosses.
func insidePolygon(p []float64, x, y float64) bool {
	inside := false
	for i, j := 0, len(p)-2; i < len(p); j, i = i, i+2 {
		if (p[i+1] > y) != (p[j+1] > y) && x < (p[j]-p[i])*(y-p[i+1])/(p[j+1]-p[i+1])+p[i] {
			inside = !inside
		}
	}
	return inside
}

func TestPolygonsCoverThePixelsWhoseMiddleIsInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 100 {
		polygon := make([]float64, 2*(3+rng.IntN(7)))
		for i := range polygon {
			polygon[i] = 40*rng.Float64() - 10 // also outside the image
		}
		mask := imgproc.New(17, 23, 1)
		fillPolygon(mask, polygon, 255)
		for i, v := range mask.Pix {
			if x, y := float64(i%23)+0.5, float64(i/23)+0.5; (v == 255) != insidePolygon(polygon, x, y) {
				t.Fatalf("pixel %v,%v of %v is %d", x, y, polygon, v)
			}
		}
	}
	for _, hostile := range [][]float64{{-1e300, 1e300, 1e300, -1e300, 0, 3}, {1, 1, 1, 1, 1, 1}} {
		fillPolygon(imgproc.New(5, 5, 1), hostile, 255)
	}
}

func FuzzOutline(f *testing.F) {
	for _, text := range []string{`[[0,0,2,0,2,4]]`, `{"size":[4,8],"counts":"4440<"}`, `{"size":[4,8],"counts":[32]}`, `null`, ``} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		mask := imgproc.New(4, 8, 1)
		if err := fillOutline(mask, json.RawMessage(text), 255); err == nil && len(mask.Pix) != 32 {
			t.Error("another size")
		}
	})
}
