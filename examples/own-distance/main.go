// Own-distance trains with a distance that is not Siam's, opens the model with it, and searches by it.
package main

import (
	"context"
	"fmt"
	"log"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

const name = "pseudo_huber" // Σ (√(1 + (a_j − b_j)²) − 1): like the square for small differences, like |a_j − b_j| for large ones

// inGraph compares every row of a [n, d] with every row of b [m, d].
func inGraph() metric.Distance {
	return metric.Distance{Name: name, Matrix: func(a, b *Node) *Node {
		difference := Sub(InsertAxes(a, 1), InsertAxes(b, 0)) // [n, m, d]
		return ReduceSum(AddScalar(Sqrt(AddScalar(Square(difference), 1)), -1), -1)
	}}
}

// ofVectors is the same of two vectors.
func ofVectors() distance.Distance {
	return distance.Distance{Name: name, Of: func(a, b []float32) float32 {
		sum := 0.0
		for j := range a {
			sum += math.Hypot(1, float64(a[j])-float64(b[j])) - 1
		}
		return float32(sum)
	}}
}

func main() {
	ctx, backend, spec := context.Background(), must(siam.NewBackend("cpu", 0)), encoder.Conv4(28)
	defer backend.Finalize()
	task := train.Labels{Spec: spec, Objective: metric.Objective{
		Distance: inGraph(), Miner: metric.SemiHard(1), Loss: metric.Triplet(1), Reducer: metric.MeanActive(),
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
	file := must(encoder.NewFile(spec, name, must(trainer.Weights())))
	_, err := siam.New(file, siam.WithBackend(backend))
	fmt.Println("without the distance:", err)
	model := must(siam.New(file, siam.WithBackend(backend), siam.WithDistance(ofVectors())))

	unseen := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 2, Characters: 10, Drawers: 6, Seed: 2}))
	embeddings, right := must(judge.Embed(ctx, model, unseen)), 0
	index := must(distance.NewIndex(model.NamedDistance(), embeddings))
	for i, found := range must(index.Nearest(ctx, 2, embeddings...)) { // the nearest of all is the drawing itself
		if unseen.Items[found[1].Row].Label == unseen.Items[i].Label {
			right++
		}
	}
	fmt.Printf("of characters never seen, the nearest drawing shows the same one: %.2f\n", float64(right)/float64(len(embeddings)))
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
