package encoder

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

func TestCustomarySpecsAreGoodAtAnySize(t *testing.T) {
	for _, name := range Architectures() {
		for _, side := range []int{0, 70} {
			if name == "mlp" && side == 0 {
				continue
			}
			spec, err := New(name, side)
			if err == nil {
				err = spec.Check()
			}
			if err != nil || spec.Arch != name {
				t.Errorf("New(%s, %d) = %+v, %v, want a good spec", name, side, spec, err)
			}
			if got := spec.InputShape(1)[1]; side > 0 && got != side {
				t.Errorf("New(%s, %d) reads %d, want %d", name, side, got, side)
			}
		}
	}
	if _, err := New("vgg", 0); err == nil || !strings.Contains(err.Error(), "conv4, koch, koch35, mlp, resnet") {
		t.Errorf("New(vgg) = %v, want an error that lists the architectures", err)
	}
}

func TestSettingsOfOtherArchitecturesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"vector": func(s *Spec) { s.Vector, s.Preprocess = 3, imgproc.Preprocess{} }, "widths": func(s *Spec) { s.Widths = []int{1} },
		"blocks": func(s *Spec) { s.Blocks = 1 }, "max_pool": func(s *Spec) { s.MaxPool = true }, "flatten": func(s *Spec) { s.Flatten = true },
		"settings": func(s *Spec) { s.Settings = json.RawMessage(`{}`) }, "outputs": func(s *Spec) { s.Outputs = []string{"y"} },
		"one_by_one": func(s *Spec) { s.OneByOne = true },
	} {
		spec := Conv4(28)
		change(&spec)
		if err := spec.Check(); err == nil || err.Error() != "architecture conv4: it has no setting "+name {
			t.Errorf("Check of conv4 with %s = %v, want a refusal", name, err)
		}
	}
}

func TestVectorsHaveNothingOfImages(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"a preprocessing":   func(s *Spec) { s.Preprocess.Invert = true },
		"a mirror":          func(s *Spec) { s.Mirror = true },
		"landmarks":         func(s *Spec) { s.Landmarks = importedSpec().Landmarks },
		"-1 numbers":        func(s *Spec) { s.Vector = -1 },
		"no numbers":        func(s *Spec) { s.Vector = 0 },
		"a million numbers": func(s *Spec) { s.Vector = 1e6 },
		"an empty layer":    func(s *Spec) { s.Widths = []int{0} },
	} {
		spec := MLP(12)
		change(&spec)
		if err := spec.Check(); err == nil {
			t.Errorf("Check of an mlp with %s = nil, want an error", name)
		}
	}
}

// A perceptron whose moving averages are at their start, by the definition of its layers.
func TestMLPIsDenseLayersWithReLUBetween(t *testing.T) {
	b, spec := backend(t), MLP(3)
	spec.Widths, spec.Dim = []int{4}, 2
	layer := map[string]modelfile.Tensor{}
	all := weights(t, b, spec, 5)
	for i, w := range all {
		for j := range w.Values {
			if strings.HasSuffix(w.Name, "/bias") {
				all[i].Values[j] = float32(j) / 4
			}
		}
		layer[strings.TrimPrefix(w.Name, "encoder/")] = w
	}
	dense := func(x []float64, name string) []float64 {
		w, bias := layer[name+"/weights"].Values, layer[name+"/bias"].Values
		y := make([]float64, len(bias))
		for j := range y {
			y[j] = float64(bias[j])
			for i, v := range x {
				y[j] += v * float64(w[i*len(bias)+j])
			}
		}
		return y
	}
	e, err := NewEmbedder(b, spec, all)
	if err != nil {
		t.Fatal(err)
	}
	input := []float32{1, -2, 0.5, -0.3, 0.2, 3}
	rows, err := e.Embed(context.Background(), input)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		x := make([]float64, 3)
		for j := range x {
			x[j] = float64(input[3*i+j])
		}
		hidden := dense(x, "hidden1")
		for j := range hidden {
			hidden[j] = max(0, hidden[j]/math.Sqrt(1+normEpsilon))
		}
		want := dense(hidden, "dense")
		length := math.Hypot(want[0], want[1])
		for j := range want {
			if math.Abs(float64(row[j])-want[j]/length) > 1e-5 {
				t.Errorf("embedding %d[%d] = %v, want %v", i, j, row[j], want[j]/length)
			}
		}
	}
	if len(rows) != 2 {
		t.Errorf("%d embeddings, want 2", len(rows))
	}
	if _, err := e.Embed(context.Background(), input[1:]); err == nil || !strings.Contains(err.Error(), "shape [3]") {
		t.Errorf("Embed of 5 numbers = %v, want an error with the shape [3]", err)
	}
}

// scaled is an architecture of a program outside: the mean of each channel, times what its settings say, through a dense layer.
func scaled() Architecture {
	type settings struct{ Factor float64 }
	return Architecture{
		Name: "scaled",
		Build: func(l *Layers, spec Spec, x *graph.Node) *graph.Node {
			var s settings
			if err := json.Unmarshal(spec.Settings, &s); err != nil {
				panic(err)
			}
			x = l.Keep("mean", graph.MulScalar(graph.ReduceMean(x, 1, 2), s.Factor))
			return l.Dense(x, "last", spec.Dim, Initial{})
		},
		Check: func(spec Spec) error {
			var s settings
			if err := json.Unmarshal(spec.Settings, &s); err != nil || s.Factor == 0 {
				return errors.New("want the setting Factor")
			}
			return nil
		},
	}
}

func scaledSpec(factor string) Spec {
	own := scaled()
	return Spec{
		Arch: "scaled", Own: &own, Settings: json.RawMessage(`{"Factor":` + factor + `}`), Dim: 2,
		Preprocess: imgproc.Preprocess{Height: 4, Width: 4, Channels: 1},
	}
}

func TestOwnArchitecturesAreSavedAndOpened(t *testing.T) {
	b, spec := backend(t), scaledSpec("3")
	file, err := NewFile(spec, "cosine", weights(t, b, spec, 1))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	if file, err = modelfile.Read(path); err != nil {
		t.Fatal(err)
	}
	if _, err := SpecOf(file); err == nil || !strings.Contains(err.Error(), `"scaled"`) || !strings.Contains(err.Error(), "siam.WithArchitecture") || strings.Contains(err.Error(), "\n") {
		t.Errorf("SpecOf without the architecture = %v, want one line that says how to bring it", err)
	}
	again, err := SpecOf(file, scaled())
	if err != nil {
		t.Fatal(err)
	}
	images := pictures(spec.Preprocess, 3)
	var rows [2][][]float32
	for i, s := range []Spec{spec, again} {
		e, err := NewEmbedder(b, s, file.Weights)
		if err != nil {
			t.Fatal(err)
		}
		if rows[i], err = e.Embed(context.Background(), images); err != nil {
			t.Fatal(err)
		}
	}
	w := file.Weights[slices.IndexFunc(file.Weights, func(w modelfile.Tensor) bool { return w.Name == "encoder/last/weights" })].Values
	for i := range 3 {
		var mean float64
		for _, v := range images[16*i : 16*(i+1)] {
			mean += 3 * float64(v) / 16
		}
		want := []float32{float32(mean) * w[0], float32(mean) * w[1]}
		if !close(rows[0][i], want, 1e-5) || !slices.Equal(rows[0][i], rows[1][i]) {
			t.Errorf("embedding %d = %v, of the opened model %v, want %v", i, rows[0][i], rows[1][i], want)
		}
	}
}

func TestOwnArchitecturesAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"a setting that is no good":    {func(s *Spec) { s.Settings = nil }, "architecture scaled: want the setting Factor"},
		"another name":                 {func(s *Spec) { s.Own.Name = "other" }, "want the same name"},
		"the name of one of ours":      {func(s *Spec) { s.Own.Name, s.Arch = "conv4", "conv4" }, "none of Siam's own"},
		"the name of imported ones":    {func(s *Spec) { s.Own.Name, s.Arch = Imported, Imported }, "without the names of its outputs"},
		"no Build":                     {func(s *Spec) { s.Own.Build = nil }, "and a Build"},
		"a preprocessing of no images": {func(s *Spec) { s.Preprocess.Height = 0 }, "input of"},
	} {
		spec := scaledSpec("3")
		test.change(&spec)
		if err := spec.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Check of an own architecture with %s = %v, want an error with %q", name, err, test.want)
		}
	}
	spec := scaledSpec("3")
	spec.Own.Check = nil
	if err := spec.Check(); err != nil {
		t.Errorf("Check of an own architecture without a check = %v, want nil", err)
	}
}
