package encoder

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/modelfile"
)

func TestSpecOfReturnsWhatNewFileWasGiven(t *testing.T) {
	for name, want := range specs() {
		file, err := NewFile(want, "cosine", weights(t, backend(t), want, 3))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := file.Write(path); err != nil {
			t.Fatal(err)
		}
		again, err := modelfile.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(file, again); diff != "" {
			t.Errorf("%s: model read differs (-written +read):\n%s", name, diff)
		}
		if got, err := SpecOf(again); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: SpecOf = %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestSpecOfRefusesWhatItDoesNotKnow(t *testing.T) {
	file, err := NewFile(Conv4(16), "cosine", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*modelfile.File)
		want   string
	}{
		"another kind":           {func(f *modelfile.File) { f.Kind = "tracker" }, `kind "tracker"`},
		"a new setting":          {func(f *modelfile.File) { f.Spec = []byte(`{"quantum":true,` + string(f.Spec[1:])) }, "quantum"},
		"a spec that is no good": {func(f *modelfile.File) { f.Spec = []byte(`{"arch":"conv4"}`) }, "neither images nor vectors"},
	} {
		changed := *file
		test.change(&changed)
		if _, err := SpecOf(&changed); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("SpecOf with %s = %v, want an error with %q", name, err, test.want)
		}
	}
	if _, err := NewFile(Spec{Arch: "conv4"}, "cosine", nil); err == nil {
		t.Error("NewFile with a spec that is no good = nil error")
	}
}

func TestWeightsOfAnotherArchitectureAreRejected(t *testing.T) {
	b := backend(t)
	conv4 := weights(t, b, Conv4(16), 1)
	renamed := slices.Clone(conv4)
	renamed[0].Name = "encoder/conv9/bias"
	reshaped := slices.Clone(conv4)
	reshaped[1].Shape = []int{9, 1, 1, 64}
	for name, test := range map[string]struct {
		weights []modelfile.Tensor
		want    string
	}{
		"another net's": {weights(t, b, Koch35(), 1), "encoder/"},
		"one missing":   {conv4[1:], "encoder/conv1/bias, which are missing"},
		"one renamed":   {renamed, "conv1/bias, which are missing"},
		"one reshaped":  {reshaped, "shape [9 1 1 64], want [3 3 1 64]"},
		"one too many":  {append(slices.Clone(conv4), modelfile.Tensor{Name: "encoder/more", Shape: []int{1}, Values: []float32{0}}), "encoder/more belong to no layer"},
	} {
		_, err := NewEmbedder(b, Conv4(16), test.weights)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("NewEmbedder with weights of which %s = %v, want one line with %q", name, err, test.want)
		}
	}
}
