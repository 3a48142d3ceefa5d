// Own-sampler trains an encoder with batches that are chosen in a way that is not Siam's.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// twoHands samples batches in which two people each draw all characters of an alphabet: a step's rows are theirs. What Sample
// returns depends on the step alone, so that a training resumes exactly, and any number of goroutines may call it.
type twoHands struct {
	drawings map[string][][]int32 // of each alphabet, by drawer: indices into Set.Items
	names    []string
	seed     uint64
}

func newTwoHands(set *dataset.Set, seed uint64) twoHands {
	s := twoHands{drawings: map[string][][]int32{}, names: set.Groups(), seed: seed}
	for i, item := range set.Items {
		group := set.Classes[item.Label].Group
		for len(s.drawings[group]) < item.Drawer {
			s.drawings[group] = append(s.drawings[group], nil)
		}
		s.drawings[group][item.Drawer-1] = append(s.drawings[group][item.Drawer-1], int32(i))
	}
	return s
}

// Sample implements [dataset.Sampler].
func (s twoHands) Sample(step int) dataset.Sample {
	rng := rand.New(rand.NewPCG(s.seed, uint64(step)))
	drawers := s.drawings[s.names[rng.IntN(len(s.names))]]
	var sample dataset.Sample
	for _, d := range rng.Perm(len(drawers))[:2] {
		sample.Items = append(sample.Items, drawers[d]...)
	}
	return sample
}

func main() {
	ctx, backend, spec := context.Background(), must(siam.NewBackend("cpu", 0)), encoder.Conv4(28)
	defer backend.Finalize()
	task := train.Labels{Spec: spec, Objective: metric.Objective{Distance: metric.Cosine(), Loss: metric.NTXent(0.1), Reducer: metric.Mean()}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 80}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	batches := must(dataset.NewLoader(set, newTwoHands(set, 1), dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: 80}))
	for _, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		if err != nil {
			log.Fatal(err)
		}
	}
	model := must(siam.New(must(encoder.NewFile(spec, "cosine", must(trainer.Weights()))), siam.WithBackend(backend)))
	unseen := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 2, Characters: 10, Drawers: 6, Seed: 2}))
	result := must(must(judge.NewLabelled(ctx, model, nil, unseen)).Retrieve(nil))
	fmt.Printf("of characters never seen, the nearest drawing shows the same one: %v\n", result.PrecisionAt1)
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
