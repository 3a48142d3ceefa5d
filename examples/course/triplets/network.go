package triplets

import (
	"context"
	"fmt"
	"math"
	"reflect"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/examples/course/finding"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/train"
)

func checkGraphLoss(p Parts) finding.Finding {
	return finding.Of("GraphLoss", p.GraphLoss != nil, func() error {
		var ap, an []float32
		var want float32
		var slopes []float32 // of the loss by ap: 1 where it is above 0
		for _, t := range examples() {
			if t.loss == 0 && t.an-t.ap == margin {
				continue // at the corner the slope may be 0 or 1
			}
			ap, an, want = append(ap, float32(t.ap)), append(an, float32(t.an)), want+float32(t.loss)
			slopes = append(slopes, float32(math.Ceil(min(t.loss, 1))))
		}
		loss, gradient, err := run(p, ap, an)
		switch {
		case err != nil:
			return err
		case loss != want:
			return fmt.Errorf("GraphLoss(ap=%v, an=%v, m=%v) = %v, want %v, the sum", ap, an, margin, loss, want)
		case !reflect.DeepEqual(gradient, slopes):
			return fmt.Errorf("its gradient by ap is %v, want %v: 1 where the margin is violated", gradient, slopes)
		}
		return nil
	})
}

// run evaluates the loss and its gradient by ap.
func run(p Parts, ap, an []float32) (loss float32, gradient []float32, err error) {
	backend, err := siam.NewBackend("cpu", 1)
	if err != nil {
		return 0, nil, err
	}
	defer backend.Finalize()
	outputs, err := CallOnceN(backend, func(ap, an *Node) []*Node {
		loss := p.GraphLoss(ap, an, margin)
		if loss.Rank() != 0 {
			panic(fmt.Errorf("GraphLoss has shape %s, want a scalar: the sum over the triplets", loss.Shape()))
		}
		return []*Node{loss, Gradient(loss, ap)[0]}
	}, ap, an)
	if err != nil {
		return 0, nil, err
	}
	return tensors.ToScalar[float32](outputs[0]), tensors.MustCopyFlatData[float32](outputs[1]), nil
}

func checkSpec(p Parts) finding.Finding {
	return finding.Of("Spec", p.Spec != nil, func() error {
		spec, class := p.Spec(), encoder.Koch35()
		switch {
		case spec.Arch != class.Arch:
			return fmt.Errorf("architecture %q, want that of the network given in class, %q", spec.Arch, class.Arch)
		case spec.PairHead:
			return fmt.Errorf("it has the pair head still: triplets compare by a distance")
		case !spec.Normalize:
			return fmt.Errorf("its embeddings are not scaled to length 1: the encoder could meet any margin by making them longer")
		}
		return spec.Check()
	})
}

// checkTask trains for a moment, and asks how many triplets of characters that training never saw keep the margin then and before.
func checkTask(ctx context.Context, p Parts) finding.Finding {
	return finding.Of("Task", p.Task != nil && p.Spec != nil, func() error {
		const steps, gain = 60, 0.3
		before, err := keeping(ctx, p, 0)
		if err != nil {
			return err
		}
		after, err := keeping(ctx, p, steps)
		if err != nil {
			return err
		}
		if after < before+gain {
			return fmt.Errorf("after %d steps %.0f %% of new triplets keep the margin, before %.0f %%: it does not learn", steps, 100*after, 100*before)
		}
		return nil
	})
}

// taskMargin is what the task is trained with.
const taskMargin = 0.2

// keeping is the part of the triplets of new characters that keep the margin after so many steps.
func keeping(ctx context.Context, p Parts, steps int) (float64, error) {
	backend, err := siam.NewBackend("cpu", 0)
	if err != nil {
		return 0, err
	}
	defer backend.Finalize()
	spec := p.Spec()
	trainer, err := train.New(backend, p.Task(spec, taskMargin), train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 1e-3}, StepsPerEpoch: 100, Seed: 1,
	})
	if err != nil {
		return 0, err
	}
	if err := learn(ctx, trainer, spec, steps); err != nil {
		return 0, err
	}
	weights, err := trainer.Weights()
	if err != nil {
		return 0, err
	}
	file, err := encoder.NewFile(spec, distance.SquaredEuclidean().Name, weights)
	if err != nil {
		return 0, err
	}
	model, err := siam.New(file, siam.WithBackend(backend))
	if err != nil {
		return 0, err
	}
	defer model.Close()
	return kept(ctx, model)
}

// learn takes steps on invented alphabets.
func learn(ctx context.Context, trainer *train.Trainer[*dataset.Batch], spec encoder.Spec, steps int) error {
	if steps == 0 {
		return nil
	}
	set, err := dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 10, Characters: 10, Drawers: 8, Seed: 1})
	if err != nil {
		return err
	}
	sampler, err := dataset.NewClassSampler(set, dataset.ClassOptions{Groups: 1, Classes: 10, Examples: 4, Seed: 1})
	if err != nil {
		return err
	}
	loader, err := dataset.NewLoader(set, sampler, dataset.LoaderOptions{Preprocess: spec.Preprocess, Seed: 1, Steps: steps})
	if err != nil {
		return err
	}
	for _, err := range trainer.Steps(ctx, loader.Batches(ctx)) {
		if err != nil {
			return err
		}
	}
	return nil
}

// kept asks about the triplets within alphabets that no training here sees.
func kept(ctx context.Context, model *siam.Model) (float64, error) {
	set, err := dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 5, Characters: 10, Drawers: 4, Seed: 2})
	if err != nil {
		return 0, err
	}
	embeddings, err := judge.Embed(ctx, model, set)
	if err != nil {
		return 0, err
	}
	items := judge.ItemsOf(set)
	all, keep := 0, 0
	for a := range embeddings {
		for p := range embeddings {
			for n := range embeddings {
				if a == p || items.Labels[a] != items.Labels[p] || items.Labels[a] == items.Labels[n] || items.Groups[a] != items.Groups[n] {
					continue
				}
				all++
				if model.Distance(embeddings[a], embeddings[p])-model.Distance(embeddings[a], embeddings[n])+taskMargin <= 0 {
					keep++
				}
			}
		}
	}
	return float64(keep) / float64(all), nil
}
