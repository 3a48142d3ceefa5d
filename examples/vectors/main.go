// Vectors trains, judges and searches embeddings of what is no image: here the readings of machines, of which each has its own way to
// hum. No machine of the training is among those that are judged.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

const samples = 64 // of one reading

// hum is a reading of a machine: three tones of its own, begun anywhere, among noise.
func hum(machine int, random *rand.Rand) []float32 {
	reading := make([]float32, samples)
	own := rand.New(rand.NewPCG(uint64(machine), 1))
	for range 3 {
		tone, start := 0.05+0.4*own.Float64(), random.Float64()
		for i := range reading {
			reading[i] += float32(math.Sin(2*math.Pi*(tone*float64(i)+start)) + 0.2*random.NormFloat64())
		}
	}
	return reading
}

// fill makes the batch of a step: four readings of each of 24 machines.
func fill(_ context.Context, b *dataset.Batch, step int) error {
	random := rand.New(rand.NewPCG(uint64(step), 2))
	*b = dataset.Batch{Step: step, N: 96, Vectors: b.Vectors[:0]}
	for _, machine := range random.Perm(200)[:b.N/4] {
		for range 4 {
			b.Vectors = append(b.Vectors, hum(machine, random)...)
			b.Labels = append(b.Labels, int32(machine))
		}
	}
	return nil
}

func main() {
	ctx, backend := context.Background(), must(siam.NewBackend("cpu", 0))
	defer backend.Finalize()
	spec := encoder.MLP(samples)
	objective := metric.Objective{Distance: metric.Cosine(), Loss: metric.SupCon(0.1), Reducer: metric.Mean()}
	trainer := must(train.New(backend, train.Labels{Spec: spec, Objective: objective}, train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 50, Schedule: train.Cosine(400, 20),
	}))
	for _, err := range trainer.Steps(ctx, dataset.Prefetch(ctx, dataset.PrefetchOptions{End: 400}, fill)) {
		must(0, err)
	}
	model := must(siam.New(must(encoder.NewFile(spec, "cosine", must(trainer.Weights()))), siam.WithBackend(backend)))
	random := rand.New(rand.NewPCG(1, 3))
	readings, machines := [][]float32{}, []int{}
	for i := range 200 { // four of each of 50 machines
		machines, readings = append(machines, 1000+i/4), append(readings, hum(1000+i/4, random))
	}
	embeddings := must(model.EmbedVectors(ctx, readings...))
	judged := must(eval.Retrieve(eval.Labelled{Embeddings: embeddings, Labels: machines}, eval.Ranking{}))
	fmt.Printf("of machines never heard, the nearest reading is of the same one: %v\n", judged.PrecisionAt1)
	index := must(distance.NewIndex(model.NamedDistance(), embeddings))
	for i, near := range must(index.Nearest(ctx, 3, must(model.EmbedVectors(ctx, hum(1007, random)))[0]))[0] {
		fmt.Printf("neighbour %d of a new reading of machine 1007: machine %d, distance %.3f\n", i+1, machines[near.Row], near.Distance)
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
