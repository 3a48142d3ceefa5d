package metric

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/cpu"
)

// hostile are batches that trainings meet: the sampler's bad luck, and encoders that have collapsed.
var hostile = map[string]struct {
	embeddings [][]float32
	labels     []int32
}{
	"one class":            {[][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, []int32{2, 2, 2}},
	"no positives":         {[][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, []int32{0, 1, 2}},
	"one image":            {[][]float32{{0, 1, 0}}, []int32{1}},
	"equal embeddings":     {[][]float32{{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}}, []int32{0, 0, 1, 2}},
	"zero embeddings":      {[][]float32{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, []int32{0, 0, 1, 2}},
	"opposite embeddings":  {[][]float32{{0, 1, 0}, {0, -1, 0}, {0, 1, 0}, {0, -1, 0}}, []int32{0, 0, 1, 1}},
	"very long embeddings": {[][]float32{{0, 1e6, 0}, {0, -1e6, 0}, {1e6, 1, 0}, {0, -1e6, 1e6}}, []int32{0, 0, 1, 1}},
}

// Every loss, every miner, every distance and every memory stays finite on our backend.
func TestHostileBatchesGiveFiniteLossesAndGradients(t *testing.T) {
	for name, choice := range choices() {
		exec := onOurs(t, choice)
		for title, batch := range hostile {
			for i, output := range call(t, exec, batch.embeddings, batch.labels) {
				for _, v := range output {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Errorf("%s, %s: output %d has %v, want finite numbers", name, title, i, v)
						break
					}
				}
			}
		}
		exec.Finalize()
	}
}

func TestNothingToCompareIsNoLossAndNoGradient(t *testing.T) {
	pushes := []string{"contrastive", "margin", "multi_similarity", "threshold_consistent"} // different pairs alone are enough
	for _, name := range LossNames() {
		choice := Choice{Loss: name, Classes: 10}
		if choice.proxies() || slices.Contains(pushes, name) {
			continue
		}
		exec := onOurs(t, choice)
		for _, title := range []string{"no positives", "one image"} {
			got := call(t, exec, hostile[title].embeddings, hostile[title].labels)
			if loss, gradient := got[0][0], got[1]; loss != 0 || slices.ContainsFunc(gradient, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s, %s: loss %v, gradient %v; want 0", name, title, loss, gradient)
			}
		}
		exec.Finalize()
	}
}

// onOurs compiles a choice's loss, its gradient and what is watched for package cpu.
func onOurs(t *testing.T, choice Choice) *model.Exec {
	t.Helper()
	o, err := choice.Objective()
	if err != nil {
		t.Fatalf("%s: %v", choice.Loss, err)
	}
	backend, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	return model.MustNewExec(backend, store, func(scope *model.Scope, x, l *Node) []*Node {
		out := o.Apply(scope.In("objective"), Batch{Embeddings: x, Labels: l})
		return []*Node{out.Loss, Gradient(out.Loss, x)[0], out.Active, out.Typical, out.Mean, out.Spread}
	}).SetMaxCache(-1)
}

func call(t *testing.T, exec *model.Exec, embeddings [][]float32, labels []int32) [][]float32 {
	t.Helper()
	outputs, err := exec.Call(embeddings, labels)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, o := range outputs {
		flat = append(flat, tensors.MustCopyFlatData[float32](o))
	}
	return flat
}
