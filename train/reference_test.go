package train

import (
	"encoding/json"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// The files in testdata hold PyTorch's numbers; bench/reference.py makes them and explains their content.
type reference struct {
	Rate       float64
	Embeddings some
	Logits     []float64
	Gradients  map[string]some
	Losses     []float64
	SGDLosses  []float64 `json:"sgd_losses"`
	Evaluated  some
}

// some is the norm of an array and its entries at eight places.
type some struct {
	Norm    float64
	Entries []float64
}

const tolerance = 1e-3 // relative to the array's typical entry, or to the loss

func readReference(t *testing.T, name string) reference {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// noise is numbers in [-1, 1) by a formula that the Python script has too.
func noise(count, start int) []float64 {
	values := make([]float64, count)
	for i := range values {
		x := math.Sin(12.9898*float64(i+1)+float64(start)) * 43758.5453
		values[i] = 2*(x-math.Floor(x)) - 1
	}
	return values
}

// referenceOrder is the order in which the script numbers a layer's arrays.
func referenceOrder(layers []string) []string {
	var names []string
	for _, layer := range layers {
		switch {
		case layer == ObjectiveLayer:
		case strings.Contains(layer, "/norm"):
			names = append(names, layer+"/scale", layer+"/offset")
		default:
			names = append(names, layer+"/weights", layer+"/bias")
		}
	}
	return names
}

// referenceTrainer begins with the script's weights.
func referenceTrainer(t *testing.T, spec encoder.Spec, optimizer Optimizer, layer Layer) *batchTrainer {
	t.Helper()
	spec.PairHead = true
	tr := trainer(t, training{Spec: spec, Task: Pairs{}, Config: Config{Optimizer: optimizer, Layer: layer, StepsPerEpoch: 1}})
	start := make(map[string]int)
	for i, name := range referenceOrder(tr.Layers()) {
		start[name] = i
	}
	weights, err := encoder.Weights(tr.store)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range weights {
		number, ok := start[w.Name]
		if !ok {
			continue // moving averages
		}
		scale, offset := 0.1, 0.0
		if strings.HasSuffix(w.Name, "/weights") {
			scale = math.Sqrt(6 / float64(len(w.Values)/w.Shape[len(w.Shape)-1]))
		} else if strings.HasSuffix(w.Name, "/scale") {
			offset = 1
		}
		for i, v := range noise(len(w.Values), number) {
			w.Values[i] = float32(scale*v + offset)
		}
	}
	if err := tr.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return tr
}

func referenceBatch(side, pairs, step int) *dataset.Batch {
	b := &dataset.Batch{N: 2 * pairs, H: side, W: side, C: 1}
	for _, v := range noise(b.N*side*side, 1000+step) {
		b.Images = append(b.Images, float32((v+1)/2))
	}
	for i := range pairs {
		b.Pairs = append(b.Pairs, [2]int32{int32(2 * i), int32(2*i + 1)})
		b.Same = append(b.Same, float32((i+1)%2))
	}
	return b
}

func referenceBatches(side, pairs, steps int) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		for step := range steps {
			if !yield(referenceBatch(side, pairs, step), nil) {
				return
			}
		}
	}
}

func TestKochAgreesWithPyTorch(t *testing.T) {
	want := readReference(t, "koch.json")
	tr := referenceTrainer(t, encoder.Koch(), NewAdam(), Layer{Rate: want.Rate})
	compareFirstStep(t, tr, referenceBatch(105, 2, 0), want)
	compareLosses(t, losses(run(t, tr, referenceBatches(105, 2, 10))), want.Losses)
}

func TestConv4AgreesWithPyTorch(t *testing.T) {
	want := readReference(t, "conv4.json")
	tr := referenceTrainer(t, encoder.Conv4(28), NewAdam(), Layer{Rate: want.Rate})
	compareFirstStep(t, tr, referenceBatch(28, 8, 0), want)
	compareLosses(t, losses(run(t, tr, referenceBatches(28, 8, 10))), want.Losses)
}

func TestConv4EvaluatesAsPyTorchAfterSGD(t *testing.T) {
	want := readReference(t, "conv4.json")
	tr := referenceTrainer(t, encoder.Conv4(28), SGD{}, Layer{Rate: 0.01, Momentum: 0.9})
	compareLosses(t, losses(run(t, tr, referenceBatches(28, 8, 3))), want.SGDLosses)
	spec := encoder.Conv4(28)
	spec.PairHead = true
	rows := embedded(t, tr, spec, referenceBatch(28, 8, 0).Images)
	var flat []float32
	for _, row := range rows {
		flat = append(flat, row...)
	}
	compareSome(t, "embeddings in evaluation", flat, want.Evaluated, 0)
}

// compareFirstStep compares embeddings, logits and every gradient, without changing anything.
func compareFirstStep(t *testing.T, tr *batchTrainer, b *dataset.Batch, want reference) {
	t.Helper()
	store, err := NewStore(tr.backend, tr.task, must(tr.ownWeights()))
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := tr.task.Feed(b)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	exec := model.MustNewExec(tr.backend, store, func(scope *model.Scope, inputs []*Node) []*Node {
		g := inputs[0].Graph()
		scope.Store().SetTraining(g, true)
		loss := tr.task.Loss(scope, inputs).Loss
		var variables []*model.Variable
		for v := range store.IterVariables() {
			if v.Trainable && v.InUseByGraph(g) {
				variables, names = append(variables, v), append(names, weightName(v))
			}
		}
		embeddings := tr.task.(Layered).Outputs(scope.Store().RootScope(), inputs)
		return append([]*Node{embeddings[len(embeddings)-1].Value, loss}, Gradient(loss, nodes(variables, g)...)...)
	})
	got, err := exec.Call(inputs)
	if err != nil {
		t.Fatal(err)
	}
	compareSome(t, "embeddings", tensors.MustCopyFlatData[float32](got[0]), want.Embeddings, 0)
	compareLosses(t, []float64{float64(tensors.ToScalar[float32](got[1]))}, want.Losses[:1])
	var largest float64
	for _, g := range want.Gradients {
		largest = max(largest, g.Norm)
	}
	if len(names) != len(want.Gradients) {
		t.Errorf("gradients of %d arrays, want %d", len(names), len(want.Gradients))
	}
	for i, name := range names {
		// A bias before batch normalisation has a gradient of rounding errors alone.
		compareSome(t, "gradient of "+name, tensors.MustCopyFlatData[float32](got[2+i]), want.Gradients[name], 1e-6*largest)
	}
}

func compareSome(t *testing.T, name string, got []float32, want some, floor float64) {
	t.Helper()
	var square float64
	for _, v := range got {
		square += float64(v) * float64(v)
	}
	if norm := math.Sqrt(square); math.Abs(norm-want.Norm) > tolerance*want.Norm+floor {
		t.Errorf("norm of %s = %v, want %v", name, norm, want.Norm)
	}
	typical := want.Norm / math.Sqrt(float64(len(got)))
	for i, w := range want.Entries {
		at := i * (len(got) - 1) / 7
		if v := float64(got[at]); math.Abs(v-w) > tolerance*(math.Abs(w)+typical)+floor {
			t.Errorf("%s[%d] = %v, want %v", name, at, v, w)
		}
	}
}

func compareLosses(t *testing.T, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d losses, want %d", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > tolerance*want[i] {
			t.Errorf("loss %d = %v, want %v", i+1, got[i], want[i])
		}
	}
}
