package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/recipe"
)

// outcome is what one training claimed and what was measured.
type outcome struct {
	Key      string  `json:"key"`
	Refused  bool    `json:"refused"` // the training said that nothing was learned
	Claimed  float64 `json:"claimed"` // FMR
	Measured float64 `json:"measured"`
	P        float64 `json:"p"`    // of no difference between the two
	FNMR     float64 `json:"fnmr"` // of the new people, at the model's threshold
	Best     float64 `json:"best"` // at the threshold at which their FMR is the claimed one
	Seconds  float64 `json:"seconds"`
}

func (o outcome) String() string {
	if o.Refused {
		return "nothing was learned"
	}
	return fmt.Sprintf("FMR claimed %.4f, measured %.4f, p %.3f; FNMR %.4f, at best %.4f; %.0f s", o.Claimed, o.Measured, o.P, o.FNMR, o.Best, o.Seconds)
}

// holds says whether no difference was found.
func (o outcome) holds() bool { return !o.Refused && o.P > 0.05 }

// near says whether the threshold is not far from the best for its rate.
func (o outcome) near() bool { return o.FNMR <= max(1.5*o.Best, o.Best+0.03) }

const (
	newPeople = 100 // at most
	dealings  = 199
	mostPairs = 3000 // of one group of people
)

// split trains on some people, and judges on others.
func (b *run) split(ctx context.Context, set *dataset.Set, c cell, seed uint64) (outcome, error) {
	var names []string
	for label, items := range set.ByClass() {
		if len(items) >= 2 {
			names = append(names, set.Classes[label].Name)
		}
	}
	rng := rand.New(rand.NewPCG(seed, uint64(c.People)))
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	_, known, err := dataset.SplitByIdentity(set, names[:c.People]...)
	if err != nil {
		return outcome{}, err
	}
	_, others, err := dataset.SplitByIdentity(set, names[c.People:min(len(names), c.People+newPeople)]...)
	if err != nil {
		return outcome{}, err
	}
	model, err := b.train(ctx, known, c.Steps, seed)
	if errors.Is(err, judge.ErrChance) {
		return outcome{Refused: true}, nil
	} else if err != nil {
		return outcome{}, err
	}
	_, held, err := recipe.Identities{}.Split(known, recipe.Faces().Settings.Validation, seed)
	if err != nil {
		return outcome{}, err
	}
	return b.compare(ctx, model, held, others, rng)
}

func (b *run) train(ctx context.Context, set *dataset.Set, steps int, seed uint64) (*modelfile.File, error) {
	r := recipe.Faces()
	for key, value := range map[string]string{"size": "32", "widths": "[16,32,64]", "steps": fmt.Sprint(steps)} {
		if err := r.Settings.Set(key, value); err != nil {
			return nil, err
		}
	}
	var model *modelfile.File
	for step, err := range r.Train(ctx, recipe.Job{Backend: b.backend, Background: set, Seed: seed}) {
		if err != nil {
			return nil, err
		}
		model = step.Model
	}
	return model, nil
}

// compare asks whether the held out people and the new ones are alike as far as the threshold goes: in 199 dealings of all of them into
// two groups of these sizes, each time the threshold is chosen by the first group, and its claim held against the second. Where both are
// people of one kind the true division is one of 200 that are as likely, whatever ties the pairs of one person.
func (b *run) compare(ctx context.Context, file *modelfile.File, held, others *dataset.Set, rng *rand.Rand) (outcome, error) {
	model, err := siam.New(file, siam.WithBackend(b.backend))
	if err != nil {
		return outcome{}, err
	}
	defer model.Close()
	all, err := dataset.Join("all", held, others)
	if err != nil {
		return outcome{}, err
	}
	embeddings, err := judge.Embed(ctx, model, all)
	if err != nil {
		return outcome{}, err
	}
	people := make([]int, len(all.Classes))
	for i := range people {
		people[i] = i
	}
	first := len(held.Classes)
	o, err := measure(all, embeddings, model, people[:first], people[first:])
	if err != nil {
		return o, err
	}
	o.Claimed = file.Calibration.FMR
	o.P = 1.0
	for range dealings {
		rng.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
		dealt, err := measure(all, embeddings, model, people[:first], people[first:])
		if err != nil || math.Abs(dealt.Measured-dealt.Claimed) >= math.Abs(o.Measured-o.Claimed)-1e-12 {
			o.P++
		}
	}
	o.P /= dealings + 1
	return o, nil
}

// measure chooses a threshold by some people and measures it on others.
func measure(all *dataset.Set, embeddings [][]float32, model *siam.Model, first, second []int) (outcome, error) {
	a, err := scoredOf(all, embeddings, model, first)
	if err != nil {
		return outcome{}, err
	}
	c, err := a.Calibrate(eval.EqualErrors())
	if err != nil {
		return outcome{}, err
	}
	bb, err := scoredOf(all, embeddings, model, second)
	if err != nil {
		return outcome{}, err
	}
	roc, err := bb.ROC()
	if err != nil {
		return outcome{}, err
	}
	at := roc.At(c.Threshold)
	return outcome{Claimed: c.FMR.Value, Measured: at.FMR, FNMR: at.FNMR, Best: roc.AtFMR(c.FMR.Value).FNMR}, nil
}

// scoredOf are the pairs of some people.
func scoredOf(all *dataset.Set, embeddings [][]float32, model *siam.Model, people []int) (eval.Scored, error) {
	items := eval.Items{}
	var rows []int
	byClass := all.ByClass()
	for _, label := range slices.Sorted(slices.Values(people)) {
		for _, row := range byClass[label] {
			rows = append(rows, int(row))
			items.Labels, items.Groups, items.Drawers = append(items.Labels, label), append(items.Groups, 0), append(items.Drawers, 0)
		}
	}
	pairs, err := items.DistinctPairs(mostPairs, 1)
	if err != nil {
		return eval.Scored{}, err
	}
	distances := make([]float32, len(pairs.Pairs))
	for i, p := range pairs.Pairs {
		distances[i] = model.Distance(embeddings[rows[p.A]], embeddings[rows[p.B]])
	}
	return items.Scored(pairs, distances), nil
}
