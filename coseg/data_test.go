package coseg

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

func TestAMaskCoversWhatIsSharedAndNothingElse(t *testing.T) {
	w := World{Seed: 5, Side: 48}
	scene := Scene{Families: []int{3, 8, 9}, Background: 2}
	_, owner := w.Draw(scene, rand.New(rand.NewPCG(1, 1)))
	item := w.Item(scene, []int{3, 9}, rand.New(rand.NewPCG(1, 1)))
	for i, k := range owner {
		if want := k == 0 || k == 2; (item.Mask.Pix[i] == 255) != want {
			t.Fatalf("pixel %d of object %d is marked %d", i, k, item.Mask.Pix[i])
		}
	}
}

func TestPairsThatShareNothingHaveEmptyMasks(t *testing.T) {
	w, shared := World{Seed: 5, Side: 32}, 0
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		for _, item := range w.Pair(50, true, rng) {
			if slices.Contains(item.Mask.Pix, 255) {
				t.Fatal("a pair that shares nothing has a mask")
			}
		}
		for _, item := range w.Pair(50, false, rng) {
			if slices.Contains(item.Mask.Pix, 255) {
				shared++
			}
		}
	}
	if shared < 35 { // an object may be hidden
		t.Errorf("%d of 40 pictures show what their pair shares", shared)
	}
}

func TestImagesOfASetShareTheirClassOrNothing(t *testing.T) {
	const first, families, images = 7, 5, 4
	scenes := World{Seed: 3}.scenes(first, families, images)
	if len(scenes) != families*images {
		t.Fatalf("%d scenes, want %d", len(scenes), families*images)
	}
	for i, a := range scenes {
		for j, b := range scenes[:i] {
			var want []int
			if i/images == j/images {
				want = []int{first + i/images}
			}
			var shared []int
			for _, f := range a.Families {
				if slices.Contains(b.Families, f) {
					shared = append(shared, f)
				}
			}
			if !slices.Equal(shared, want) {
				t.Errorf("images %d and %d share %v, want %v", j, i, shared, want)
			}
		}
	}
}

// photos are two classes of flat pictures, with a square of the class's own grey.
func photos() *dataset.Set {
	s := &dataset.Set{Name: "flat", Classes: []dataset.Class{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}}}
	for i := range 15 {
		m, mask := imgproc.Filled(24, 24, 3, 20), imgproc.New(24, 24, 1)
		for p := range mask.Pix {
			if y, x := p/24, p%24; y > 6 && y < 16 && x > 6 && x < 16 {
				mask.Pix[p] = 255
				copy(m.Pix[3*p:], bytes.Repeat([]byte{uint8(100 + 30*(i/3))}, 3))
			}
		}
		s.Items = append(s.Items, dataset.Item{Image: m, Mask: mask, Label: i / 3})
	}
	return s
}

func newSampler(t *testing.T, s Sampler) *Sampler {
	t.Helper()
	sampler, err := NewSampler(s)
	if err != nil {
		t.Fatal(err)
	}
	return sampler
}

func TestBatchesDependOnTheStepAlone(t *testing.T) {
	spec := tiny(t)
	s := newSampler(t, Sampler{Spec: spec, Set: photos(), World: World{Seed: 1, Side: 32}, Augment: PhotoAugment(), Pairs: 6, Generated: 0.3, Negatives: 0.3, Pasted: 0.5, Families: 50, Seed: 9})
	var a, b Batch
	for _, fill := range []struct {
		b    *Batch
		step int
	}{{&a, 4}, {&b, 7}, {&b, 4}} {
		if err := s.Fill(t.Context(), fill.b, fill.step); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(a.Images, b.Images) || !slices.Equal(a.Masks, b.Masks) || !slices.Equal(a.Weights, b.Weights) ||
		!slices.Equal(a.Objects, b.Objects) || !slices.Equal(a.Classes, b.Classes) {
		t.Error("the batch of a step differs after another step's")
	}
	for i := range a.N { // what two images share has one class, and what is marked is an object
		shared := slices.ContainsFunc(a.Masks[i*256:][:256], func(v float32) bool { return v > 0 })
		if shared && a.Classes[i] != a.Classes[i+a.N] {
			t.Errorf("pair %d shares something, of classes %d and %d", i, a.Classes[i], a.Classes[i+a.N])
		}
	}
	for i, v := range a.Masks {
		if v > a.Objects[i] {
			t.Fatalf("pixel %d is shared by %v and object by %v", i, v, a.Objects[i])
		}
	}
	if _, err := (Pairs{Network: Network{Spec: spec}}).Feed(&a); err != nil {
		t.Error(err)
	}
}

// several are pictures of which each shows some of six classes: class k in column k, one pixel wide, of a grey of its own.
func several(shown ...[]int) *dataset.Set {
	s := &dataset.Set{Name: "several"}
	for k := range 6 {
		s.Classes = append(s.Classes, dataset.Class{Name: string(rune('a' + k))})
	}
	for n, labels := range shown {
		m := imgproc.Filled(6, 6, 3, 9)
		for p := range 36 {
			if slices.Contains(labels, p%6) {
				copy(m.Pix[3*p:], bytes.Repeat([]byte{uint8(100 + 20*(p%6))}, 3))
			}
		}
		for _, label := range labels {
			mask := imgproc.New(6, 6, 1)
			for row := range 6 {
				mask.Pix[6*row+label] = 255
			}
			s.Items = append(s.Items, dataset.Item{Image: m, Mask: mask, Label: label, Source: string(rune('0' + n))})
		}
	}
	return s
}

func TestAPairsMasksAreAllThatItsPicturesShare(t *testing.T) {
	set := several([]int{0, 1}, []int{0, 1, 2}, []int{0, 2}, []int{3}, []int{3, 4}, []int{1, 5}, []int{0, 1})
	for name, s := range map[string]Sampler{"as they are": {}, "sharing nothing": {Negatives: 1}} {
		s.Spec, s.Set, s.Pairs, s.World, s.Families = tiny(t), set, 1, World{Side: 6}, 9
		sampler := newSampler(t, s)
		both := 0
		for seed := range uint64(200) {
			pair, err := sampler.pair(rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				t.Fatal(err)
			}
			var want []bool // by class
			shared := 0
			for k := range 6 {
				there := pair[0].Image.Pix[3*k] > 9 && pair[1].Image.Pix[3*k] > 9
				want = append(want, there)
				if there {
					shared++
				}
			}
			if (shared == 0) != (s.Negatives == 1) {
				t.Fatalf("%s: %s and %s share %d classes", name, pair[0].Source, pair[1].Source, shared)
			}
			if shared > 1 {
				both++
			}
			for _, item := range pair {
				for k := range 6 {
					if (item.Mask.Pix[k] == 255) != want[k] {
						t.Fatalf("%s: class %d of %s beside %s and %s is marked %d, shared %v", name, k, item.Source, pair[0].Source, pair[1].Source, item.Mask.Pix[k], want[k])
					}
				}
			}
		}
		if s.Negatives == 0 && both == 0 {
			t.Error("no pair shares two classes")
		}
	}
}

// TestAMovedObjectStandsInAPictureThatSharesNothingElse finds by their greys what both images of a pair show, wherever it was moved to.
func TestAMovedObjectStandsInAPictureThatSharesNothingElse(t *testing.T) {
	set := several([]int{0, 1}, []int{0, 2}, []int{3, 1}, []int{3, 2}, []int{4, 1}, []int{4}, []int{5, 2}, []int{5})
	sampler := newSampler(t, Sampler{Spec: tiny(t), Set: set, Pairs: 1, Moved: 1, Families: 9})
	moved := 0
	for seed := range uint64(400) {
		pair, err := sampler.pair(rand.New(rand.NewPCG(seed, 1)))
		if err != nil {
			t.Fatal(err)
		}
		shows := func(item dataset.Item, label int) (pixels, marked int) {
			for i, v := range item.Mask.Pix {
				if item.Image.Pix[3*i] == uint8(100+20*label) {
					pixels++
					if v == 255 {
						marked++
					}
				}
			}
			return pixels, marked
		}
		for label := range 6 {
			first, firstMarked := shows(pair[0], label)
			second, secondMarked := shows(pair[1], label)
			if first > 0 && second > 0 && (firstMarked != first || secondMarked != second) {
				t.Fatalf("class %d is in both images of pair %d, and %d of %d and %d of %d pixels are marked", label, seed, firstMarked, first, secondMarked, second)
			}
			if second > 0 && second < 6 {
				moved++
			}
		}
	}
	if moved == 0 {
		t.Error("no object was moved")
	}
}

// TestACrowdIsNeitherSharedNorAStranger has a picture of a cat and a crowd, which is paired with people in neither kind of pair.
func TestACrowdIsNeitherSharedNorAStranger(t *testing.T) {
	const images = 6
	files, listed := fstest.MapFS{}, []string{}
	for i := range images {
		var b bytes.Buffer
		if err := png.Encode(&b, imgproc.Filled(6, 6, 3, uint8(10*i)).GoImage()); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprintf("images/%d.png", i)] = &fstest.MapFile{Data: b.Bytes()}
		listed = append(listed, fmt.Sprintf(`{"id": %d, "file_name": "%d.png", "width": 6, "height": 6}`, i, i))
	}
	var outlines []string
	for _, o := range [][3]int{{0, 1, 0}, {0, 2, 1}, {1, 1, 0}, {1, 2, 0}, {2, 2, 0}, {3, 1, 0}, {4, 3, 0}, {5, 3, 0}} { // image, category, crowd
		outlines = append(outlines, fmt.Sprintf(`{"image_id": %d, "category_id": %d, "iscrowd": %d, "segmentation": [[0, 0, 3, 0, 3, 6, 0, 6]]}`, o[0], o[1], o[2]))
	}
	files["annotations/instances.json"] = &fstest.MapFile{Data: []byte(`{"images": [` + strings.Join(listed, ",") + `], "annotations": [` + strings.Join(outlines, ",") +
		`], "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "person"}, {"id": 3, "name": "dog"}]}`)}
	set, err := dataset.ReadMasked(t.Context(), dataset.Folder{FS: files, Path: "set"})
	if err != nil {
		t.Fatal(err)
	}
	for _, negatives := range []float64{0, 1} {
		s := newSampler(t, Sampler{Spec: tiny(t), Set: set, Pairs: 1, Families: 9, Negatives: negatives, World: World{Side: 6}})
		var with []uint8 // the pictures that the crowd was paired with
		for seed := range uint64(300) {
			pair, err := s.pair(rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				t.Fatal(err)
			}
			for side := range pair {
				if strings.HasSuffix(pair[side].Source, "/0.png") {
					with = append(with, pair[1-side].Image.Pix[0]/10)
				}
			}
		}
		want := []uint8{3}
		if negatives == 1 {
			want = []uint8{4, 5}
		}
		slices.Sort(with)
		if with = slices.Compact(with); !slices.Equal(with, want) {
			t.Errorf("negatives %v: the crowd was paired with pictures %v, want %v", negatives, with, want)
		}
	}
}

func TestWherePicturesAlwaysShareStrangersAreOfTheWorld(t *testing.T) {
	s := newSampler(t, Sampler{Spec: tiny(t), Set: several([]int{0, 1}, []int{0, 1}, []int{0, 1}), World: World{Seed: 1, Side: 16}, Families: 9, Negatives: 1, Pairs: 1})
	pair, err := s.pair(rand.New(rand.NewPCG(1, 1)))
	if err != nil || pair[0].Image.H != 16 || pair[0].Label == pair[1].Label {
		t.Errorf("a pair of %d pixels of classes %d and %d (%v), want one of the world that shares nothing", pair[0].Image.H, pair[0].Label, pair[1].Label, err)
	}
}

func TestMasksOfBatchesAreSharesOfTheirPixels(t *testing.T) {
	labels := []uint8{
		255, 255, 0, 0,
		255, 0, dataset.MaskVoid, 255,
		128, 128, 0, 0,
		128, 128, 0, 0,
	}
	labels[2] = alone
	mask, weight, object := make([]float32, 4), make([]float32, 4), make([]float32, 4)
	shrinkMask(shrunk{mask, weight, object}, labels, 4, 2)
	if want := []float32{0.75, 2. / 3, 0, 0}; !slices.Equal(object, want) {
		t.Errorf("objects %v, want %v", object, want)
	}
	if want := []float32{0.75, 1. / 3, 0, 0}; !slices.Equal(mask, want) {
		t.Errorf("masks %v, want %v", mask, want)
	}
	if want := []float32{1, 0.75, 0, 1}; !slices.Equal(weight, want) {
		t.Errorf("weights %v, want %v", weight, want)
	}
}

func TestAPastedObjectHidesAndIsNotMarked(t *testing.T) {
	set := photos()
	into, from := set.Items[0], set.Items[6]
	old := slices.Clone(into.Mask.Pix)
	for seed := range uint64(20) {
		got := pasted(into, from, 0, rand.New(rand.NewPCG(seed, 1)))
		for i := range got.Mask.Pix {
			changed := !bytes.Equal(got.Image.Pix[3*i:3*i+3], into.Image.Pix[3*i:3*i+3])
			if want := old[i] == 255 && !changed; (got.Mask.Pix[i] == 255) != want {
				t.Fatalf("pixel %d, changed %v, is marked %d", i, changed, got.Mask.Pix[i])
			}
		}
	}
	if !slices.Equal(old, into.Mask.Pix) {
		t.Error("the data set's own mask was changed")
	}
}

func TestAMovedObjectStandsInAnotherPictureAndIsAllThatIsMarked(t *testing.T) {
	set := photos()
	s := newSampler(t, Sampler{Spec: tiny(t), Set: set, Pairs: 1, Moved: 1, Seed: 3})
	seen := 0
	for seed := range uint64(40) {
		pair, err := s.pair(rand.New(rand.NewPCG(seed, 1)))
		if err != nil {
			t.Fatal(err)
		}
		level := uint8(100 + 30*pair[0].Label)
		for i, v := range pair[1].Mask.Pix {
			if v == 255 {
				seen++
			}
			if (v == 255) != (pair[1].Image.Pix[3*i] == level) {
				t.Fatalf("a pixel of level %d is marked %d; the shared object has level %d", pair[1].Image.Pix[3*i], v, level)
			}
		}
	}
	if seen == 0 {
		t.Error("no object was moved")
	}
}

func TestRunLengthsAreTheMask(t *testing.T) {
	const h, w = 5, 4
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		bits := make([]bool, h*w)
		for i := range bits {
			bits[i] = rng.IntN(2) == 0
		}
		r := NewRLE(bits, h, w)
		var columns []bool // decoded, column by column
		for k, n := range r.Counts {
			columns = append(columns, slices.Repeat([]bool{k%2 == 1}, n)...)
		}
		for i, on := range columns {
			if bits[i%h*w+i/h] != on {
				t.Fatalf("%v is written %v", bits, r.Counts)
			}
		}
		if len(columns) != h*w {
			t.Fatalf("%d pixels are written, want %d", len(columns), h*w)
		}
	}
}

func TestBoxMeanIsTheMeanOfTheWindow(t *testing.T) {
	const h, w, radius = 5, 7, 2
	values := make([]float32, h*w)
	for i := range values {
		values[i] = float32(i*i%17) - 3
	}
	got := boxMean(values, h, w, radius)
	for y := range h {
		for x := range w {
			sum, n := 0.0, 0
			for v := max(0, y-radius); v <= min(h-1, y+radius); v++ {
				for u := max(0, x-radius); u <= min(w-1, x+radius); u++ {
					sum, n = sum+float64(values[v*w+u]), n+1
				}
			}
			if want := sum / float64(n); float64(got[y*w+x])-want > 1e-5 || want-float64(got[y*w+x]) > 1e-5 {
				t.Errorf("boxMean(%d, %d) = %v, want %v", x, y, got[y*w+x], want)
			}
		}
	}
}

// TestRefiningMovesAnEdgeToTheImages has a mask that ends three pixels beside a sharp edge of the image.
func TestRefiningMovesAnEdgeToTheImages(t *testing.T) {
	const side = 150
	m, mask := imgproc.New(side, side, 1), make([]float32, side*side)
	for i := range mask {
		if i%side < 75 {
			m.Pix[i] = 255
		}
		mask[i] = min(1, max(0, 0.5+float32(78-i%side)/12)) // soft, at 78
	}
	got := refine(m, mask, side, side)
	row := got[70*side:][:side]
	if step, beside := row[74]-row[75], max(row[73]-row[74], row[75]-row[76]); step < 3*beside {
		t.Errorf("around the edge at 75: %.2f, want the mask's steepest step there", row[70:80])
	}
	flat := refine(imgproc.Filled(side, side, 1, 9), mask, side, side)
	if d := flat[70*side+20] - 1; d > 1e-3 || d < -1e-3 {
		t.Errorf("on a flat image: %v, want 1", flat[70*side+20])
	}
}

// A mask found in a copy of an eighth of the size ends, in the photograph, where the object does.
func TestAMaskIsFittedToTheLargePhotograph(t *testing.T) {
	const side, shrink = 400, 8
	m := imgproc.New(side, side, 3)
	object := func(i int) bool { return math.Hypot(float64(i%side)-180, float64(i/side)-210) < 95 }
	for i := range side * side {
		if object(i) {
			copy(m.Pix[3*i:], []uint8{230, 200, 210})
		}
	}
	small := Mask{Probability: make([]float32, side*side/shrink/shrink), H: side / shrink, W: side / shrink, Presence: 0.75, Present: true}
	for i := range small.Probability {
		if object((i/small.W*side+i%small.W)*shrink + shrink/2*(side+1)) {
			small.Probability[i] = 1
		}
	}
	got := small.For(m)
	if got.H != side || got.W != side || got.Presence != 0.75 || !got.Present {
		t.Fatalf("%d×%d, presence %v, want 400×400 and 0.75", got.W, got.H, got.Presence)
	}
	wrong := 0
	for i, on := range got.Bits() {
		if on != object(i) {
			wrong++
		}
	}
	if wrong > 300 { // half a pixel around the circle; a pixel of the copy would be 4,800
		t.Errorf("%d pixels are on the wrong side of the edge", wrong)
	}
	if small.H != side/shrink {
		t.Error("the small mask changed")
	}
}
