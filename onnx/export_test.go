package onnx

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/internal/onnxruntime"
	"github.com/siam-go/siam/modelfile"
)

// exportedSpecs are all architectures, at sizes quick to run.
func exportedSpecs() map[string]encoder.Spec {
	small := encoder.Resnet()
	small.Preprocess.Height, small.Preprocess.Width = 32, 24
	small.Widths, small.Dim = []int{4, 8}, 5
	mirrored := small
	mirrored.Mirror = true
	flat := small
	flat.Flatten, flat.Normalize = true, false
	long := encoder.Conv4(32)
	long.Dim = 10
	return map[string]encoder.Spec{"koch": encoder.Koch(), "koch35": encoder.Koch35(), "conv4": encoder.Conv4(32),
		"conv4 with a dense layer": long, "resnet": small, "resnet, flattened": flat,
		"resnet, with mirror images": mirrored}
}

// trained is a model with weights that look like trained ones: no two statistics or biases are alike.
func trained(t *testing.T, spec encoder.Spec) *modelfile.File {
	t.Helper()
	backend, store := newBackend(t), model.NewStore()
	if err := encoder.Initialize(backend, store, spec, 1); err != nil {
		t.Fatal(err)
	}
	weights, err := encoder.Weights(store)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range weights {
		for i := range w.Values {
			if len(w.Shape) == 1 {
				w.Values[i] += float32(0.3 * math.Abs(math.Sin(float64(3*i+len(w.Name)))))
			}
		}
	}
	distance := "squared_euclidean"
	if spec.PairHead {
		distance = ""
	}
	file, err := encoder.NewFile(spec, distance, weights)
	if err != nil {
		t.Fatal(err)
	}
	file.Hash, file.Calibration = "abc", &modelfile.Calibration{Threshold: 0.25}
	return file
}

func waves(shape ...int) Array {
	a := Array{shape, make([]float32, product(shape))}
	for i := range a.Values {
		a.Values[i] = float32(math.Sin(0.7*float64(i+1)) + 0.3*math.Cos(float64(i*i%97)))
	}
	return a
}

func TestExportedEncodersGiveTheSameEmbeddings(t *testing.T) {
	for name, spec := range exportedSpecs() {
		t.Run(name, func(t *testing.T) {
			backend, file := newBackend(t), trained(t, spec)
			data, err := Export(backend, file)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := encoder.NewEmbedder(backend, spec, file.Weights)
			if err != nil {
				t.Fatal(err)
			}
			p := spec.Preprocess
			for _, n := range []int{1, 3} {
				images := waves(n, p.Height, p.Width, p.Channels)
				rows, err := ours.Embed(context.Background(), images.Values)
				if err != nil {
					t.Fatal(err)
				}
				want := slices.Concat(rows...)
				if got := imported(t, data, images); difference(got, want) > 1e-5 {
					t.Errorf("%d images exported and imported differ by %.2g of the largest number, want 1e-5", n, difference(got, want))
				}
				if !onnxruntime.Installed() {
					continue
				}
				path := filepath.Join(t.TempDir(), "model.onnx")
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
				got := inRuntime(t, path, []ValueInfo{{Name: "images", Type: Float}}, []Array{channelsFirst(images)}, []string{"embedding"})[0]
				if !slices.Equal(got.Shape, []int{n, spec.Dim}) || difference(got.Values, want) > 1e-4 {
					t.Errorf("%d images in ONNX Runtime: shape %v, differ by %.2g of the largest number, want 1e-4", n, got.Shape, difference(got.Values, want))
				}
			}
			onnxruntime.Need(t)
		})
	}
}

// imported is what an exported encoder gives after import.
func imported(t *testing.T, data []byte, images Array) []float32 {
	t.Helper()
	backend := newBackend(t)
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := Import(t.Context(), backend, m, ImportOptions{Distance: "cosine"})
	if err != nil {
		t.Fatal(err)
	}
	if file.Calibration == nil || file.Calibration.Threshold != 0.25 {
		t.Errorf("Import(Export(model)) has calibration %v, want threshold 0.25", file.Calibration)
	}
	embedder, err := NewEmbedder(backend, file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := embedder.Embed(context.Background(), images.Values)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(rows...)
}

func TestExportedNetworksAreFolded(t *testing.T) {
	for name, spec := range exportedSpecs() {
		data, err := Export(newBackend(t), trained(t, spec))
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range m.nodes {
			if n.op == "BatchNormalization" || n.op == "Conv" && len(n.inputs) != 3 {
				t.Errorf("%s: node %s (%s) with inputs %v was not folded", name, n.name, n.op, n.inputs)
			}
		}
	}
}

func TestExportedEncodersOfVectorsGiveTheSameEmbeddings(t *testing.T) {
	spec := encoder.MLP(7)
	backend, file := newBackend(t), trained(t, spec)
	data, err := Export(backend, file)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := encoder.NewEmbedder(backend, spec, file.Weights)
	if err != nil {
		t.Fatal(err)
	}
	vectors := waves(3, 7)
	rows, err := ours.Embed(context.Background(), vectors.Values)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(rows...)
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	network, err := NewNetwork(backend, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := network.Run(context.Background(), vectors)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(got[0].Values, want); d > 1e-5 {
		t.Errorf("3 vectors exported and imported differ by %.2g of the largest number, want 1e-5", d)
	}
	onnxruntime.Need(t)
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := inRuntime(t, path, []ValueInfo{{Name: "vectors", Type: Float}}, []Array{vectors}, []string{"embedding"})[0].Values; difference(got, want) > 1e-4 {
		t.Errorf("3 vectors in ONNX Runtime differ by %.2g of the largest number, want 1e-4", difference(got, want))
	}
}

func TestEveryArchitectureIsExported(t *testing.T) {
	exported := map[string]bool{}
	for _, spec := range exportedSpecs() {
		exported[spec.Arch] = true
	}
	exported[encoder.MLP(1).Arch] = true // in TestExportedEncodersOfVectorsGiveTheSameEmbeddings
	for _, arch := range encoder.Architectures() {
		if !exported[arch] {
			t.Errorf("architecture %s has no test of its export", arch)
		}
	}
}

func TestMirrorImagesShareTheWeights(t *testing.T) {
	var sizes []int
	for _, name := range []string{"resnet", "resnet, with mirror images"} {
		spec := exportedSpecs()[name]
		spec.Widths = []int{32, 64} // so that weights are most of the file
		data, err := Export(newBackend(t), trained(t, spec))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(data))
	}
	if sizes[1] > sizes[0]*11/10 {
		t.Errorf("the file with mirror images has %d bytes, want about the %d of the one without", sizes[1], sizes[0])
	}
}

func TestExportedPairHeadGivesTheSameDistances(t *testing.T) {
	spec := encoder.Koch35()
	backend, file := newBackend(t), trained(t, spec)
	data, err := ExportHead(backend, file)
	if err != nil {
		t.Fatal(err)
	}
	alpha, bias, err := encoder.HeadWeights(file.Weights, spec.Dim)
	if err != nil {
		t.Fatal(err)
	}
	a, b := waves(2, spec.Dim), waves(2, spec.Dim)
	slices.Reverse(b.Values)
	want := make([]float32, 2)
	for i := range want {
		logit := float64(bias)
		for j, weight := range alpha {
			at := i*spec.Dim + j
			logit += float64(weight) * math.Abs(float64(a.Values[at])-float64(b.Values[at]))
		}
		want[i] = float32(1 / (1 + math.Exp(logit)))
	}
	m, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	head, err := NewNetwork(backend, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := head.Run(context.Background(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(got[0].Values, want); d > 1e-5 {
		t.Errorf("distances of the exported head = %v, want %v", got[0].Values, want)
	}
	onnxruntime.Need(t)
	path := filepath.Join(t.TempDir(), "head.onnx")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := inRuntime(t, path, []ValueInfo{{Name: "a", Type: Float}, {Name: "b", Type: Float}}, []Array{a, b}, []string{"distance"})[0].Values; difference(got, want) > 1e-4 {
		t.Errorf("distances of the exported head in ONNX Runtime = %v, want %v", got, want)
	}
}
