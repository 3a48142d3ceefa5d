package main

import (
	"encoding/json"
	"io"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/recipe"
)

// maskedSplit is which images with masks a training learned from and which it kept out, by class.
type maskedSplit struct {
	Data    string              `json:"data"`
	Every   int                 `json:"every"` // every image of a class whose number leaves fold when divided by it is kept out; 0 keeps none out
	Fold    int                 `json:"fold"`
	Learned map[string][]string `json:"learned"`
	KeptOut map[string][]string `json:"kept_out"`
}

// writeSplit writes the split of a training on masks beside its model; other trainings have theirs in the model.
func writeSplit(r recipe.Recipe, set *dataset.Set, model string) error {
	shared, ok := r.Settings.Data.(recipe.Shared)
	if !ok {
		return nil
	}
	split := maskedSplit{Data: set.Name, Every: shared.Out, Fold: shared.Fold, Learned: sourcesByClass(set), KeptOut: map[string][]string{}}
	if shared.Out > 0 {
		learned, out := dataset.SplitEvery(set, shared.Out, shared.Fold)
		split.Learned, split.KeptOut = sourcesByClass(learned), sourcesByClass(out)
	}
	return atomicfile.Write(model+".split.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(split)
	})
}

func sourcesByClass(set *dataset.Set) map[string][]string {
	sources := map[string][]string{}
	for _, it := range set.Items {
		name := set.Classes[it.Label].Name
		sources[name] = append(sources[name], it.Source)
	}
	return sources
}
