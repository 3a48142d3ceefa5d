package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

// encoderSpec is the encoder that the settings ask for.
func (s Settings) encoderSpec() (encoder.Spec, error) {
	specs := map[string]func() encoder.Spec{
		"koch": encoder.Koch, "koch35": encoder.Koch35, "resnet": encoder.Resnet,
		"conv4": func() encoder.Spec { return encoder.Conv4(28) },
	}
	newSpec, known := specs[s.Encoder]
	if !known {
		return encoder.Spec{}, fmt.Errorf("setting encoder=%s: want one of %v", s.Encoder, slices.Sorted(maps.Keys(specs)))
	}
	spec := newSpec()
	if s.Encoder == "conv4" && s.Size > 0 {
		spec = encoder.Conv4(s.Size)
	}
	if s.Size > 0 {
		spec.Preprocess.Height, spec.Preprocess.Width = s.Size, s.Size
	}
	if s.Dim > 0 {
		spec.Dim = s.Dim
	}
	if len(s.Widths) > 0 {
		spec.Widths = s.Widths
	}
	if s.Blocks > 0 {
		spec.Blocks = s.Blocks
	}
	if s.Height > 0 {
		spec.Preprocess.Height = s.Height
	}
	if s.Identities {
		spec.Preprocess = photographs(spec.Preprocess, s.Colour)
	}
	spec.Dropout, spec.MaxPool, spec.Flatten, spec.Mirror = s.Dropout, s.MaxPool, s.Flatten, s.Mirror
	spec.Preprocess.Ink = s.Ink
	spec.PairHead = s.Objective == "pairs"
	spec.Normalize = !spec.PairHead
	return spec, spec.Check()
}

// objective is the loss that the settings ask for; classes is how many there are to learn from.
func (s Settings) objective(classes int) (train.Objective, error) {
	if s.Objective == "pairs" {
		return train.Pairs{}, nil
	}
	if !slices.Contains(metric.LossNames(), s.Objective) {
		return nil, fmt.Errorf("setting objective=%s: want pairs or a loss: %s", s.Objective, strings.Join(metric.LossNames(), ", "))
	}
	choice := s.choice(classes)
	objective, err := choice.Objective()
	if err != nil {
		return nil, fmt.Errorf("setting objective=%s: %w", s.Objective, err)
	}
	return train.Labels{Objective: objective, Easier: choice.Easier()}, nil
}

// choice names the parts of the objective.
func (s Settings) choice(classes int) metric.Choice {
	return metric.Choice{Loss: s.Objective, Miner: s.Mining, Parameters: s.Loss, Memory: s.Memory, Classes: classes}
}

// distance is how the finished model compares embeddings; empty when its pair head does.
func (s Settings) distance() string {
	objective, err := s.objective(1)
	if labels, embeds := objective.(train.Labels); embeds && err == nil {
		return labels.Distance.Name
	}
	return ""
}

// augment is the distortion that the settings ask for.
func (s Settings) augment() (dataset.Augment, error) {
	switch s.Distort {
	case "none":
		return dataset.Augment{}, nil
	case "koch":
		return dataset.KochDistortions(), nil
	case "moderate":
		return distortions(10, 0.18, 0.18, 0.15), nil
	case "light":
		return distortions(5, 0.1, 0.06, 0.1), nil
	case "photo":
		return photoDistortions(), nil
	}
	return dataset.Augment{}, fmt.Errorf("setting distort=%s: want none, koch, moderate, light or photo", s.Distort)
}

// distortions are affine ones, three in four applied: rotation in degrees, shears, and the change of scale, up to these amounts.
func distortions(degrees, shearX, shearY, scale float64) dataset.Augment {
	about := func(v float64) dataset.Range { return dataset.Range{Low: -v, High: v} }
	sizes := dataset.Range{Low: 1 - scale, High: 1 + scale}
	return dataset.Augment{
		Rotate: about(degrees), ShearX: about(shearX), ShearY: about(shearY), ScaleX: sizes, ScaleY: sizes,
		MoveX: about(0.035), MoveY: about(0.035), Chance: 0.75,
	}
}

// sampler picks the examples of each step from a set whose first classes are the real ones, before the turned and invented. It
// chooses hard ones by index, when that is not nil.
func (s Settings) sampler(set *dataset.Set, real int, index *dataset.Lookalikes, seed uint64) (dataset.Sampler, error) {
	hard := dataset.Hard{Index: index, Share: s.Hard, Together: s.Together}
	if s.Objective == "pairs" {
		return dataset.NewPairs(set, dataset.PairOptions{Pairs: s.Pairs, Pool: s.Pool, Hard: hard, Seed: seed})
	}
	if s.Identities {
		return dataset.NewClasses(set, s.batches(set, hard, seed))
	}
	options := dataset.ClassOptions{Groups: s.Alphabets, Classes: s.Characters, Examples: s.Drawings, Hard: hard, Seed: seed}
	if s.RealShare > 0 && real < len(set.Classes) {
		options.Core, options.CoreShare = real, s.RealShare
	}
	return dataset.NewClasses(set, options)
}

// optimizer is the one that the settings name.
func (s Settings) optimizer() (train.Optimizer, error) {
	switch s.Optimizer {
	case "sgd":
		return train.SGD{}, nil
	case "adam":
		return train.NewAdam(), nil
	case "adamw":
		return train.NewAdamW(s.Decay), nil
	}
	return nil, fmt.Errorf("setting optimizer=%s: want sgd, adam or adamw", s.Optimizer)
}

// turns are the eight ways to lay a character down.
func turns() []imgproc.Turn {
	var all []imgproc.Turn
	for _, turn := range []imgproc.Turn{imgproc.Upright, imgproc.TurnRight, imgproc.TurnHalf, imgproc.TurnLeft} {
		all = append(all, turn, imgproc.Mirror|turn)
	}
	return all
}
