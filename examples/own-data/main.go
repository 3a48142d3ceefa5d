// Own-data trains an encoder on images that a program makes as it goes, without ever holding them all: here photographs of cloths, each
// with a weave of its own. The cloths that are judged are not among those of the training.
package main

import (
	"context"
	"fmt"
	"iter"
	"log"
	"math"
	"math/rand/v2"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// photograph shows a part of a cloth of 48×48 pixels, in some light.
func photograph(cloth int, random *rand.Rand) imgproc.Image {
	own := rand.New(rand.NewPCG(uint64(cloth), 1))
	m := imgproc.New(48, 48, 3)
	light, left, top := 0.6+0.4*random.Float64(), 100*random.Float64(), 100*random.Float64()
	for c := range 3 {
		across, down, base := 0.2+own.Float64(), 0.2+own.Float64(), 80+100*own.Float64()
		for i := range 48 * 48 {
			x, y := float64(i%48)+left, float64(i/48)+top
			v := base + 40*math.Sin(across*x) + 40*math.Sin(down*y) + 10*random.NormFloat64()
			m.Pix[3*i+c] = uint8(min(max(light*v, 0), 255))
		}
	}
	return m
}

// stream yields photographs of 200 cloths without end.
func stream(seed uint64) iter.Seq2[dataset.Item, error] {
	return func(yield func(dataset.Item, error) bool) {
		random := rand.New(rand.NewPCG(seed, 2))
		for {
			cloth := random.IntN(200)
			if !yield(dataset.Item{Image: photograph(cloth, random), Label: cloth}, nil) {
				return
			}
		}
	}
}

func main() {
	ctx, backend, spec := context.Background(), must(siam.NewBackend("cpu", 0)), encoder.Conv4(28)
	defer backend.Finalize()
	spec.Preprocess = imgproc.Preprocess{Height: 28, Width: 28, Channels: 3}
	task := train.Labels{Spec: spec, Objective: metric.Objective{Distance: metric.Cosine(), Loss: metric.NTXent(0.1), Reducer: metric.Mean()}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 60}))
	options := dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: 60}
	batches := must(dataset.NewStream(stream(1), dataset.StreamOptions{LoaderOptions: options, Classes: 12, Examples: 3, Pool: 600}))
	for _, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		must(0, err)
	}
	model := must(siam.New(must(encoder.NewFile(spec, "cosine", must(trainer.Weights()))), siam.WithBackend(backend)))
	unseen, random := &dataset.Set{Name: "cloths"}, rand.New(rand.NewPCG(3, 4)) // what is not too much to hold is a Set
	for i := range 200 {
		if i%5 == 0 {
			unseen.Classes = append(unseen.Classes, dataset.Class{Name: fmt.Sprintf("cloth%d", i/5)})
		}
		unseen.Items = append(unseen.Items, dataset.Item{Image: photograph(1000+i/5, random), Label: i / 5})
	}
	result := must(must(judge.NewLabelled(ctx, model, nil, unseen)).Retrieve(nil))
	fmt.Printf("of cloths never seen, the nearest photograph shows the same one: %v\n", result.PrecisionAt1)
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
