package coseg

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/internal/onnxruntime"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/train"
)

// learned is a model with weights that look like trained ones: no two statistics or biases are alike.
func learned(t *testing.T, b compute.Backend, network Network, imported []byte) *modelfile.File {
	t.Helper()
	trainer, err := train.New(b, train.Task[*Batch](Pairs{Network: network}), train.Config{Optimizer: train.NewAdam(), StepsPerEpoch: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	weights, err := trainer.Weights()
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
	file, err := NewFile(network.Spec, weights, imported)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// exportedModels are of the architectures that are quick to run.
func exportedModels(t *testing.T, b compute.Backend) map[string]*modelfile.File {
	t.Helper()
	blind := tiny(t)
	blind.Correlated, blind.Centred = 0, false
	alike := tiny(t)
	alike.Likeness = true
	files := map[string]*modelfile.File{
		"light, with likeness": learned(t, b, Network{Spec: alike}, nil),
		"light":                learned(t, b, Network{Spec: tiny(t)}, nil), "light, of one image": learned(t, b, Network{Spec: blind}, nil),
	}
	spec, pyramid := pyramidOf(t, b)
	network, err := NewNetwork(b, spec, pyramid)
	if err != nil {
		t.Fatal(err)
	}
	files["of a pyramid"] = learned(t, b, network, pyramid)
	network.Spec.Tuned = true
	files["of a pyramid that learned"] = learned(t, b, network, pyramid)
	return files
}

// pyramidOf is a feature pyramid as another program might have written it, and the architecture on it.
func pyramidOf(t *testing.T, b compute.Backend) (Spec, []byte) {
	t.Helper()
	spec, err := NewSpec(Pyramid, 64)
	if err != nil {
		t.Fatal(err)
	}
	source := tiny(t)
	source.Preprocess.Height, source.Preprocess.Width = 64, 64
	spec.Outputs, spec.Decoder = []string{"map"}, []int{8}
	spec.Correlated = 1
	file := learned(t, b, Network{Spec: source}, nil)
	network, store, err := stored(b, source, file)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Finalize()
	data, err := onnx.Written{
		Store: store, Weights: file.Weights, Inputs: []onnx.ValueInfo{{Name: "images", Shape: []int{-1, 64, 64, 3}}}, Outputs: []string{"map"},
		Build: func(scope *model.Scope, in []*Node) []*Node {
			return []*Node{TransposeAllAxes(network.Encode(scope, in[0])[1], 0, 3, 1, 2)}
		},
	}.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	return spec, data
}

func TestExportedNetworksGiveTheSameMasks(t *testing.T) {
	b := backend(t)
	for name, file := range exportedModels(t, b) {
		t.Run(name, func(t *testing.T) {
			data, err := Export(b, file)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := New(b, file)
			if err != nil {
				t.Fatal(err)
			}
			defer ours.Close()
			a, other, want := pairOf(t, ours)
			m, err := onnx.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			var outputs []string
			for _, o := range m.Outputs() {
				outputs = append(outputs, o.Name)
			}
			network, err := onnx.NewNetwork(b, m, outputs...)
			if err != nil {
				t.Fatal(err)
			}
			defer network.Close()
			got, err := network.Run(t.Context(), a, other)
			if err != nil {
				t.Fatal(err)
			}
			if alike := ours.Spec.Likeness; alike != (len(got) == 2) || alike && math.Abs(float64(got[1].Values[0])-likenessOf(t, ours)) > 1e-5 {
				t.Errorf("%d outputs, want a likeness: %t, of %v", len(got), alike, likenessOf(t, ours))
			}
			if d := furthest(got[0].Values, want); d > 1e-5 {
				t.Errorf("masks exported and imported differ by %.2g, want 1e-5", d)
			}
			onnxruntime.Need(t)
			path := filepath.Join(t.TempDir(), "model.onnx")
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			there, err := onnxruntime.Run(path, []onnxruntime.Tensor{channelsFirst("a", a), channelsFirst("b", other)}, []string{"masks"})
			if err != nil {
				t.Fatal(err)
			}
			h, w := ours.Spec.OutputSize()
			if d := furthest(there[0].Values, want); d > 1e-4 || !slices.Equal(there[0].Shape, []int{2, h, w}) {
				t.Errorf("masks in ONNX Runtime: shape %v, differ by %.2g, want [2 %d %d] and 1e-4", there[0].Shape, d, h, w)
			}
		})
	}
}

// pairOf are two images, as a network reads them, and the model's masks of them.
func pairOf(t *testing.T, m *Model) (a, b onnx.Array, masks []float32) {
	t.Helper()
	encoded, items := scenes(t, m, 2)
	p := m.Spec.Preprocess
	images := [2]onnx.Array{}
	for i, e := range encoded {
		images[i] = onnx.Array{Shape: []int{1, p.Height, p.Width, 3}, Values: make([]float32, p.Size())}
		e.view.Image(images[i].Values, items[i].Image)
		logits, err := m.Logits(t.Context(), e, encoded[1-i])
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range logits {
			masks = append(masks, float32(logistic(float64(x))))
		}
	}
	return images[0], images[1], masks
}

// likenessOf is what the model finds of the same two images.
func likenessOf(t *testing.T, m *Model) float64 {
	t.Helper()
	encoded, _ := scenes(t, m, 2)
	a, b := encoded[0], encoded[1]
	there, back, err := m.bothWays(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	return (m.sureness(a, b, there, back) - (highest(there)+highest(back))/2) / likenessScale
}

func furthest(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// channelsFirst turns [1, h, w, c] into [1, c, h, w].
func channelsFirst(name string, a onnx.Array) onnxruntime.Tensor {
	h, w, c := a.Shape[1], a.Shape[2], a.Shape[3]
	out := onnxruntime.Tensor{Name: name, Shape: []int{1, c, h, w}, Values: make([]float32, len(a.Values))}
	for i, v := range a.Values {
		out.Values[i%c*h*w+i/c] = v
	}
	return out
}
