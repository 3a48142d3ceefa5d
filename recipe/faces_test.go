package recipe

import (
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
)

// tinyFaces is a recipe for identities at a size that trains within a second.
func tinyFaces(r Recipe) Recipe {
	s := &r.Settings
	s.Size, s.Widths, s.Dim, s.Average = 24, []int{8, 16}, 16, 0.9
	change(s, func(i *Identities) { i.Colour, i.People, i.Negatives = false, 6, min(i.Negatives, 4) })
	s.Steps, s.Every, s.Trials, s.Validation = 20, 5, 200, 6
	return r
}

// people are 30 identities of eight drawings; the first three have a single one.
func people(t *testing.T) *dataset.Set {
	set := few(t)
	var left []int
	for i, item := range set.Items {
		if item.Label < 3 && item.Drawer > 1 {
			left = append(left, i)
		}
	}
	return set.Without(left...)
}

func TestFaceRecipesTrain(t *testing.T) {
	b, set := backend(t), people(t)
	for _, r := range []Recipe{Faces(), FacesArcface(), FacesTriplet(), Things()} {
		o := trained(t, tinyFaces(r), Job{Backend: b, Background: set, Seed: 1})
		if len(o.steps) != 20 || o.steps[4].Validation == nil {
			t.Errorf("%s: %d steps, validation %v after the fifth, want 20 and a value", r.Name, len(o.steps), o.steps[4].Validation)
		}
		c := o.model.Calibration
		if c == nil || c.Pairs == 0 || c.Units == 0 || c.DataSet != "validation identities of generated" {
			t.Errorf("%s: calibration %+v, want one on pairs of validation identities", r.Name, c)
		}
		if spec := specOf(t, o.model); !spec.Mirror || spec.Preprocess.Invert || len(spec.Preprocess.Mean) != 1 {
			t.Errorf("%s: spec %+v, want photographs as they are, and mirror images", r.Name, spec)
		}
	}
}

func TestResumedFaceTrainingIsThatOfAnUnbrokenOne(t *testing.T) {
	b, set, r := backend(t), people(t), tinyFaces(FacesArcface())
	whole := trained(t, r, Job{Backend: b, Background: set, Seed: 3})
	job := Job{Backend: b, Background: set, Seed: 3, Checkpoint: t.TempDir() + "/checkpoint"}
	first := walk(t, r, job, 8)
	job.Resume = true
	rest := trained(t, r, job)
	if got := slices.Concat(first.losses(), rest.losses()); !slices.Equal(got, whole.losses()) {
		t.Errorf("losses of a resumed training %v, want %v", got, whole.losses())
	}
}

func TestSplitIdentitiesKeepsPeopleOfAFewImagesOut(t *testing.T) {
	set := people(t)
	learned, validated, err := Identities{}.Split(set, 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := 6; len(validated.Classes) != want || len(learned.Classes)+len(validated.Classes) != len(set.Classes) {
		t.Errorf("%d identities validate and %d are learned of %d, want %d and the others",
			len(validated.Classes), len(learned.Classes), len(set.Classes), want)
	}
	for _, items := range validated.ByClass() {
		if len(items) < 2 {
			t.Error("an identity of a single image validates")
		}
	}
	if err := dataset.Leak(learned, validated); err != nil {
		t.Errorf("Leak = %v, want nil", err)
	}
	if _, validated, err := (Identities{}).Split(set, 3, 1); err != nil || len(validated.Classes) != 3 {
		t.Errorf("split with validation=3: %d identities, error %v, want 3", len(validated.Classes), err)
	}
}

func TestSplitIdentitiesSparesTheRich(t *testing.T) {
	set := few(t)
	for i, item := range set.Items { // the first identity has 20 images
		if item.Label < 5 {
			set.Items[i].Label = 0
		}
	}
	for seed := range uint64(20) {
		_, validated, err := Identities{}.Split(set, 6, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, items := range validated.ByClass() {
			if len(items) > mostValidated {
				t.Fatalf("seed %d: an identity of %d images validates", seed, len(items))
			}
		}
	}
}

func TestSplitIdentitiesLeavesCopiesOut(t *testing.T) {
	set := people(t)
	_, validated, err := Identities{}.Split(set, 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range set.Items { // a picture of a single image's identity becomes a validated one's
		if set.Items[i].Label == 0 {
			set.Items[i].Image = validated.Items[0].Image
		}
	}
	learned, again, err := Identities{}.Split(set, 6, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(learned.Items)+len(again.Items) != len(set.Items)-1 || len(learned.Classes)+len(again.Classes) != len(set.Classes)-1 {
		t.Errorf("%d images are learned and %d validate of %d, want one fewer, the copy", len(learned.Items), len(again.Items), len(set.Items))
	}
}

func TestSplitIdentitiesNeedsSameAndDifferent(t *testing.T) {
	set := few(t)
	var single []int
	for i, item := range set.Items {
		if item.Drawer > 1 {
			single = append(single, i)
		}
	}
	if _, _, err := (Identities{}).Split(set.Without(single...), 6, 1); err == nil || !strings.Contains(err.Error(), "30 identities, 0 of them with two images") {
		t.Errorf("split of single images: error %v, want one that says so", err)
	}
}

func TestSmallSetsMakeSmallBatches(t *testing.T) {
	set := people(t)
	wanted := Identities{People: 32, Photos: 4, Negatives: 50}
	got := wanted.batches(set, dataset.Hard{}, 1)
	if got.Classes != 27 || got.Negatives != 3 || got.Examples != wanted.Photos {
		t.Errorf("batches of %d classes and %d negatives, want the 27 with two images and the 3 others", got.Classes, got.Negatives)
	}
	if _, err := dataset.NewClassSampler(set, got); err != nil {
		t.Errorf("NewClasses = %v, want nil", err)
	}
}
