package encoder

import (
	"context"
	"errors"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/imgproc"
)

func importedSpec() Spec {
	return Spec{
		Arch: Imported, Preprocess: imgproc.Preprocess{Height: 4, Width: 4, Channels: 3}, Dim: 3, Outputs: []string{"y"}, OneByOne: true,
		Landmarks: [][2]float64{{.3, .4}, {.7, .4}, {.5, .6}, {.3, .8}, {.7, .8}},
	}
}

func TestImportedSpecsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"no outputs":                func(s *Spec) { s.Outputs = nil },
		"an output without name":    func(s *Spec) { s.Outputs = []string{""} },
		"an embedding of two":       func(s *Spec) { s.Outputs = []string{"a", "b"} },
		"an unknown pool":           func(s *Spec) { s.Pool = "max" },
		"a pair head":               func(s *Spec) { s.PairHead = true },
		"stages":                    func(s *Spec) { s.Blocks = 1 },
		"four landmarks":            func(s *Spec) { s.Landmarks = s.Landmarks[:4] },
		"a landmark far outside":    func(s *Spec) { s.Landmarks[0][1] = 5 },
		"an input without pixels":   func(s *Spec) { s.Preprocess.Height = 0 },
		"outputs of our own design": func(s *Spec) { *s = Conv4(16); s.Outputs = []string{"y"} },
	} {
		spec := importedSpec()
		change(&spec)
		if err := spec.Check(); err == nil {
			t.Errorf("Check of an imported spec with %s = nil, want an error", name)
		}
	}
}

func TestNetworksThatReadOneImageGetThemOneByOne(t *testing.T) {
	spec := importedSpec()
	spec.Normalize = true
	e, err := NewImportedEmbedder(backend(t), spec, func(images *graph.Node) *graph.Node {
		images.AssertDims(1, 4, 4, 3)
		return graph.ReduceSum(images, 1, 2)
	})
	if err != nil {
		t.Fatal(err)
	}
	images := make([]float32, 3*48)
	for i := range images {
		images[i] = float32(i/48+1) * float32(i%3)
	}
	rows, err := e.Embed(context.Background(), images)
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 0.4472136, 0.8944272}
	for i, row := range rows {
		for j := range row {
			if row[j]-want[j] > 1e-5 || want[j]-row[j] > 1e-5 {
				t.Errorf("embedding %d = %v, want %v", i, row, want)
				break
			}
		}
	}
	if len(rows) != 3 {
		t.Errorf("%d embeddings, want 3", len(rows))
	}
}

func TestAfterWarmNoBatchWaitsForItsGraph(t *testing.T) {
	spec := importedSpec()
	spec.OneByOne = false
	built := 0
	e, err := NewImportedEmbedder(backend(t), spec, func(images *graph.Node) *graph.Node {
		built++
		return graph.ReduceSum(images, 1, 2)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	warm := built
	for n := 1; n <= e.Rows(); n++ {
		embed(t, e, make([]float32, n*48))
	}
	if warm < 2 || built != warm {
		t.Errorf("%d graphs were built by Warm and %d later, want several and none", warm, built-warm)
	}
	e.Close()
	if err := e.Warm(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Warm of a closed embedder = %v, want ErrClosed", err)
	}
}
