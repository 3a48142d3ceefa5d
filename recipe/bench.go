package recipe

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/train"
)

// Workload is the training step that speed is measured with: both images of some pairs go through one encoder as one stacked
// batch, |h₁ − h₂| through a linear head, then binary cross-entropy, gradients, and Adam with rate 1e-3. Images and answers
// are noise. bench/peers/torch_siamese.py is the same work in PyTorch.
type Workload struct {
	Spec  encoder.Spec
	Pairs int // of a step
	Steps int // that count; warmUp more go before them
	Seed  uint64
}

// Speed is what a [Workload] measured; each is the median over its steps.
type Speed struct {
	TrainPairs  float64       // pairs trained on, per second
	EmbedImages float64       // images of the same stacked batch embedded, per second
	Latency     time.Duration // of embedding one image alone
}

// warmUp steps are not counted: they compile the graph and fill the caches.
const warmUp = 3

// WorkloadOf is the workload of a net with its customary batch: "conv4" (28×28 pixels), "koch" (105×105), or "faces", the
// residual network of recipe faces (64×64 in colour).
func WorkloadOf(net string) (Workload, error) {
	w := Workload{Seed: 1}
	switch net {
	case "conv4":
		w.Spec, w.Pairs, w.Steps = encoder.Conv4(28), 128, 30
	case "koch":
		w.Spec, w.Pairs, w.Steps = encoder.Koch(), 16, 8
	case "faces":
		spec, err := Things().Settings.encoderSpec(Identities{Colour: true})
		if err != nil {
			return w, err
		}
		spec.Normalize, spec.Mirror = false, false
		w.Spec, w.Pairs, w.Steps = spec, 64, 20
	default:
		return w, fmt.Errorf("unknown net %q: want conv4, koch or faces", net)
	}
	w.Spec.PairHead = true
	return w, nil
}

// Measure runs the workload: training first, then embedding with the weights that it left.
func (w Workload) Measure(ctx context.Context, backend siam.Backend) (Speed, error) {
	if w.Pairs < 1 || w.Steps < 1 {
		return Speed{}, fmt.Errorf("measure %d steps of %d pairs: want at least 1 of each", w.Steps, w.Pairs)
	}
	trainer, err := w.trainer(backend)
	if err != nil {
		return Speed{}, err
	}
	embedder, err := train.NewEmbedder(trainer, w.Spec)
	if err != nil {
		return Speed{}, err
	}
	batch := w.batch()
	var steps []time.Duration
	for took, err := range timed(ctx, trainer, batch) {
		if err != nil {
			return Speed{}, err
		}
		if steps = append(steps, took); len(steps) == warmUp+w.Steps {
			break
		}
	}
	embedding, err := w.timeEmbedding(ctx, embedder, batch.Images)
	if err != nil {
		return Speed{}, err
	}
	latency, err := w.timeEmbedding(ctx, embedder, batch.Images[:len(batch.Images)/batch.N])
	return Speed{
		TrainPairs:  float64(w.Pairs) / median(steps[warmUp:]).Seconds(),
		EmbedImages: float64(batch.N) / embedding.Seconds(),
		Latency:     latency,
	}, err
}

// Train yields how long each training step takes, for as long as the loop goes on. The first ones compile the graph and fill the caches.
func (w Workload) Train(ctx context.Context, backend siam.Backend) iter.Seq2[time.Duration, error] {
	return func(yield func(time.Duration, error) bool) {
		trainer, err := w.trainer(backend)
		if err != nil {
			yield(0, err)
			return
		}
		timed(ctx, trainer, w.batch())(yield)
	}
}

func (w Workload) trainer(backend siam.Backend) (*train.Trainer[*dataset.Batch], error) {
	return train.New(backend, train.Pairs{Spec: w.Spec}, train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 1e-3},
		StepsPerEpoch: max(w.Steps, 1), Seed: w.Seed, Watch: train.Watch{Off: true},
	})
}

// batch is pairs of images of normally distributed noise: rows i and Pairs+i are a pair.
func (w Workload) batch() *dataset.Batch {
	random := rand.New(rand.NewPCG(w.Seed, 0))
	p := w.Spec.Preprocess
	b := &dataset.Batch{N: 2 * w.Pairs, H: p.Height, W: p.Width, C: p.Channels}
	b.Images = make([]float32, b.N*b.H*b.W*b.C)
	for i := range b.Images {
		b.Images[i] = float32(random.NormFloat64())
	}
	for i := range int32(w.Pairs) {
		b.Pairs = append(b.Pairs, [2]int32{i, int32(w.Pairs) + i})
		b.Same = append(b.Same, float32(random.IntN(2)))
	}
	return b
}

// timed yields how long each step on the same batch takes.
func timed(ctx context.Context, trainer *train.Trainer[*dataset.Batch], batch *dataset.Batch) iter.Seq2[time.Duration, error] {
	return func(yield func(time.Duration, error) bool) {
		again := func(yield func(*dataset.Batch, error) bool) {
			for yield(batch, nil) {
			}
		}
		start := time.Now()
		for _, err := range trainer.Steps(ctx, again) {
			if !yield(time.Since(start), err) {
				return
			}
			start = time.Now()
		}
	}
}

// timeEmbedding is the median time to embed images.
func (w Workload) timeEmbedding(ctx context.Context, embedder *train.Embedder[*dataset.Batch], images []float32) (time.Duration, error) {
	took := make([]time.Duration, warmUp+w.Steps)
	for i := range took {
		start := time.Now()
		if _, err := embedder.Embed(ctx, images); err != nil {
			return 0, err
		}
		took[i] = time.Since(start)
	}
	return median(took[warmUp:]), nil
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	n := len(times)
	return (times[(n-1)/2] + times[n/2]) / 2
}
