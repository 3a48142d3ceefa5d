package recipe

import (
	"fmt"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
)

// faces are the settings that the recipes for faces share: a residual network on 64×64 pixels in colour.
func faces() Settings {
	return Settings{
		Encoder: "resnet", Size: 64, Dim: 128, Widths: []int{32, 64, 128, 256}, MaxPool: true, Colour: true, Mirror: true,
		Identities: true, Distort: "photo",
		Steps: 5000, Optimizer: "adamw", Rate: 2e-3, Decay: 0.05, Average: 0.998,
		Validation: 100, Every: 250, Trials: 5000,
	}
}

// Faces is the best recipe found for faces.
func Faces() Recipe {
	s := faces()
	s.Objective, s.Loss = "supcon", map[string]float64{"temperature": 0.1}
	s.People, s.Photos, s.Tail = 32, 4, 0.5
	return Recipe{Name: "faces", Summary: "the best found for faces", Settings: s}
}

// FacesArcface trains with the loss of Deng et al. 2019.
func FacesArcface() Recipe {
	s := faces()
	s.Objective, s.Loss = "arcface", map[string]float64{"scale": 24, "margin": 0.3}
	s.People, s.Photos, s.Least, s.Tail = 128, 1, 1, 0.7
	return Recipe{Name: "faces-arcface", Summary: "faces by classification with an angular margin (Deng et al. 2019)", Settings: s}
}

// FacesTriplet trains as FaceNet does (Schroff et al. 2015): squared distances on the unit sphere, margin 0.2, all pairs of
// one person with the semi-hard negatives of the batch, and single images of others as more negatives. The paper's batch has
// about 1,800 images with 40 of each person; most people here have fewer.
func FacesTriplet() Recipe {
	s := faces()
	s.Objective = "triplet"
	s.People, s.Photos, s.Negatives = 40, 4, 32
	return Recipe{Name: "faces-triplet", Summary: "FaceNet's loss, batch and choice of triplets, at the size of small data sets", Settings: s}
}

// photographs is how photographs are prepared: in colour or not, values about 0 with a deviation of about 1.
func photographs(p imgproc.Preprocess, colour bool) imgproc.Preprocess {
	p.Invert = false
	if !colour {
		p.Mean, p.Std = []float32{0.5}, []float32{0.25}
		return p
	}
	p.Channels = 3
	p.Mean, p.Std = []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}
	return p
}

// photoDistortions are what the light, the camera and an inaccurate crop do to photographs.
func photoDistortions() dataset.Augment {
	return dataset.Augment{
		Rotate: dataset.Range{Low: -10, High: 10},
		ScaleX: dataset.Range{Low: 0.9, High: 1.2}, ScaleY: dataset.Range{Low: 0.9, High: 1.2},
		MoveX: dataset.Range{Low: -0.06, High: 0.06}, MoveY: dataset.Range{Low: -0.06, High: 0.06},
		Mirror: 0.5,
		Light: dataset.Light{
			Bright: dataset.Range{Low: -0.15, High: 0.15}, Contrast: dataset.Range{Low: 0.7, High: 1.3},
			Colour: dataset.Range{Low: 0.2, High: 1.4}, Hide: dataset.Range{Low: -0.4, High: 0.4},
		},
	}
}

// batches are the batches of a set of identities: as many people as there are, when they are fewer than wanted.
func (s Settings) batches(set *dataset.Set, hard dataset.Hard, seed uint64) dataset.ClassOptions {
	least := max(s.Least, 1)
	if s.Least == 0 {
		least = 2
	}
	usable := 0
	for _, items := range set.ByClass() {
		if len(items) >= least {
			usable++
		}
	}
	people := min(s.People, max(usable, 2))
	return dataset.ClassOptions{
		Classes: people, Examples: s.Photos, Negatives: min(s.Negatives, max(len(set.Classes)-people, 0)),
		Least: least, Tail: s.Tail, Hard: hard, Seed: seed,
	}
}

// mostValidated is how many images an identity may have to validate where most have fewer: those with more teach more.
const mostValidated = 8

// splitIdentities leaves some identities out of training, and out of training too whatever shows the same picture as one of theirs.
// Few data sets have so many identities that Validation of them can be spared; of those with two images or more, it takes a fifth
// at most.
func (s Settings) splitIdentities(set *dataset.Set, seed uint64) (learned, validated *dataset.Set, err error) {
	candidates := withFewImages(set)
	if len(candidates) < 2 || len(set.Classes) < 4 {
		return nil, nil, fmt.Errorf("data set %s has %d identities, %d of them with two images or more: want at least 4 and 2, as a pair of the same needs two images",
			set.Name, len(set.Classes), len(candidates))
	}
	kept, err := dataset.Pick(candidates, min(s.Validation, max(len(candidates)/5, 2)), seed)
	if err != nil {
		return nil, nil, err
	}
	if learned, validated, err = dataset.SplitByIdentity(set, kept...); err != nil {
		return nil, nil, err
	}
	var leaked []int
	for _, d := range dataset.NearDuplicates(learned, validated) {
		leaked = append(leaked, d.A)
	}
	return learned.Without(leaked...), validated, nil
}

// withFewImages names the identities of two images or more, but those that have more than mostValidated and than most.
func withFewImages(set *dataset.Set) []string {
	byClass := set.ByClass()
	var counts []int
	for _, items := range byClass {
		if len(items) >= 2 {
			counts = append(counts, len(items))
		}
	}
	if len(counts) == 0 {
		return nil
	}
	slices.Sort(counts)
	limit := max(mostValidated, counts[len(counts)/2])
	var names []string
	for label, items := range byClass {
		if len(items) >= 2 && len(items) <= limit {
			names = append(names, set.Classes[label].Name)
		}
	}
	return names
}

// judgePairs asks whether pairs of a set, half of them same, are told apart at the threshold that suits them best.
func judgePairs(set *dataset.Set, n int, seed uint64) (func([][]float32, distance) (float64, error), error) {
	pairs, err := judge.ItemsOf(set).BalancedPairs(n, seed)
	return func(embeddings [][]float32, compare distance) (float64, error) {
		roc, err := eval.NewROC(eval.PairDistances(pairs, embeddings, compare), eval.Same(pairs))
		if err != nil {
			return 0, err
		}
		_, accuracy := roc.Best()
		return accuracy.Value, nil
	}, err
}
