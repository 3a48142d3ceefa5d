// Own-augmentation trains on drawings that are scratched before every use, and lets a box follow the drawing that it is around.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// scratched is an augmentation that wipes out a few lines of each drawing, after what another one does.
type scratched struct {
	base  dataset.Augment
	lines int
}

// Draw implements [dataset.Augmentation]: all chances are taken here, so that a batch depends on its seed alone.
func (s scratched) Draw(rng *rand.Rand, m imgproc.Image, p imgproc.Preprocess) dataset.Draw {
	d := s.base.Draw(rng, m, p)
	wiped, paper := rng.Perm(m.H)[:s.lines], imgproc.Filled(1, m.W, m.C, 255)
	d.Change = func(m imgproc.Image) imgproc.Image {
		m.Pix = slices.Clone(m.Pix) // those of the data set stay as they are
		for _, y := range wiped {
			copy(m.Row(y), paper.Pix)
		}
		return m
	}
	return d
}

// outside is how much ink, in pixels, lies outside its box after a draw.
func outside(a dataset.Augmentation, p imgproc.Preprocess, m imgproc.Image, box imgproc.Box) (beyond float32) {
	row := make([]float32, p.Size())
	box = a.Draw(rand.New(rand.NewPCG(1, 2)), m, p).Image(row, p, m).Box(box)
	for i, v := range row {
		x, y := float32(i%p.Width), float32(i/p.Width)
		if x < box.X-1 || x > box.X+box.W || y < box.Y-1 || y > box.Y+box.H {
			beyond += v
		}
	}
	return beyond
}

func main() {
	ctx, backend, spec := context.Background(), must(siam.NewBackend("cpu", 0)), encoder.Conv4(28)
	defer backend.Finalize()
	task := train.Labels{Spec: spec, Objective: metric.Objective{Distance: metric.Cosine(), Loss: metric.NTXent(0.1), Reducer: metric.Mean()}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 80}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	sampler, own := must(dataset.NewClassSampler(set, dataset.ClassOptions{Classes: 10, Examples: 3})), scratched{dataset.KochDistortions(), 8}
	batches := must(dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Augment: own, Steps: 80}))
	for _, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		must(0, err)
	}
	model := must(siam.New(must(encoder.NewFile(spec, "cosine", must(trainer.Weights()))), siam.WithBackend(backend)))
	unseen := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 2, Characters: 10, Drawers: 6, Seed: 2}))
	result := must(must(judge.NewLabelled(ctx, model, nil, unseen)).Retrieve(nil))
	fmt.Printf("of characters never seen, the nearest drawing shows the same one: %v\n", result.PrecisionAt1)
	square := imgproc.Filled(105, 105, 1, 255)
	for y := range 30 {
		clear(square.Row(40 + y)[50:80])
	}
	fmt.Printf("of a square's ink %.3f pixels are outside its box\n", outside(own, spec.Preprocess, square, imgproc.Box{X: 50, Y: 40, W: 30, H: 30}))
}

func must[T any](x T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return x
}
