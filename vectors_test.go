package siam_test

import (
	"image"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// untrained is a model file of an encoder with initial weights, compared by the cosine.
func untrained(t testing.TB, spec encoder.Spec) *modelfile.File {
	t.Helper()
	backend, err := siam.NewBackend("cpu", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	store := model.NewStore()
	if err := encoder.Initialize(backend, store, spec, 3); err != nil {
		t.Fatal(err)
	}
	weights, err := encoder.Weights(store)
	if err != nil {
		t.Fatal(err)
	}
	return fileOf(t, spec, "cosine", weights)
}

func TestModelsOfVectorsEmbedVectors(t *testing.T) {
	m, err := siam.New(untrained(t, encoder.MLP(3)))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	a, b := []float32{1, 2, 3}, []float32{-3, 0.5, 1}
	rows, err := m.EmbedVectors(t.Context(), a, b, a)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(rows[0]) != 64 || !near(float64(m.Distance(rows[0], rows[2])), 0) || m.Distance(rows[0], rows[1]) < 1e-3 {
		t.Errorf("distances of a, b, a = %v and %v, want 0 from a to a and more to b", m.Distance(rows[0], rows[2]), m.Distance(rows[0], rows[1]))
	}
	if rows, err := m.EmbedVectors(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("EmbedVectors() = %v, %v, want nothing", rows, err)
	}
	for want, vectors := range map[string][][]float32{
		"vector 2 of 2 numbers: the model reads 3": {a, a[:2]},
		"vector 3: its number 2 is NaN":            {a, b, {0, float32(math.NaN()), 0}},
		"vector 1: its number 3 is -Inf":           {{0, 0, float32(math.Inf(-1))}},
	} {
		if _, err := m.EmbedVectors(t.Context(), vectors...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("EmbedVectors error = %v, want one with %q", err, want)
		}
	}
	if _, err := m.Embed(t.Context(), image.NewGray(image.Rect(0, 0, 5, 5))); err == nil || !strings.Contains(err.Error(), "use EmbedVectors") {
		t.Errorf("Embed of an image by a model of vectors = %v, want an error that says what to use", err)
	}
	if _, err := m.Faces(nil); err == nil || !strings.Contains(err.Error(), "reads vectors") {
		t.Errorf("Faces of a model of vectors = %v, want an error", err)
	}
	if _, err := open(t).EmbedVectors(t.Context(), a); err == nil || !strings.Contains(err.Error(), "use Embed") {
		t.Errorf("EmbedVectors by a model of images = %v, want an error that says what to use", err)
	}
}

// means is an architecture of a program outside: the mean of each channel, through a dense layer.
func means() encoder.Architecture {
	return encoder.Architecture{Name: "means", Build: func(l *encoder.Layers, spec encoder.Spec, x *graph.Node) *graph.Node {
		return l.Dense(graph.ReduceMean(x, 1, 2), "dense", spec.Dim, encoder.Initial{})
	}}
}

func TestOwnArchitecturesOpenWithTheirBuild(t *testing.T) {
	own := means()
	file := untrained(t, encoder.Spec{
		Arch: own.Name, Own: &own, Dim: 4, Preprocess: imgproc.Preprocess{Height: 8, Width: 8, Channels: 3},
	})
	path := filepath.Join(t.TempDir(), "means.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := siam.Open(path); err == nil || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), `"means" is none of Siam's own`) || !strings.Contains(err.Error(), "siam.WithArchitecture") {
		t.Errorf("Open without the architecture = %v, want an error that names the file and how to bring it", err)
	}
	m, err := siam.Open(path, siam.WithArchitecture(means()))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := embed(t, m, readImage("testdata/a.png"))[0]
	var want [4]float32
	picture := make([]float32, 8*8*3)
	m.Spec().Preprocess.Apply(picture, imgproc.FromImage(readImage("testdata/a.png")))
	w := file.Weights[slices.IndexFunc(file.Weights, func(w modelfile.Tensor) bool { return w.Name == "encoder/dense/weights" })].Values
	for i, v := range picture {
		for j := range want {
			want[j] += v / 64 * w[i%3*4+j]
		}
	}
	for j := range want {
		if !near(float64(got[j]), float64(want[j])) {
			t.Errorf("embedding = %v, want %v, the means times the weights", got, want)
			break
		}
	}
}
