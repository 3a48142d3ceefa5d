package train

import (
	"context"
	"errors"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/modelfile"
)

func TestTrainingLearnsToTellClassesApart(t *testing.T) {
	adamW := config()
	adamW.Optimizer, adamW.Clip, adamW.Average = NewAdamW(0.01), 1, 0.9
	adamW.Schedule = OneCycle(120)
	sgd := config()
	sgd.Optimizer, sgd.Layer = SGD{}, Layer{Rate: 0.05, Momentum: 0.9}
	sgd.Task = Labels{Objective: metric.Objective{
		Distance: metric.Cosine(), Miner: metric.All(), Loss: metric.SupCon(0.1), Reducer: metric.Mean()}}
	proxies := config()
	proxies.Task = Labels{Objective: metric.Objective{
		Distance: metric.Cosine(), Loss: metric.CosFace(0.1, 8), Reducer: metric.Mean(), Classes: 5}}
	for name, c := range map[string]training{
		"Adam with triplets": config(), "AdamW, clipped and averaged": adamW, "SGD with SupCon": sgd, "Adam with proxies": proxies,
	} {
		t.Run(name, func(t *testing.T) {
			tr := trainer(t, c)
			run(t, tr, stripes(0, 120))
			if right := nearestNeighbours(t, tr, stripesBatch(1000)); right < 18 {
				t.Errorf("after 120 steps %d of 20 images have a neighbour of their class nearest, want 18 or more", right)
			}
		})
	}
}

// nearestNeighbours counts the images whose nearest other image has their label.
func nearestNeighbours(t *testing.T, tr *batchTrainer, b *dataset.Batch) int {
	t.Helper()
	embeddings := embedded(t, tr, small(), b.Images)
	right := 0
	for i := range embeddings {
		best, at := float32(math.Inf(1)), -1
		for k := range embeddings {
			if d := distance.SquaredEuclidean().Of(embeddings[i], embeddings[k]); i != k && d < best {
				best, at = d, k
			}
		}
		if b.Labels[at] == b.Labels[i] {
			right++
		}
	}
	return right
}

func TestPairsLearn(t *testing.T) {
	steps := run(t, trainer(t, pairsConfig()), stripes(0, 150))
	var last float64
	for _, s := range steps[140:] {
		last += s.Active / 10
	}
	if last > 0.15 {
		t.Errorf("after 140 steps %.0f %% of the pairs are answered wrongly, want at most 15", 100*last)
	}
}

func TestLayersHaveTheirOwnSettings(t *testing.T) {
	c := config()
	c.Layers = map[string]Layer{"encoder/stem": {Rate: 0}}
	tr := trainer(t, c)
	before := weightsOf(t, tr)
	run(t, tr, stripes(0, 2))
	for name, values := range weightsOf(t, tr) {
		if fixed := name == "encoder/stem/weights"; fixed != cmp.Equal(values, before[name]) {
			t.Errorf("%s has changed: %v, want %v", name, fixed, !fixed)
		}
	}
}

func TestPenaltyAddsLambdaTimesSquaredWeights(t *testing.T) {
	const lambda = 0.01
	c := config()
	plain := run(t, trainer(t, c), stripes(0, 1))[0].Loss
	c.Layers = map[string]Layer{"encoder/stem": {L2: lambda}}
	tr := trainer(t, c)
	var square float64
	for _, w := range weightsOf(t, tr)["encoder/stem/weights"] {
		square += float64(w) * float64(w)
	}
	if got, want := run(t, tr, stripes(0, 1))[0].Loss, plain+lambda*square; math.Abs(got-want) > 1e-5 {
		t.Errorf("loss with L2 = %v, want %v", got, want)
	}
}

func TestClipBoundsTheStep(t *testing.T) {
	c := config()
	c.Optimizer, c.Layer, c.Clip = SGD{}, Layer{Rate: 1}, 1e-3
	tr := trainer(t, c)
	before := weightsOf(t, tr)
	step := run(t, tr, stripes(0, 1))[0]
	if step.Gradient < 10*c.Clip {
		t.Fatalf("the gradient's length %v is not above the bound %v: the test tests nothing", step.Gradient, c.Clip)
	}
	var square float64
	for name, values := range weightsOf(t, tr) {
		if strings.HasSuffix(name, "/mean") || strings.HasSuffix(name, "/variance") {
			continue // moving averages, which no gradient changes
		}
		for i, v := range values {
			square += math.Pow(float64(v-before[name][i]), 2)
		}
	}
	if length := math.Sqrt(square); math.Abs(length/c.Clip-1) > 1e-2 {
		t.Errorf("length of the step = %v, want %v", length, c.Clip)
	}
}

func TestAverageFollowsTheWeights(t *testing.T) {
	c := config()
	c.Average = 0.8
	averaged, plain := trainer(t, c), trainer(t, config())
	want := weightsOf(t, plain)
	for step := range 4 {
		run(t, plain, stripes(step, step+1))
		keep := min(c.Average, float64(1+step)/float64(10+step))
		for name, now := range weightsOf(t, plain) {
			for i := range now {
				want[name][i] = float32(keep*float64(want[name][i]) + (1-keep)*float64(now[i]))
			}
		}
	}
	run(t, averaged, stripes(0, 4))
	for name, values := range weightsOf(t, averaged) {
		for i, v := range values {
			if math.Abs(float64(v-want[name][i])) > 1e-5 {
				t.Fatalf("average of %s[%d] = %v, want %v", name, i, v, want[name][i])
			}
		}
	}
}

func TestALossThatIsNotFiniteStopsAndNamesStepAndLayer(t *testing.T) {
	c := config()
	c.Optimizer, c.Layer = SGD{}, Layer{Rate: 1e36}
	tr := trainer(t, c)
	var failed error
	before := weightsOf(t, tr)
	for step, err := range tr.Steps(context.Background(), stripes(0, 10)) {
		if err != nil {
			failed = err
			break
		}
		before = weightsOf(t, tr)
		_ = step
	}
	var broken *NotFinite
	if !errors.As(failed, &broken) || broken.Step != tr.Done()+1 || !strings.Contains(failed.Error(), "layer encoder/") || strings.Contains(failed.Error(), "\n") {
		t.Errorf("training at rate 1e36 = %v, want one line that names step and layer", failed)
	}
	if !cmp.Equal(before, weightsOf(t, tr)) {
		t.Error("the failed step has changed the weights")
	}
}

func TestAnEmbeddingThatIsNotFiniteNamesTheLayer(t *testing.T) {
	tr := trainer(t, config())
	weights, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	weights[0].Values[0] = float32(math.NaN())
	if err := tr.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	var broken *NotFinite
	e, err := NewEmbedder(tr, small())
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Embed(t.Context(), stripesBatch(0).Images)
	if !errors.As(err, &broken) || !strings.Contains(broken.Where, "layer encoder/") {
		t.Errorf("Embed with a weight of NaN = %v, want an error that names the layer", err)
	}
}

func TestImagesThatAreNotFiniteAreNamed(t *testing.T) {
	bad := stripesBatch(0)
	bad.Images[7] = float32(math.NaN())
	tr := trainer(t, config())
	before := weightsOf(t, tr)
	_, err := tr.step(bad)
	if err == nil || !strings.Contains(err.Error(), "the batch holds") {
		t.Errorf("step with NaN in an image = %v, want an error about the batch", err)
	}
	if !cmp.Equal(before, weightsOf(t, tr)) {
		t.Error("the failed step has changed the weights")
	}
}

func TestBadBatchesAreErrors(t *testing.T) {
	change := func(f func(*dataset.Batch)) *dataset.Batch {
		b := stripesBatch(0)
		f(b)
		return b
	}
	proxies := config()
	proxies.Task = Labels{Objective: metric.Objective{
		Distance: metric.Cosine(), Loss: metric.NormalizedSoftmax(8), Reducer: metric.Mean(), Classes: 3}}
	for name, test := range map[string]struct {
		config training
		batch  *dataset.Batch
	}{
		"no images":            {config(), &dataset.Batch{}},
		"images of other size": {config(), change(func(b *dataset.Batch) { b.Images = b.Images[1:] })},
		"a label missing":      {config(), change(func(b *dataset.Batch) { b.Labels = b.Labels[1:] })},
		"a label too large":    {proxies, stripesBatch(0)},
		"no pairs":             {pairsConfig(), change(func(b *dataset.Batch) { b.Pairs = nil })},
		"a pair out of range":  {pairsConfig(), change(func(b *dataset.Batch) { b.Pairs[3][1] = 20 })},
	} {
		if _, err := trainer(t, test.config).step(test.batch); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("step on a batch with %s = %v, want an error of one line", name, err)
		}
	}
	failing := func(yield func(*dataset.Batch, error) bool) { yield(nil, errors.New("no disk")) }
	for _, err := range trainer(t, config()).Steps(context.Background(), iter.Seq2[*dataset.Batch, error](failing)) {
		if err == nil || !strings.Contains(err.Error(), "no disk") {
			t.Errorf("Steps over a failing reader = %v, want its error", err)
		}
	}
}

func TestNewRejects(t *testing.T) {
	change := func(f func(*training)) training {
		c := config()
		f(&c)
		return c
	}
	for name, c := range map[string]training{
		"no task":                  change(func(c *training) { c.Task = nil }),
		"no optimizer":             change(func(c *training) { c.Optimizer = nil }),
		"epochs without steps":     change(func(c *training) { c.StepsPerEpoch = 0 }),
		"a rate that is no number": change(func(c *training) { c.Layer.Rate = math.NaN() }),
		"momentum 1":               change(func(c *training) { c.Layer.Momentum = 1 }),
		"average 1":                change(func(c *training) { c.Average = 1 }),
		"an unknown layer":         change(func(c *training) { c.Layers = map[string]Layer{"encoder/conv7": {}} }),
		"pairs without a head":     change(func(c *training) { c.Task = Pairs{} }),
		"an unknown architecture":  change(func(c *training) { c.Spec.Arch = "vgg" }),
		"an easier miner that does not fit": change(func(c *training) {
			c.Task = Labels{
				Objective: metric.Objective{Distance: metric.Cosine(), Miner: metric.BatchHard(), Loss: metric.SupCon(0.1), Reducer: metric.Mean()},
				Miners:    []metric.Miner{metric.SemiHard(0.2)},
			}
		}),
		"parts that do not fit": change(func(c *training) { c.Task = Labels{Objective: metric.Objective{}} }),
	} {
		if _, err := New(backend(t), c.task(), c.Config); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("New with %s = %v, want an error of one line", name, err)
		}
	}
}

func TestObserveKeepsTheBestAndStopsWithoutPatience(t *testing.T) {
	tr := trainer(t, config())
	var kept []modelfile.Tensor
	for i, score := range []float64{0.5, 0.7, math.NaN(), 0.7, 0.6} {
		run(t, tr, stripes(i, i+1))
		improved, stop, err := tr.Observe(score, 3)
		if err != nil {
			t.Fatal(err)
		}
		if improved != (i <= 1) || stop != (i == 4) {
			t.Errorf("Observe(%v) = %v, %v; want %v, %v", score, improved, stop, i <= 1, i == 4)
		}
		if i == 1 {
			kept, _ = tr.Weights()
		}
	}
	best, weights := tr.Best()
	if best.Score != 0.7 || best.Step != 2 || !cmp.Equal(weights, kept) {
		t.Errorf("Best = score %v of step %d, want 0.7 of step 2 with its weights", best.Score, best.Step)
	}
}
