// Command triplet is the lecture's first exercise: the Siamese network given in class, turned into a triplet network.
// docs/tutorials/en/01-triplet.md walks through it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

// options are what the student changes from one training to the next.
type options struct {
	pairs   string  // model file of the network given in class
	data    string  // folder of alphabets to learn from
	out     string  // model file to write; the picture goes beside it
	mine    string  // which triplets count: all, semi-hard or hard
	margin  float64 // m of equation (2)
	rate    float64 // of learning
	steps   int
	classes int  // characters of each of a batch's two alphabets
	watch   bool // step back when the encoder collapses
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.pairs, "pairs", "course/pairs.safetensors", "model `file` of the network given in class")
	flag.StringVar(&o.data, "data", "course/learn", "`folder` of alphabets to learn from")
	flag.StringVar(&o.out, "out", "course/triplet.safetensors", "model `file` to write")
	flag.StringVar(&o.mine, "mine", "semi-hard", "`triplets` that count: all, semi-hard or hard")
	flag.Float64Var(&o.margin, "margin", 0.2, "m of equation (2), between squared distances of vectors of length 1")
	flag.Float64Var(&o.rate, "rate", 2e-3, "learning rate")
	flag.IntVar(&o.steps, "steps", 400, "number of batches")
	flag.IntVar(&o.classes, "characters", 16, "`number` of characters of each of a batch's two alphabets")
	flag.BoolVar(&o.watch, "watch", true, "step back when the encoder collapses")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "triplet:", err)
		os.Exit(1)
	}
}

// run trains the triplet network and writes it and the picture of its training.
func run(ctx context.Context, o options) error {
	spec, err := tripletSpec(o.pairs)
	if err != nil {
		return err
	}
	task, err := tripletTask(spec, o.mine, o.margin)
	if err != nil {
		return err
	}
	backend, err := siam.NewBackend("cpu", 0)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	trainer, err := train.New(backend, task, train.Config{
		Optimizer: train.NewAdamW(0.01), Schedule: train.Cosine(o.steps, o.steps/20),
		Layer: train.Layer{Rate: o.rate}, StepsPerEpoch: o.steps, Seed: 1,
		Watch: train.Watch{Off: !o.watch, Window: 50},
	})
	if err != nil {
		return err
	}
	batches, err := load(ctx, spec, o)
	if err != nil {
		return err
	}
	var seen []train.Step
	for step, err := range trainer.Steps(ctx, batches.Batches(ctx)) {
		if err != nil {
			return err
		}
		seen = append(seen, step)
		tell(step, o.steps)
	}
	if err := draw(seen, o); err != nil {
		return err
	}
	return write(trainer, spec, o)
}

// tell prints one step in ten parts of the training, and whatever the watch for collapse says.
func tell(step train.Step, steps int) {
	if step.Note != "" {
		fmt.Printf("step %4d  %s\n", step.Number, step.Note)
	}
	if step.Number%max(1, steps/10) == 0 {
		fmt.Printf("step %4d  loss %.4f  active %3.0f %%  mean distance %.4f\n", step.Number, step.Loss, 100*step.Active, step.Mean)
	}
}

// load prepares batches of two alphabets, some characters of each, four drawings of each character.
func load(ctx context.Context, spec encoder.Spec, o options) (*dataset.Loader, error) {
	folder, err := dataset.OpenFolder(o.data)
	if err != nil {
		return nil, err
	}
	set, err := dataset.ReadBackground(ctx, folder, dataset.AlphabetOptions{})
	if err != nil {
		return nil, err
	}
	sampler, err := dataset.NewClassSampler(set, dataset.ClassOptions{Groups: 2, Classes: o.classes, Examples: 4, Seed: 1})
	if err != nil {
		return nil, err
	}
	about := func(by float64) dataset.Range { return dataset.Range{Low: -by, High: by} }
	return dataset.NewLoader(set, sampler, dataset.LoaderOptions{
		Preprocess: spec.Preprocess, Seed: 1, Steps: o.steps,
		Augment: dataset.Augment{Rotate: about(5), ShearX: about(0.1), ShearY: about(0.06), Chance: 0.75},
	})
}

// write saves the network, so that siam eval and siam compare can use it.
func write(trainer *train.Trainer[*dataset.Batch], spec encoder.Spec, o options) error {
	weights, err := trainer.Weights()
	if err != nil {
		return err
	}
	file, err := encoder.NewFile(spec, "squared_euclidean", weights)
	if err != nil {
		return err
	}
	file.Provenance = modelfile.Provenance{Recipe: "examples/triplet, " + o.mine, DataSet: o.data, Seed: 1, Steps: trainer.Done()}
	return file.Write(o.out)
}
