// Own-encoder trains an architecture that is not Siam's, saves it, and opens it again.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// patches is an architecture: the image in patches without overlap, each through the same two layers, then all through a last one.
func patches() encoder.Architecture {
	type settings struct{ Side, Width int } // of a patch, and of what it becomes
	read := func(spec encoder.Spec) (s settings, err error) { return s, json.Unmarshal(spec.Settings, &s) }
	return encoder.Architecture{
		Name: "patches",
		Check: func(spec encoder.Spec) error {
			s, err := read(spec)
			if err == nil && (s.Side < 1 || s.Width < 1 || spec.Preprocess.Height%s.Side+spec.Preprocess.Width%s.Side > 0) {
				err = fmt.Errorf("patches of %d pixels to %d numbers do not fit the image", s.Side, s.Width)
			}
			return err
		},
		Build: func(l *encoder.Layers, spec encoder.Spec, x *Node) *Node {
			s := must(read(spec))
			x = l.Conv(x, "patches", encoder.Conv{Filters: s.Width, Size: s.Side, Stride: s.Side})
			x = encoder.ReLU(l.Norm(x, "norm"))
			x = encoder.ReLU(l.Conv(x, "mix", encoder.Conv{Filters: s.Width, Size: 1, Bias: true}))
			return l.Dense(encoder.Flatten(x), "dense", spec.Dim, encoder.Initial{})
		},
	}
}

func main() {
	ctx, own, file := context.Background(), patches(), filepath.Join(must(os.MkdirTemp("", "")), "patches.safetensors")
	backend := must(siam.NewBackend("cpu", 0))
	defer backend.Finalize()
	spec := encoder.Spec{
		Arch: own.Name, Own: &own, Settings: json.RawMessage(`{"side":7,"width":32}`), Dim: 64, Normalize: true,
		Preprocess: imgproc.Preprocess{Height: 28, Width: 28, Channels: 1, Invert: true, Ink: 0.86},
	}
	task := train.Labels{Spec: spec, Objective: metric.Objective{Distance: metric.Cosine(), Loss: metric.SupCon(0.1), Reducer: metric.Mean()}}
	trainer := must(train.New(backend, task, train.Config{Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 2e-3}, StepsPerEpoch: 100}))
	set := must(dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 8, Characters: 10, Drawers: 6, Seed: 1}))
	sampler := must(dataset.NewClassSampler(set, dataset.ClassOptions{Classes: 16, Examples: 3}))
	batches := must(dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Steps: 100}))
	for _, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		must(0, err)
	}
	must(0, must(encoder.NewFile(spec, "cosine", must(trainer.Weights()))).Write(file))
	defer os.RemoveAll(filepath.Dir(file))
	_, err := siam.Open(file)
	fmt.Println("without the architecture:", err)
	model := must(siam.Open(file, siam.WithArchitecture(patches()), siam.WithBackend(backend)))
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
