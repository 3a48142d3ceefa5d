package recipe

import (
	"path/filepath"
	"testing"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
)

func TestATrainingOfMasksShowsThem(t *testing.T) {
	r := CosegSmall()
	data := r.Settings.Data.(Shared)
	data.Couples = 2
	r.Settings.Data, r.Settings.Size, r.Settings.Steps, r.Settings.Every = data, 32, 2, 2
	set := coseg.World{Seed: 1, Side: 48}.Set(0, 3, 10)
	o := trained(t, r, Job{Backend: backend(t), Background: set, Seed: 1})
	shown := o.steps[1].Masks
	if len(shown) != 3 || len(o.steps[0].Masks) != 0 {
		t.Fatalf("%d masks beside the validation, and %d before, want 3 and none", len(shown), len(o.steps[0].Masks))
	}
	for _, m := range shown {
		both, either := 0, 0 // what Jaccard's index is made of
		for i, found := range m.Found {
			switch truth := m.Truth.Pix[i] == 255; {
			case m.Truth.Pix[i] == dataset.MaskVoid:
			case found && truth:
				both++
				either++
			case found || truth:
				either++
			}
		}
		if len(m.Found) != 48*48 || m.Beside.H != 48 || either == 0 || m.Jaccard != float64(both)/float64(either) {
			t.Errorf("%d pixels, Jaccard %g, want %d and %d/%d", len(m.Found), m.Jaccard, 48*48, both, either)
		}
	}
}

func TestCouplesAreTwoImagesOfAClass(t *testing.T) {
	set := numbered(1, 2, 5, 1, 3, 2, 2)
	couples := drawCouples(set, 1)
	if len(couples) != examplesShown {
		t.Errorf("%d couples, want %d", len(couples), examplesShown)
	}
	for _, c := range couples {
		if c[0] == c[1] || set.Items[c[0]].Label != set.Items[c[1]].Label {
			t.Errorf("couple %v of classes %d and %d", c, set.Items[c[0]].Label, set.Items[c[1]].Label)
		}
	}
	if couples = drawCouples(numbered(1, 1), 1); len(couples) != 0 {
		t.Errorf("couples %v of classes of one image", couples)
	}
}

func TestATrainingOfPairsShowsWhoIsNearest(t *testing.T) {
	dir := t.TempDir()
	if err := (mot.World{Frames: 12, People: 12, Seed: 1}).Write(t.Context(), filepath.Join(dir, "street")); err != nil {
		t.Fatal(err)
	}
	r := ReIDSiamese()
	data := r.Settings.Data.(Followed)
	data.Flow, data.Batch, data.Trees = false, 4, 0
	r.Settings.Data, r.Settings.Steps, r.Settings.Every = data, 2, 2
	folder, err := dataset.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	background, err := data.Read(t.Context(), folder, Leave{})
	if err != nil {
		t.Fatal(err)
	}
	o := trained(t, r, Job{Backend: backend(t), Background: background.Set, Seed: 1})
	shown := o.steps[1].Examples
	if len(shown) != examplesShown || len(o.steps[0].Examples) != 0 {
		t.Fatalf("%d examples beside the validation, and %d before, want %d and none", len(shown), len(o.steps[0].Examples), examplesShown)
	}
	for _, x := range shown {
		right := 0
		for i, a := range x.Answers {
			if a.Same {
				right++
			}
			if a.Distance < 0 || a.Distance > 1 || i > 0 && a.Distance < x.Answers[i-1].Distance || a.Image.Pix == nil {
				t.Errorf("answer %d at %g", i, a.Distance)
			}
		}
		if right != 1 || len(x.Answers) < 2 || x.Asked.Pix == nil {
			t.Errorf("%d right of %d answers, want 1 of several", right, len(x.Answers))
		}
	}
}
