package train

import (
	"context"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
)

func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// small is a residual net for 16×16 pixels, of about 2,000 weights.
func small() encoder.Spec {
	spec := encoder.Resnet()
	spec.Preprocess.Height, spec.Preprocess.Width = 16, 16
	spec.Widths, spec.Dim = []int{4, 8}, 8
	return spec
}

// training is a task, of which Labels and Pairs get Spec, and how to train it.
type training struct {
	Config
	Spec encoder.Spec
	Task Task[*dataset.Batch]
}

func (c training) task() Task[*dataset.Batch] {
	switch task := c.Task.(type) {
	case Labels:
		task.Spec = c.Spec
		return task
	case Compatible:
		task.Spec = c.Spec
		return task
	case Pairs:
		return Pairs{c.Spec}
	}
	return c.Task
}

// config trains small with triplets.
func config() training {
	return training{
		Spec:   small(),
		Task:   Labels{Objective: metric.FaceNet()},
		Config: Config{Optimizer: NewAdam(), Layer: Layer{Rate: 3e-3}, StepsPerEpoch: 10, Seed: 1},
	}
}

// pairsConfig trains small with its pair head.
func pairsConfig() training {
	c := config()
	c.Spec.PairHead = true
	c.Task = Pairs{}
	return c
}

const side = 16

// stripes are batches of five classes with four images each: noisy stripes, in a direction and width of the class's own.
// Batch number i depends on i only.
func stripes(from, to int) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		for i := from; i < to; i++ {
			if !yield(stripesBatch(i), nil) {
				return
			}
		}
	}
}

func stripesBatch(number int) *dataset.Batch {
	const classes, each = 5, 4
	random := rand.New(rand.NewPCG(uint64(number), 99))
	b := &dataset.Batch{Step: number, N: classes * each, H: side, W: side, C: 1}
	for row := range b.N {
		class := row / each
		shift := random.IntN(side)
		for y := range side {
			for x := range side {
				at := []int{x, y, x + y, 2 * x, x - y + side}[class]
				value := float32((at + shift) / 3 % 2)
				b.Images = append(b.Images, value+0.3*float32(random.NormFloat64()))
			}
		}
		b.Labels = append(b.Labels, int32(class))
	}
	for i := range b.N {
		other := (i + 1 + i%2*6) % b.N
		b.Pairs = append(b.Pairs, [2]int32{int32(i), int32(other)})
		var same float32
		if b.Labels[i] == b.Labels[other] {
			same = 1
		}
		b.Same = append(b.Same, same)
	}
	return b
}

// batchTrainer trains on the batches of stripes.
type batchTrainer = Trainer[*dataset.Batch]

// trainer is a new one.
func trainer(t testing.TB, c training) *batchTrainer {
	t.Helper()
	tr, err := New(backend(t), c.task(), c.Config)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// embedded are the embeddings of images by what a trainer has learned so far.
func embedded(t testing.TB, tr *batchTrainer, spec encoder.Spec, images []float32) [][]float32 {
	t.Helper()
	e, err := NewEmbedder(tr, spec)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := e.Embed(context.Background(), images)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// run trains and returns the steps.
func run(t testing.TB, tr *batchTrainer, batches iter.Seq2[*dataset.Batch, error]) []Step {
	t.Helper()
	var steps []Step
	for step, err := range tr.Steps(context.Background(), batches) {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

func losses(steps []Step) []float64 {
	var all []float64
	for _, s := range steps {
		all = append(all, s.Loss)
	}
	return all
}

func weightsOf(t testing.TB, tr *batchTrainer) map[string][]float32 {
	t.Helper()
	weights, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]float32)
	for _, w := range weights {
		all[w.Name] = w.Values
	}
	return all
}

// variablesIn are copies of the trainer's variables whose path has part in it.
func variablesIn(t testing.TB, tr *batchTrainer, part string) map[string]any {
	t.Helper()
	all := make(map[string]any)
	for v := range tr.store.IterVariables() {
		if strings.Contains(v.Path(), part) {
			value, err := v.Value()
			if err != nil {
				t.Fatal(err)
			}
			all[v.Path()] = value.Value()
		}
	}
	return all
}
