package bench

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// noisePairs is a batch of pairs of noise.
func noisePairs(spec encoder.Spec, pairs int) *dataset.Batch {
	random := rand.New(rand.NewPCG(1, 1))
	p := spec.Preprocess
	b := &dataset.Batch{N: 2 * pairs, H: p.Height, W: p.Width, C: p.Channels}
	for range b.N * b.H * b.W * b.C {
		b.Images = append(b.Images, float32(random.NormFloat64()))
	}
	for i := range int32(pairs) {
		b.Pairs = append(b.Pairs, [2]int32{i, int32(pairs) + i})
		b.Same = append(b.Same, float32(i%2))
	}
	return b
}

// trained is what a few steps lead to.
type trained struct {
	losses  []float64
	weights []modelfile.Tensor
}

// newTrainer trains an encoder with a pair head by Adam.
func newTrainer(backend compute.Backend, spec encoder.Spec) (*train.Trainer[*dataset.Batch], error) {
	spec.PairHead = true
	return train.New(backend, train.Pairs{Spec: spec}, train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 1e-3}, StepsPerEpoch: 10, Seed: 1,
	})
}

// endless repeats a batch.
func endless(batch *dataset.Batch) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		for yield(batch, nil) {
		}
	}
}

// trainNoise does some steps on pairs of noise.
func trainNoise(options cpu.Options, spec encoder.Spec, pairs, steps int) (result trained, err error) {
	backend, err := cpu.New(options)
	if err != nil {
		return result, err
	}
	defer backend.Finalize()
	trainer, err := newTrainer(backend, spec)
	if err != nil {
		return result, err
	}
	for step, err := range trainer.Steps(context.Background(), endless(noisePairs(spec, pairs))) {
		if err != nil {
			return result, err
		}
		if result.losses = append(result.losses, step.Loss); step.Number == steps {
			break
		}
	}
	result.weights, err = trainer.Weights()
	return result, err
}

func mustTrainNoise(t *testing.T, options cpu.Options, spec encoder.Spec, pairs, steps int) trained {
	t.Helper()
	result, err := trainNoise(options, spec, pairs, steps)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// check reports where two trainings differ in a bit.
func (a trained) check(t *testing.T, name string, want trained) {
	t.Helper()
	if !slices.Equal(a.losses, want.losses) {
		t.Errorf("losses of %s = %v, want %v", name, a.losses, want.losses)
	}
	if len(a.weights) != len(want.weights) || len(a.weights) == 0 {
		t.Fatalf("%s has %d weights, want %d, more than 0", name, len(a.weights), len(want.weights))
	}
	for i, w := range want.weights {
		for k, v := range w.Values {
			if got := a.weights[i].Values[k]; math.Float32bits(got) != math.Float32bits(v) {
				t.Errorf("%s of %s [%d] = %v, want %v", w.Name, name, k, got, v)
				break
			}
		}
	}
}

func TestTrainingIsTheSameOnAnyNumberOfThreads(t *testing.T) {
	const steps = 3
	for _, test := range []struct {
		spec  encoder.Spec
		pairs int
	}{{encoder.Conv4(28), 24}, {encoder.Koch35(), 5}} {
		for _, precision := range []cpu.Precision{cpu.Float32, cpu.BFloat16} {
			t.Run(test.spec.Arch+"/"+precision.String(), func(t *testing.T) {
				want := mustTrainNoise(t, cpu.Options{Threads: 1, Precision: precision}, test.spec, test.pairs, steps)
				for _, threads := range []int{2, 5} {
					got := mustTrainNoise(t, cpu.Options{Threads: threads, Precision: precision}, test.spec, test.pairs, steps)
					got.check(t, fmt.Sprintf("%d threads", threads), want)
				}
			})
		}
	}
}

func TestTrainingsAtOnceDoNotDisturbEachOther(t *testing.T) {
	const pairs, steps = 8, 6
	want := mustTrainNoise(t, cpu.Options{Threads: 2}, encoder.Conv4(28), pairs, steps)
	var results [3]trained
	var errs [3]error
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i], errs[i] = trainNoise(cpu.Options{Threads: 2}, encoder.Conv4(28), pairs, steps) })
	}
	all.Wait()
	for i, got := range results {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		got.check(t, "one of three trainings", want)
	}
}

// A step's own work allocates nothing. GoMLX's handling of some 50 variables takes about 370 allocations, whatever the batch.
func TestAllocationsOfAStepDoNotGrow(t *testing.T) {
	const most = 450
	for _, pairs := range []int{2, 16} {
		backend, err := cpu.New(cpu.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer backend.Finalize()
		trainer, err := newTrainer(backend, encoder.Conv4(28))
		if err != nil {
			t.Fatal(err)
		}
		next, stop := iter.Pull2(trainer.Steps(context.Background(), endless(noisePairs(encoder.Conv4(28), pairs))))
		defer stop()
		step := func() {
			if _, err, _ := next(); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if got := testing.AllocsPerRun(5, step); got > most {
			t.Errorf("a step with %d pairs allocates %v times, want at most %d", pairs, got, most)
		}
	}
}
