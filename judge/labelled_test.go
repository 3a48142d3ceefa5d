package judge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

func TestEmbedKeepsTheOrderAcrossBlocks(t *testing.T) {
	values := make([]uint8, 1300)
	for i := range values {
		values[i] = uint8(i % 251)
	}
	model := lineWith(1)
	rows, err := Embed(t.Context(), model, dotSet(values))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if row[0] != float32(values[i]) {
			t.Fatalf("embedding %d = %v, want %d", i, row, values[i])
		}
	}
	if want := []int{512, 512, 276}; !slices.Equal(model.blocks, want) {
		t.Errorf("blocks of %v images, want %v", model.blocks, want)
	}
}

func TestVerifyAsksAtTheModelsThreshold(t *testing.T) {
	set := dotSet([]uint8{10, 12, 30}, []uint8{50, 51}, []uint8{52, 90})
	labelled, err := NewLabelled(t.Context(), lineWith(5), nil, set)
	if err != nil {
		t.Fatal(err)
	}
	result, verdicts, err := labelled.Verify(40, 1)
	if err != nil {
		t.Fatal(err)
	}
	on := result.MeasuredOn
	if result.N != 21 || result.Threshold != 5 || !on.AllPairs || on.SamePairs != 5 || on.DifferentPairs != 16 || on.Identities != 3 || on.Images != 7 || on.Units != 3 {
		t.Errorf("%d pairs at %v, measured on %+v, want all 21 at 5", result.N, result.Threshold, on)
	}
	if len(result.TARAtFAR) != 0 || result.LeastFAR != 1 {
		t.Errorf("TAR at FAR = %v down to %v, want none: three pairs of people support no rate below 1", result.TARAtFAR, result.LeastFAR)
	}
	for i, d := range verdicts.Distances {
		if want := (d <= 5) == verdicts.Same[i]; verdicts.right[i] != want {
			t.Errorf("pair %d, %v apart, same %v: right %v, want %v", i, d, verdicts.Same[i], verdicts.right[i], want)
		}
	}
	for _, same := range []bool{true, false} {
		shown, _, err := verdicts.mistakes(same)
		if err != nil {
			t.Fatal(err)
		}
		if len(shown) == 0 {
			t.Errorf("no mistakes on pairs with same = %v, want some", same)
		}
		for i, p := range shown {
			if wrong := same == (p.Distance > 5); !wrong || p.Verdict != report.Wrong || (p.Names[0] == p.Names[1]) != same {
				t.Errorf("same = %v: %v and %v, %v apart, are shown as a mistake", same, p.Names[0], p.Names[1], p.Distance)
			}
			if i > 0 && same != (shown[i-1].Distance >= p.Distance) && shown[i-1].Distance != p.Distance {
				t.Errorf("same = %v: %v comes after %v, want the worst first", same, p.Distance, shown[i-1].Distance)
			}
		}
	}
	if _, _, err := (&Labelled{model: &line{}}).Verify(2, 1); err == nil || !strings.Contains(err.Error(), "no threshold") {
		t.Errorf("Verify without a threshold = %v, want an error that says so", err)
	}
}

// The second image of a pair is compared as the older model embeds it.
func TestOlderModelEmbedsTheSecondImage(t *testing.T) {
	set := dotSet([]uint8{10, 12}, []uint8{100, 102})
	old := &shifted{lineWith(5), 50}
	labelled, err := NewLabelled(t.Context(), lineWith(5), old, set)
	if err != nil {
		t.Fatal(err)
	}
	_, verdicts, err := labelled.Verify(20, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range verdicts.Distances {
		if verdicts.Same[i] && d != 48 && d != 52 {
			t.Errorf("a same pair is %v apart, want 50 more or less than 2", d)
		}
	}
}

// shifted is a line whose embeddings lie further on.
type shifted struct {
	*line
	by float32
}

func (s *shifted) EmbedImages(ctx context.Context, images []imgproc.Image) ([][]float32, error) {
	rows, err := s.line.EmbedImages(ctx, images)
	for _, row := range rows {
		row[0] += s.by
	}
	return rows, err
}

func TestThinnedImagesAreSpreadByName(t *testing.T) {
	set := &dataset.Set{Classes: []dataset.Class{{Name: "a"}, {Name: "b"}}}
	for i := range 9 {
		set.Items = append(set.Items, dataset.Item{Label: 0, Source: fmt.Sprintf("%d.png", 9-i)})
	}
	set.Items = append(set.Items, dataset.Item{Label: 1, Source: "x.png"})
	var names []string
	for _, item := range Thinned(set, 3).Items {
		names = append(names, item.Source)
	}
	if want := []string{"1.png", "5.png", "9.png", "x.png"}; !slices.Equal(names, want) {
		t.Errorf("Thinned to 3 = %v, want %v", names, want)
	}
	if len(set.Items) != 10 {
		t.Errorf("Thinned changed the set: it has %d items, want 10", len(set.Items))
	}
}

func TestFramesAreTheLastNumbersOfNames(t *testing.T) {
	for name, want := range map[string]int{
		"0001_f000758.jpg": 758, "dir12/frame7.png": 7, "a_3_x.png": 3, "12.png": 12, `c:\films\9\0004.png`: 4,
	} {
		if got, err := frameOf(name); got != want || err != nil {
			t.Errorf("frameOf(%s) = %d, %v, want %d", name, got, err, want)
		}
	}
	for _, name := range []string{"a.png", "", "12/old.png"} {
		if got, err := frameOf(name); err == nil {
			t.Errorf("frameOf(%s) = %d, want an error", name, got)
		}
	}
	set := &dataset.Set{Items: []dataset.Item{{Source: "f1"}, {Source: "f4"}, {Source: "f9"}}}
	within, err := Within(set, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		a, b int
		want bool
	}{{0, 1, true}, {1, 0, true}, {1, 2, false}, {0, 2, false}} {
		if got := within(test.a, test.b); got != test.want {
			t.Errorf("fewer than 4 frames between items %d and %d: %v, want %v", test.a, test.b, got, test.want)
		}
	}
}

func TestDoubtsAreOfIdentitiesOnly(t *testing.T) {
	set := dotSet([]uint8{1, 2}, []uint8{3, 4})
	for i := range set.Items { // large enough to be told apart
		set.Items[i].Image = block(i % 4)
	}
	set.Items[3].Image = set.Items[0].Image
	if got := Doubts(set); len(got) != 1 {
		t.Errorf("Doubts = %v, want the picture that stands under two identities", got)
	}
	set.Classes[1].Group = "Latin"
	if got := Doubts(set); len(got) != 0 {
		t.Errorf("Doubts of alphabets = %v, want none", got)
	}
}

func TestCopiesWithinAnIdentityAreLeftOut(t *testing.T) {
	set := dotSet([]uint8{1, 2, 3}, []uint8{3, 4, 5})
	for i := range set.Items {
		set.Items[i].Image, set.Items[i].Source = block(i), fmt.Sprintf("%d.png", i)
	}
	set.Items[1].Image = set.Items[0].Image
	set.Items[2].Image = set.Items[0].Image.Turned(imgproc.Mirror)
	set.Items[5].Image = set.Items[0].Image // of another identity: a doubt
	kept, copies := WithoutCopies(set)
	if want := []Copy{{"1.png", "0.png"}, {"2.png", "0.png"}}; !slices.Equal(copies, want) || len(kept.Items) != 4 {
		t.Errorf("copies %v, %d items left, want %v and 4", copies, len(kept.Items), want)
	}
	set.Classes[1].Group = "Latin"
	if _, copies := WithoutCopies(set); len(copies) != 0 {
		t.Errorf("copies among drawings of alphabets = %v, want none", copies)
	}
}

func TestMistakesAreOfManyPeople(t *testing.T) {
	v := &Verdicts{threshold: 5}
	for i := range 200 { // forty pairs of each of five people, all wrong, the first person's the worst
		v.Same, v.right, v.Classes = append(v.Same, true), append(v.right, false), append(v.Classes, [2]int{i / 40, i / 40})
		v.Distances = append(v.Distances, 300-float32(i))
	}
	v.picture = func(int) (report.PicturePair, error) { return report.PicturePair{}, nil }
	shown, all, err := v.mistakes(true)
	if err != nil || all != 200 || len(shown) != 5*mostOfOne {
		t.Errorf("%d of %d mistakes, %v, want %d of each of 5 people of 200", len(shown), all, err, mostOfOne)
	}
	if shown[0].Distance != 300 || shown[mostOfOne].Distance != 260 {
		t.Errorf("mistakes of %v and %v, want the worst first, and after some the worst of the next", shown[0].Distance, shown[mostOfOne].Distance)
	}
	for i := range v.Classes { // two by two, of one person and four others in turn
		v.Classes[i] = [2]int{0, 1 + i%4}
	}
	if shown, _, err = v.mistakes(true); err != nil || len(shown) != mostOfOne {
		t.Errorf("%d mistakes with one person, %v, want %d with others each", len(shown), err, mostOfOne)
	}
}

// broken is a line that makes something that is no number of bright images.
type broken struct {
	*line
	of float32
}

func (b *broken) EmbedImages(ctx context.Context, images []imgproc.Image) ([][]float32, error) {
	rows, err := b.line.EmbedImages(ctx, images)
	for _, row := range rows {
		if row[0] > 200 {
			row[0] = b.of
		}
	}
	return rows, err
}

func TestEmbeddingsThatAreNoNumbersAreRefusedByName(t *testing.T) {
	for _, of := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		model := &broken{lineWith(5), float32(of)}
		set := dotSet([]uint8{10, 12}, []uint8{50, 240})
		for i := range set.Items {
			set.Items[i].Source = fmt.Sprintf("p%d.png", i)
		}
		folder := dots(t, map[string]uint8{"ada/1.pgm": 10, "bo/2.pgm": 240})
		pairs := &dataset.PhotoPairs{Folder: folder, Files: []string{"ada/1.pgm", "bo/2.pgm"}, Pairs: []dataset.PhotoPair{{A: 0, B: 1}}}
		errs := map[string]error{}
		_, errs["p3.png"] = NewLabelled(t.Context(), model, nil, set)
		_, errs["dots: image 4, p3.png"] = OneShot(t.Context(), model, set, StandardOneShot(1))
		_, errs["bo/2.pgm"] = OpenAlbum(t.Context(), folder, pairs.Files, Whole(model))
		_, _, errs["bo/2.pgm: its embedding"] = VerifyPhotos(t.Context(), model, Whole(model), pairs, 1)
		for name, err := range errs {
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), fmt.Sprintf("holds %v", float32(of))) {
				t.Errorf("embeddings of %v: %v, want an error that names %s", of, err, name)
			}
		}
	}
}

// What the model says of the image with a number is said of its file.
func TestErrorsOfImagesNameTheirFiles(t *testing.T) {
	failed := fmt.Errorf("embed: %w", &imgproc.NumberedError{Doing: "embed image", Number: 2, Err: errors.New("model m makes NaN of it")})
	if got := NamedError(failed, []string{"a.png", "b.png"}).Error(); got != "b.png: model m makes NaN of it" {
		t.Errorf("NamedError = %s, want it to name b.png", got)
	}
	if got := NamedError(failed, []string{"a.png"}); got != failed {
		t.Errorf("NamedError of fewer files = %v, want the error as it is", got)
	}
}
