package recipe

import (
	"testing"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/modelfile"
)

func TestImagesOfSeveralClassesAreCountedOnce(t *testing.T) {
	set := &dataset.Set{Classes: make([]dataset.Class, 2), Items: []dataset.Item{{Source: "a"}, {Source: "b"}}}
	if got, want := summary(set), "2 images of 2 classes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	set.Items = append(set.Items, dataset.Item{Source: "b", Label: 1})
	if got, want := summary(set), "2 images with 3 masks of 2 classes"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestACosegTrainingPreparesImagesAsItsBeginningWants(t *testing.T) {
	spec, err := coseg.NewSpec(coseg.DOCS, 32)
	if err != nil {
		t.Fatal(err)
	}
	if got := asGiven(spec, nil); got.Preprocess.Mean[0] != spec.Preprocess.Mean[0] {
		t.Errorf("mean %v without a model to start from, want %v", got.Preprocess.Mean, spec.Preprocess.Mean)
	}
	init := &modelfile.File{Kind: coseg.EncoderKind, Spec: []byte(`{"preprocess": {"height": 512, "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}}`)}
	got := asGiven(spec, init).Preprocess
	if got.Mean[2] != 0.3 || got.Std[0] != 0.4 || got.Height != 32 {
		t.Errorf("prepared by %+v, want the mean and deviation of the model to start from", got)
	}
}
