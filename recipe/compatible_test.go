package recipe

import (
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
)

// embeddedBy are a set's embeddings by a model.
func embeddedBy(t *testing.T, b siam.Backend, file *modelfile.File, set *dataset.Set) [][]float32 {
	t.Helper()
	model, err := siam.New(file, siam.WithBackend(b))
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	rows, err := judge.Embed(t.Context(), model, set)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCompatibleModelsFindTheOldOnesEmbeddings(t *testing.T) {
	b := backend(t)
	set := alphabets(t, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1})
	unseen := alphabets(t, dataset.GenerateOptions{Alphabets: 1, Characters: 20, Drawers: 6, Seed: 2})
	labels := judge.ItemsOf(unseen).Labels
	r := tiny()
	r.Settings.Steps, r.Settings.Every, r.Settings.Rate = 150, 150, 5e-3
	change(&r.Settings, func(c *Characters) { c.Characters = 8 })
	old := trained(t, r, Job{Backend: b, Background: set, Seed: 1}).model
	old.Hash = "the old one"
	wider := r
	wider.Settings.Widths, wider.Settings.Dim, wider.Settings.Whiten = []int{12, 24}, 24, 0.5
	plain := trained(t, r, Job{Backend: b, Background: set, Seed: 2}).model
	compatible := trained(t, wider, Job{Backend: b, Background: set, Seed: 2, Compatible: old}).model

	found := func(by *modelfile.File) float64 { // what one model's queries find among the old model's references
		result, err := eval.RetrieveAcross(
			eval.Labelled{Embeddings: embeddedBy(t, b, by, unseen), Labels: labels},
			eval.Labelled{Embeddings: embeddedBy(t, b, old, unseen), Labels: labels}, eval.Ranking{})
		if err != nil {
			t.Fatal(err)
		}
		return result.MRR.Value
	}
	itself, across, stranger := found(old), found(compatible), found(plain)
	t.Logf("MRR %.3f %.3f %.3f", itself, across, stranger)
	if across < 0.75*itself || stranger > 0.6*itself {
		t.Errorf("MRR among the old embeddings: %.3f by the old model, %.3f by the compatible one, %.3f by another; want the second near the first, the third far below",
			itself, across, stranger)
	}
	if specOf(t, compatible).Dim != specOf(t, old).Dim || compatible.Distance != old.Distance || !slices.Contains(compatible.Provenance.Compatible, "the old one") {
		t.Errorf("the compatible model has %d numbers, distance %s and %v, want the old one's %d, %s and its hash",
			specOf(t, compatible).Dim, compatible.Distance, compatible.Provenance.Compatible, specOf(t, old).Dim, old.Distance)
	}
}

func TestResumedCompatibleTrainingIsThatOfAnUnbrokenOne(t *testing.T) {
	b, set, r := backend(t), few(t), tiny()
	old := trained(t, r, Job{Backend: b, Background: set, Seed: 1}).model
	old.Hash = "old"
	whole := trained(t, r, Job{Backend: b, Background: set, Seed: 3, Compatible: old})
	job := Job{Backend: b, Background: set, Seed: 3, Compatible: old, Checkpoint: t.TempDir() + "/checkpoint"}
	first := walk(t, r, job, 9)
	job.Resume = true
	rest := trained(t, r, job)
	if got := slices.Concat(first.losses(), rest.losses()); !slices.Equal(got, whole.losses()) {
		t.Errorf("losses of a resumed training %v, want %v", got, whole.losses())
	}
	plain := Job{Backend: b, Background: set, Seed: 3, Checkpoint: t.TempDir() + "/checkpoint"}
	walk(t, r, plain, 9)
	plain.Resume, plain.Compatible = true, old
	if o := walk(t, r, plain, 0); o.err == nil || !strings.Contains(o.err.Error(), "another training") {
		t.Errorf("resuming a training as a compatible one = %v, want a refusal", o.err)
	}
}

func TestCompatibleRefusesModelsThatCannotBe(t *testing.T) {
	b, set := backend(t), few(t)
	koch := tinyKoch()
	koch.Settings.Steps, koch.Settings.Every = 1, 1
	head := trained(t, koch, Job{Backend: b, Background: set, Seed: 1}).model
	old := trained(t, tiny(), Job{Backend: b, Background: set, Seed: 1}).model
	for name, o := range map[string]outcome{
		"a pair head":           walk(t, tiny(), Job{Backend: b, Background: set, Seed: 1, Compatible: head}, 0),
		"a pair head to become": walk(t, koch, Job{Backend: b, Background: set, Seed: 1, Compatible: old}, 0),
	} {
		if o.err == nil || !strings.Contains(o.err.Error(), "pair head compares no other model's embeddings") {
			t.Errorf("%s: error %v, want one that says why", name, o.err)
		}
	}
}
