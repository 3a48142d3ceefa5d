package coseg

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
)

// blank is a network that has learned nothing, whose encoder sees colours and edges all the same.
func blank(t *testing.T) *Model {
	t.Helper()
	b, spec := backend(t), tiny(t)
	weights, err := newTrainer(t, b, spec).Weights()
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, b, spec, weights)
}

// scenes are pictures that all show family 1 before their own backgrounds, and where.
func scenes(t *testing.T, m *Model, n int) (encoded []Encoded, items []dataset.Item) {
	t.Helper()
	w := World{Seed: 4, Side: 64}
	for i := range n {
		item := w.Item(Scene{Families: []int{1}, Background: i}, []int{1}, rand.New(rand.NewPCG(uint64(i), 2)))
		e, err := m.Encode(t.Context(), item.Image)
		if err != nil {
			t.Fatal(err)
		}
		encoded, items = append(encoded, e), append(items, item)
	}
	return encoded, items
}

func bitsOf(mask imgproc.Image) []bool {
	bits := make([]bool, len(mask.Pix))
	for i, v := range mask.Pix {
		bits[i] = v == 255
	}
	return bits
}

func TestPlacesAreComparedAsTheirVectorsAre(t *testing.T) {
	m := blank(t)
	encoded, _ := scenes(t, m, 2)
	grids := newGrids(encoded)
	got, err := m.alike(grids[0], grids[1])
	if err != nil {
		t.Fatal(err)
	}
	for p := range grids[0].places() {
		for q := range grids[1].places() {
			want := float64(inner(grids[0].at(p), grids[1].at(q)))
			if math.Abs(float64(got.at(p, q))-want) > 1e-4 {
				t.Fatalf("places %d and %d: %v by the correlation, want %v", p, q, got.at(p, q), want)
			}
		}
	}
}

func TestPointsAreEachOthersBestMatch(t *testing.T) {
	m := blank(t)
	encoded, _ := scenes(t, m, 2)
	points, err := m.Points(t.Context(), encoded[0], encoded[1])
	if err != nil {
		t.Fatal(err)
	}
	grids := newGrids(encoded)
	all, err := m.Alikes(t.Context(), encoded[0], encoded[1])
	if err != nil {
		t.Fatal(err)
	}
	n := all.HB * all.WB
	for i, x := range points {
		p, q := encoded[0].place(grids[0], x.A), encoded[1].place(grids[1], x.B)
		if got := float64(all.Cosines[p*n+q]); got != x.Alike || i > 0 && points[i-1].Alike < x.Alike {
			t.Errorf("match %d of %v is %v alike, after one of %v", i, x, got, points[max(0, i-1)].Alike)
		}
		for k := range all.Cosines {
			if (k/n == p || k%n == q) && float64(all.Cosines[k]) > x.Alike {
				t.Fatalf("places %d and %d match, but %d and %d are more alike", p, q, k/n, k%n)
			}
		}
	}
	same, err := m.Points(t.Context(), encoded[0], encoded[0])
	if err != nil || len(same) != grids[0].places() {
		t.Fatalf("an image with itself: %d matches, %v, want all %d places", len(same), err, grids[0].places())
	}
	for _, x := range same {
		if x.A != x.B {
			t.Errorf("an image with itself: %v matches %v", x.A, x.B)
		}
	}
}

func TestAGivenMaskIsFoundAgain(t *testing.T) {
	m := blank(t)
	encoded, items := scenes(t, m, 3)
	masks, err := m.Follow(t.Context(), encoded[0], bitsOf(items[0].Mask), encoded[0], encoded[1])
	if err != nil {
		t.Fatal(err)
	}
	if !masks[0].Present || masks[0].Presence < masks[1].Presence {
		t.Errorf("presence %.3f in the image itself, %.3f in another", masks[0].Presence, masks[1].Presence)
	}
	masks[0].Present = true
	if j := eval.ScoreMask(masks[0].Bits(), items[0].Mask.Pix).Jaccard; j < 0.5 {
		t.Errorf("in the image itself the mask is found with J %.2f, want 0.5 or more", j)
	}
	for want, mask := range map[string][]bool{
		"mask of 3 pixels for an image of 64×64": make([]bool, 3),
		"covers nothing": make([]bool, 64*64),
		"covers all":     slices.Repeat([]bool{true}, 64*64),
	} {
		if _, err := m.Follow(t.Context(), encoded[0], mask, encoded[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestAPointGivesWhatLiesThere(t *testing.T) {
	m := blank(t)
	m.Untrained = true
	picture := imgproc.Filled(64, 64, 3, 30)
	for i := range 64 * 64 {
		if i%64 >= 32 {
			picture.Pix[3*i] = 250
		}
	}
	e, err := m.Encode(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	mask, err := m.At(t.Context(), e, imgproc.Point{X: 52, Y: 30})
	if err != nil {
		t.Fatal(err)
	}
	if !mask[30*64+52] || mask[30*64+4] {
		t.Errorf("the mask of a point covers itself: %v, and the other half: %v", mask[30*64+52], mask[30*64+4])
	}
	for _, p := range []imgproc.Point{{X: -1, Y: 3}, {X: 64, Y: 3}, {X: 3, Y: 1e9}, {X: float32(math.NaN()), Y: 2}} {
		if _, err := m.At(t.Context(), e, p); err == nil || !strings.Contains(err.Error(), "outside the image of 64×64") {
			t.Errorf("point %v: %v", p, err)
		}
	}
}

func TestAPointOnWhatAModelMarksGivesAllThatHangsTogetherThere(t *testing.T) {
	m := blank(t)
	encoded, _ := scenes(t, m, 1)
	alone, err := m.Against(t.Context(), encoded[0], encoded[0])
	if err != nil {
		t.Fatal(err)
	}
	alone.Present = true
	marked := alone.Bits()
	start := slices.Index(marked, true)
	if start < 0 || !slices.Contains(marked, false) {
		t.Fatal("this network marks nothing, or all: the test needs another seed")
	}
	want := make([]bool, len(marked))
	want[start] = true
	for changed := true; changed; {
		changed = false
		for p := range want {
			beside := p%64 > 0 && want[p-1] || p%64 < 63 && want[p+1] || p >= 64 && want[p-64] || p < 63*64 && want[p+64]
			if marked[p] && !want[p] && beside {
				want[p], changed = true, true
			}
		}
	}
	got, err := m.At(t.Context(), encoded[0], imgproc.Point{X: float32(start % 64), Y: float32(start / 64)})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: the mask of a marked point is not what hangs together with it", err)
	}
}

func TestAnUntrainedEncoderSegmentsAGroupInAnyOrder(t *testing.T) {
	m := blank(t)
	m.Untrained = true
	encoded, items := scenes(t, m, 4)
	want, err := m.SegmentEncoded(t.Context(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	order := []int{2, 0, 3, 1}
	turned := make([]Encoded, len(order))
	for k, i := range order {
		turned[k] = encoded[i]
	}
	got, err := m.SegmentEncoded(t.Context(), turned)
	if err != nil {
		t.Fatal(err)
	}
	for k, i := range order {
		if math.Abs(got[k].Presence-want[i].Presence) > 1e-4 {
			t.Errorf("presence %v in another order %v", want[i].Presence, got[k].Presence)
		}
		for p := range want[i].Probability {
			if math.Abs(float64(got[k].Probability[p]-want[i].Probability[p])) > 1e-3 {
				t.Fatalf("probability %v in another order %v", want[i].Probability[p], got[k].Probability[p])
			}
		}
		want[i].Present = true
		if area := want[i].Area(); area == 0 || area == 1 {
			t.Errorf("the mask of image %d covers %v of it; the object %d pixels", i, area, strings.Count(string(items[i].Mask.Pix), "\xff"))
		}
	}
	if _, err := m.Logits(t.Context(), encoded[0], encoded[1]); err == nil {
		t.Error("an encoder alone has mask logits")
	}
}

func TestAnImageAndItsMirrorImageHaveMirroredMasks(t *testing.T) {
	m := blank(t)
	_, items := scenes(t, m, 2)
	mirrored := imgproc.New(64, 64, 3)
	mirror(mirrored.Pix, items[0].Image.Pix, 64, 3)
	want, err := m.Segment(t.Context(), items[0].Image, items[0].Image)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Segment(t.Context(), mirrored, mirrored)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want[0].Probability {
		if other := got[0].Probability[i/64*64+63-i%64]; math.Abs(float64(v-other)) > 1e-3 {
			t.Fatalf("pixel %d: %v, mirrored %v", i, v, other)
		}
	}
}
