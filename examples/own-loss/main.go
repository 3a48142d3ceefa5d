// Own-loss trains an encoder with a loss, a reducer and a regularizer that are not Siam's.
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

// logistic is log(1 + exp(±scale·(d − bias))), with + for same pairs and − for different ones.
func logistic(bias, scale float64) metric.Loss {
	return metric.Loss{Name: "logistic", Terms: func(p metric.Pairs) []metric.Terms {
		softplus := func(x *Node) *Node { return Add(MaxScalar(x, 0), Log1p(Exp(Neg(Abs(x))))) }
		x := MulScalar(AddScalar(p.Distances, -bias), scale)
		return []metric.Terms{metric.TermsOf(softplus(x), p.Same), metric.TermsOf(softplus(Neg(x)), p.Different)}
	}}
}

// perAnchor is the mean over anchors of the mean over an anchor's tuples.
func perAnchor() metric.Reducer {
	return metric.Reducer{Name: "per_anchor", Reduce: func(t metric.Terms) *Node {
		means, some := Div(t.Sum, MaxScalar(t.Count, 1)), MinScalar(t.Count, 1) // some is 1 where there are tuples
		return Div(ReduceAllSum(means), MaxScalar(ReduceAllSum(some), 1))
	}}
}

// centred is weight·‖mean embedding‖²: a batch's embeddings lie around 0, on all sides.
func centred(weight float64) metric.Regularizer {
	return metric.Regularizer{Name: "centred", Penalty: func(s metric.Subject) *Node {
		return MulScalar(ReduceAllSum(Square(ReduceMean(s.Embeddings, 0))), weight)
	}}
}

func main() {
	ctx, backend := context.Background(), must(siam.NewBackend("cpu", 0))
	defer backend.Finalize()
	spec := encoder.Conv4(28)
	spec.Normalize = true
	task := train.Labels{Spec: spec, Objective: metric.Objective{
		Distance: metric.Cosine(), Loss: logistic(0.3, 8), Reducer: perAnchor(), Regularizers: []metric.Regularizer{centred(0.1)},
	}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 60}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	sampler := must(dataset.NewClassSampler(set, dataset.ClassOptions{Classes: 10, Examples: 3}))
	batches := must(dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: 60}))
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
