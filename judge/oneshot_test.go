package judge

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// strokes is a small model of characters.
func strokes(t *testing.T) *siam.Model {
	t.Helper()
	model, err := siam.Open(filepath.Join("..", "testdata", "strokes.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	return model
}

// alphabets are invented ones, as small as o says.
func alphabets(t *testing.T, o dataset.GenerateOptions) *dataset.Set {
	t.Helper()
	set, err := dataset.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// blocks are two alphabets of three characters each, drawn alike by three people: a black square in a place of its own.
func blocks() *dataset.Set {
	set := &dataset.Set{Name: "blocks"}
	for label := range 6 {
		set.Classes = append(set.Classes, dataset.Class{Name: string(rune('a' + label)), Group: []string{"first", "second"}[label/3]})
		for drawer := 1; drawer <= 3; drawer++ {
			set.Items = append(set.Items, dataset.Item{Image: block(label), Label: label, Drawer: drawer})
		}
	}
	return set
}

func block(place int) imgproc.Image {
	m := imgproc.Filled(20, 20, 1, 255)
	for y := range 4 {
		for x := range 4 + place { // its shape differs too, as the Hausdorff distance is of centred ink
			m.Row(y + place)[x] = 0
		}
	}
	return m
}

func TestBaselinesKnowEqualImages(t *testing.T) {
	for _, name := range []string{"pixel", "hausdorff"} {
		baseline, err := BaselineByName(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := baseline.OneShot(blocks(), OneShotTest{Ways: 3, Shots: 1, Trials: 50, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got.Within.Value != 1 || got.Unstructured.Value != 1 || got.Within.N != 50 || got.Unstructured.N != 50 {
			t.Errorf("%s: within %v, unstructured %v, want 1 of 50 trials each", name, got.Within.Proportion, got.Unstructured.Proportion)
		}
		if got.Verification != nil {
			t.Errorf("%s: it verifies %v, want nothing, as it has no threshold", name, got.Verification)
		}
	}
	if _, err := BaselineByName("nonsense"); err == nil {
		t.Error("BaselineByName(nonsense): no error")
	}
}

func TestJudgingNeedsAsManyCharactersAsWays(t *testing.T) {
	_, err := PixelBaseline().OneShot(blocks(), OneShotTest{Ways: 4, Shots: 1, Trials: 5, Seed: 1})
	if err == nil || !strings.Contains(err.Error(), "blocks") || !strings.Contains(err.Error(), "3 ways") {
		t.Errorf("4 ways of 3 characters: error %v, want one that names the set and 3 ways", err)
	}
}

func TestRunsAreAnsweredByTheirLabels(t *testing.T) {
	run := dataset.Run{Name: "run01"}
	for label := range 4 {
		run.Support = append(run.Support, dataset.Item{Image: block(label), Label: label})
		run.Query = append(run.Query, dataset.Item{Image: block(label), Label: label})
	}
	slices.Reverse(run.Query)
	right, err := PixelBaseline().Runs([]dataset.Run{run, run})
	if err != nil {
		t.Fatal(err)
	}
	if right.Value != 1 || right.N != 8 {
		t.Errorf("accuracy %v of %d, want 1 of 8", right.Value, right.N)
	}
	for i := range run.Query {
		run.Query[i].Label = (run.Query[i].Label + 1) % 4
	}
	wrong, err := PixelBaseline().Runs([]dataset.Run{run})
	if err != nil {
		t.Fatal(err)
	}
	if wrong.Value != 0 {
		t.Errorf("accuracy with wrong labels %v, want 0", wrong.Value)
	}
}

func TestItemsOfKeepsGroupsLabelsAndDrawers(t *testing.T) {
	items := ItemsOf(blocks())
	for i := range 18 {
		if items.Labels[i] != i/3 || items.Groups[i] != i/9 || items.Drawers[i] != i%3+1 {
			t.Errorf("item %d: label %d, group %d, drawer %d; want %d, %d, %d",
				i, items.Labels[i], items.Groups[i], items.Drawers[i], i/3, i/9, i%3+1)
		}
	}
}

func TestJudgedModelMakesAReport(t *testing.T) {
	model := strokes(t)
	set := alphabets(t, dataset.GenerateOptions{Alphabets: 3, Characters: 8, Drawers: 6, Seed: 9})
	test := OneShotTest{Ways: 8, Shots: 1, Trials: 200, Pairs: 400, Seed: 1}
	got, err := OneShot(t.Context(), model, set, test)
	if err != nil {
		t.Fatal(err)
	}
	if got.Within.N != 200 || got.Unstructured.N != 200 || got.Verification.N > 400 || got.Verification.MeasuredOn.DifferentPairs < 150 || got.Ways != 8 || got.Shots != 1 {
		t.Errorf("n = %d, %d and %d, want 200, 200 and hardly fewer than 400", got.Within.N, got.Unstructured.N, got.Verification.N)
	}
	if len(got.Embeddings) != len(set.Items) || len(got.Trials) != 200 || len(got.Pairs) != got.Verification.N || len(got.Scored.Distances) != len(got.Pairs) {
		t.Errorf("%d embeddings, %d trials, %d pairs, %d distances, want %d, 200, and as many pairs as distances",
			len(got.Embeddings), len(got.Trials), len(got.Pairs), len(got.Scored.Distances), len(set.Items))
	}
	threshold := model.File().Calibration.Threshold
	if float32(got.Verification.Threshold) != threshold {
		t.Errorf("verified at %v, want the model's threshold %v", got.Verification.Threshold, threshold)
	}
	for i, p := range got.Pairs {
		if want := model.NamedDistance().Of(got.Embeddings[p.A], got.Embeddings[p.B]); got.Scored.Distances[i] != want {
			t.Fatalf("distance of pair %d = %v, want %v", i, got.Scored.Distances[i], want)
		}
		if right := (got.Scored.Distances[i] <= threshold) == p.Same; right != got.Verification.Right[i] {
			t.Fatalf("pair %d: right %v, want %v", i, got.Verification.Right[i], right)
		}
	}

	page := report.New("judged")
	if err := AddOneShot(t.Context(), page, set, got); err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"What it reaches", "Example episodes", "Same or different?", "The embedding map", "data:image/png"} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
