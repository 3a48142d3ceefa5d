package dataset

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

// scene is a smooth picture in colour, another one for each seed.
func scene(seed uint64) imgproc.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := imgproc.New(48, 48, 3)
	for range 6 {
		fx, fy, phase := rng.NormFloat64()*0.1, rng.NormFloat64()*0.1, rng.Float64()*6
		for i := range m.Pix {
			x, y := float64(i/3%48), float64(i/3/48)
			m.Pix[i] += uint8(20 + 18*math.Sin(fx*x+fy*y+phase+float64(i%3)))
		}
	}
	return m
}

// recompressed is a picture after JPEG at a low quality.
func recompressed(t *testing.T, m imgproc.Image) imgproc.Image {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m.GoImage(), &jpeg.Options{Quality: 30}); err != nil {
		t.Fatal(err)
	}
	return must[imgproc.Image](t)(imgproc.Decode(&file))
}

func lighter(m imgproc.Image) imgproc.Image {
	out := imgproc.New(m.H, m.W, m.C)
	for i, v := range m.Pix {
		out.Pix[i] = 30 + uint8(0.8*float64(v))
	}
	return out
}

func TestNearDuplicatesFindsCopies(t *testing.T) {
	a, b := &Set{Classes: []Class{{Name: "a"}}}, &Set{Classes: []Class{{Name: "b"}}}
	for seed := range uint64(40) {
		a.Items = append(a.Items, Item{Image: scene(seed)})
		b.Items = append(b.Items, Item{Image: scene(100 + seed)})
	}
	plain := imgproc.Filled(20, 20, 1, 200)
	a.Items[30].Image, b.Items[30].Image = plain, plain // pictures of nothing are no copies
	b.Items[3].Image = recompressed(t, a.Items[7].Image)
	b.Items[5].Image = imgproc.Resize(a.Items[8].Image, 24, 24)
	b.Items[6].Image = lighter(a.Items[9].Image)
	b.Items[9].Image = a.Items[10].Image.Turned(imgproc.Mirror)
	b.Items[10].Image = a.Items[11].Image.Grey()
	b.Items[11].Image = imgproc.Warp(a.Items[12].Image, imgproc.Translation(0.5, 0.5))
	var got [][2]int
	for _, d := range NearDuplicates(a, b) {
		got = append(got, [2]int{d.A, d.B})
		if d.Correlation < 0.93 || d.Correlation > 1+1e-6 {
			t.Errorf("items %d and %d correlate by %v, want 0.93 to 1", d.A, d.B, d.Correlation)
		}
	}
	if diff := cmp.Diff([][2]int{{7, 3}, {8, 5}, {9, 6}, {10, 9}, {11, 10}, {12, 11}}, got); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
}

func TestSamePicturesAreOfTwoLabels(t *testing.T) {
	s := &Set{Name: "people"}
	for label := range 4 {
		s.Classes = append(s.Classes, Class{Name: fmt.Sprint("person", label)})
		for i := range uint64(2) {
			s.Items = append(s.Items, Item{Image: scene(uint64(label)*2 + i), Label: label})
		}
	}
	s.Items[1].Image = s.Items[0].Image // the same person
	s.Items[6].Image = recompressed(t, s.Items[3].Image)
	got := SamePictures(s)
	if len(got) != 1 || got[0].A != 3 || got[0].B != 6 {
		t.Fatalf("SamePictures = %v, want items 3 and 6", got)
	}
	rest := s.Without(got[0].A, got[0].B)
	if len(rest.Items) != 6 || len(SamePictures(rest)) != 0 || len(s.Items) != 8 {
		t.Errorf("%d items without them, %d before, want 6 and 8", len(rest.Items), len(s.Items))
	}
}

func TestNearDuplicatesOfRealFaces(t *testing.T) {
	s := realFaces(t)
	var got []string
	for _, d := range SamePictures(s) {
		got = append(got, s.Classes[s.Items[d.A].Label].Name+" "+s.Classes[s.Items[d.B].Label].Name)
	}
	want := []string{ // as a look at them confirms
		"Andrew_Caldecott Andrew_Gilligan", "Bart_Hendricks Ricky_Ray", "Carlos_Beltran Raul_Ibanez", "Emmy_Rossum Eva_Amurri",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("photographs under two names (-want +got):\n%s", diff)
	}
}

func BenchmarkNearDuplicates(b *testing.B) {
	set := &Set{Classes: []Class{{}}}
	for seed := range uint64(2000) {
		set.Items = append(set.Items, Item{Image: scene(seed)})
	}
	for b.Loop() {
		NearDuplicates(set, set)
	}
}

func TestCopiesAreOfOneLabelAndNoOtherPhotographs(t *testing.T) {
	s := &Set{Name: "people", Classes: []Class{{Name: "ada"}, {Name: "bo"}}}
	for seed := range uint64(20) {
		s.Items = append(s.Items, Item{Image: scene(seed), Label: int(seed) / 10})
	}
	s.Items[3].Image = s.Items[1].Image
	s.Items[4].Image = recompressed(t, s.Items[1].Image)
	s.Items[5].Image = imgproc.Resize(s.Items[2].Image, 30, 36)
	s.Items[6].Image = s.Items[0].Image.Turned(imgproc.Mirror)
	s.Items[8].Image = imgproc.Warp(s.Items[7].Image, imgproc.Translation(2, 2)) // the next frame is no copy
	s.Items[15].Image = s.Items[9].Image                                         // under another label
	plain := imgproc.Filled(20, 20, 1, 200)
	s.Items[16].Image, s.Items[17].Image = plain, plain
	var got [][2]int
	for _, d := range Copies(s) {
		got = append(got, [2]int{d.A, d.B})
	}
	if diff := cmp.Diff([][2]int{{0, 6}, {1, 3}, {1, 4}, {2, 5}}, got); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
}
