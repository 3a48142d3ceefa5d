// Own-optimizer trains an encoder with an optimizer and a schedule that are not Siam's.
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

// lion steps by the sign of a mean of the gradients (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2).
type lion struct{ beta1, beta2, decay float64 }

// Scalars implements [train.Optimizer]: nothing but the rate changes from step to step.
func (lion) Scalars(int) []float32 { return nil }

// Update implements [train.Optimizer].
func (l lion) Update(u train.Update) {
	memory := u.Memory("mean")
	mean, w := memory.NodeValue(u.Gradient), u.Variable.NodeValue(u.Gradient)
	mixed := func(beta float64) *Node { return Add(MulScalar(mean, beta), MulScalar(u.Gradient, 1-beta)) }
	change := Add(Sign(mixed(l.beta1)), MulScalar(w, l.decay))
	memory.SetNodeValue(mixed(l.beta2))
	u.Variable.SetNodeValue(Sub(w, Mul(change, u.Rate)))
}

// trapezoid rises over the first tenth of the steps, stays, and falls over the last three tenths.
func trapezoid(steps int) train.Schedule {
	return func(at train.Moment) float64 {
		done := float64(at.Step) / float64(steps)
		return min(1, (done+0.01)/0.1, (1-done)/0.3)
	}
}

func main() {
	const steps = 60
	ctx, backend := context.Background(), must(siam.NewBackend("cpu", 0))
	defer backend.Finalize()
	spec := encoder.Conv4(28)
	spec.Normalize = true
	task := train.Labels{Spec: spec, Objective: metric.Objective{Distance: metric.Cosine(), Loss: metric.SupCon(0.1), Reducer: metric.Mean()}}
	trainer := must(train.New(backend, task, train.Config{
		Optimizer: lion{0.9, 0.99, 0.1}, Schedule: trapezoid(steps), Layer: train.Layer{Rate: 5e-4}, StepsPerEpoch: steps,
	}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	sampler := must(dataset.NewClassSampler(set, dataset.ClassOptions{Classes: 10, Examples: 3}))
	batches := must(dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: steps}))
	for step, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		if err != nil {
			log.Fatal(err)
		}
		if step.Number%20 == 1 {
			fmt.Printf("step %d: rate %.1e\n", step.Number, step.Rate)
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
