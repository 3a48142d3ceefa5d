// Own-miner trains an encoder with two miners that are not Siam's: one of triplets, and an easier one of pairs to step back to.
package main

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// band keeps the triplets whose gap is within width of 0: those that are far below teach nothing, and those far above are often
// wrong labels.
func band(width float64) metric.Miner {
	return metric.Miner{Name: "band", Keep: func(t metric.Triplets) *Node {
		return LessThan(Abs(t.Gap), Scalar(t.Gap.Graph(), t.Gap.DType(), width))
	}}
}

// nearestPositive keeps each anchor's nearest positive, with all negatives.
func nearestPositive() metric.Miner {
	return metric.Miner{Name: "nearest_positive", Pick: func(p metric.Pairs) metric.Pairs {
		p.Same = metric.Nearest(StopGradient(p.Distances), p.Same)
		return p
	}}
}

func main() {
	ctx, backend := context.Background(), must(siam.NewBackend("cpu", 0))
	defer backend.Finalize()
	spec := encoder.Conv4(28)
	spec.Normalize = true
	task := train.Labels{Spec: spec, Miners: []metric.Miner{nearestPositive()}, Objective: metric.Objective{
		Distance: metric.SquaredEuclidean(), Miner: band(0.3), Loss: metric.Triplet(0.2), Reducer: metric.MeanActive(),
	}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 60}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	sampler := must(dataset.NewClassSampler(set, dataset.ClassOptions{Classes: 10, Examples: 3}))
	batches := must(dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: 60}))
	for step, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		if must(step, err).Number%20 == 0 {
			fmt.Printf("step %d: %.1f %% of the triplets count and are active\n", step.Number, 100*step.Active)
		}
	}
	model := must(siam.New(must(encoder.NewFile(spec, "squared_euclidean", must(trainer.Weights()))), siam.WithBackend(backend)))
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
