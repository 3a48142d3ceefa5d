package judge

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// seen takes nothing out of black photographs.
func seen(ctx context.Context, photos []imgproc.Photo) ([][]Cut, error) {
	lists, err := Whole(lineWith(5)).Cut(ctx, photos)
	for i, photo := range photos {
		if photo.Image.Pix[0] == 0 {
			lists[i] = nil
		}
	}
	return lists, err
}

// listedPairs are two folds of a same pair and two different ones each; in the last pair one photograph is black.
func listedPairs(t *testing.T) *dataset.PhotoPairs {
	return &dataset.PhotoPairs{
		Folder: dots(t, map[string]uint8{"a1.pgm": 10, "a2.pgm": 13, "b1.pgm": 100, "b2.pgm": 104, "c.pgm": 0}),
		Files:  []string{"a1.pgm", "a2.pgm", "b1.pgm", "b2.pgm", "c.pgm"},
		Pairs: []dataset.PhotoPair{
			{A: 0, B: 1, Same: true, Fold: 0}, {A: 0, B: 2, Fold: 0}, {A: 1, B: 3, Fold: 0},
			{A: 2, B: 3, Same: true, Fold: 1}, {A: 0, B: 3, Fold: 1}, {A: 2, B: 4, Same: true, Fold: 1},
		},
		Folds: []string{"01", "02"},
	}
}

func TestPairsWithoutAFaceCountAsDifferent(t *testing.T) {
	result, verdicts, err := VerifyPhotos(t.Context(), lineWith(5), View{Cut: seen}, listedPairs(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if result.Photographs != 5 || !slices.Equal(result.Faceless, []string{"c.pgm"}) {
		t.Errorf("%d photographs, faceless %v, want 5 and c.pgm", result.Photographs, result.Faceless)
	}
	if want := []float32{3, 90, 91, 4, 94, 94}; !slices.Equal(verdicts.Distances, want) {
		t.Errorf("distances %v, want %v: that of the pair without a face is the largest of the others", verdicts.Distances, want)
	}
	if want := []bool{true, true, true, true, true, false}; !slices.Equal(verdicts.right, want) {
		t.Errorf("right %v, want %v", verdicts.right, want)
	}
	page := report.New("listed")
	if err := verdicts.AddTo(page); err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	if got := html.String(); !strings.Contains(got, "Wrongly called different") || strings.Contains(got, "Wrongly called the same") {
		t.Error("the page does not show the one mistake, a same pair called different, and no other")
	}
}

func TestPhotographsWithoutAnyFaceCannotJudge(t *testing.T) {
	blind := func(_ context.Context, photos []imgproc.Photo) ([][]Cut, error) {
		return make([][]Cut, len(photos)), nil
	}
	if _, _, err := VerifyPhotos(t.Context(), lineWith(5), View{Cut: blind}, listedPairs(t), 1); err == nil || !strings.Contains(err.Error(), "no face was found in any photograph") {
		t.Errorf("VerifyPhotos of no faces = %v, want an error that says so", err)
	}
}

func TestAnswersAreComparedOnTheSameTrialsOnly(t *testing.T) {
	answers := func(seed uint64, trials any, right ...bool) Answers {
		a, err := newAnswers(seed, trials, map[string][]bool{"verification": right})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := answers(1, "these", true, true, false, true)
	got, err := first.Compare(answers(1, "these", true, false, false, false))
	if err != nil || got["verification"].Difference.Value != 0.5 || got["verification"].A.N != 4 {
		t.Errorf("Compare = %+v, %v, want a difference of 0.5 on 4 pairs", got, err)
	}
	for name, other := range map[string]Answers{
		"seeds 1 and 2":      answers(2, "these", true, true, false, true),
		"different data":     answers(1, "others", true, true, false, true),
		"no task in common":  {Seed: 1, Trials: first.Trials, Tasks: map[string][]bool{"runs": {true}}},
		"verification: want": {Seed: 1, Trials: first.Trials, Tasks: map[string][]bool{"verification": {true}}},
	} {
		if _, err := first.Compare(other); err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(name, " want")) {
			t.Errorf("Compare with %s = %v, want an error that says so", name, err)
		}
	}
}
