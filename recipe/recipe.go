// Package recipe holds named trainings: a data set, an encoder, an objective and a schedule that belong together, with the
// numbers they reach.
package recipe

import (
	"fmt"
	"strings"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/modelfile"
)

// Recipe is a named training with its settings.
type Recipe struct {
	Name     string
	Summary  string
	Settings Settings
}

// All lists the recipes.
func All() []Recipe {
	return []Recipe{Koch(), Koch35(), KochPaper(), Triplet(), Faces(), FacesArcface(), FacesTriplet(), Things(), CosegSmall(), CosegMobilenet(), CosegDocs(), ReIDSiamese(), ReIDCrops()}
}

// ByName finds the recipe that a command names.
func ByName(name string) (Recipe, error) {
	var names []string
	for _, r := range All() {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Recipe{}, fmt.Errorf("unknown recipe %q: want one of %s", name, strings.Join(names, ", "))
}

// Job is one run of a recipe.
type Job struct {
	Backend    siam.Backend
	Background *dataset.Set // what to learn from; what validates is taken out of it
	Seed       uint64
	// Checkpoint is the file from which an interrupted training goes on; empty writes none.
	Checkpoint string
	// Resume goes on from Checkpoint. Without it a checkpoint that is there is an error, so that none is lost.
	Resume bool
	// For above 0 is how long to train at most: the step under way then is the last one, and the model is made as after all steps.
	// The checkpoint still goes on to the rest.
	For time.Duration
	// FMR is the false match rate that the threshold is to have, above 0 and less than 1; 0 leaves it to the kind of data, see
	// [judge.Rule].
	FMR float64
	// Init is a model to start from, nil for fresh weights.
	Init *modelfile.File
	// Compatible is an older model whose stored embeddings are to be compared with the new ones; nil for none. The new ones get
	// its length and its distance.
	Compatible *modelfile.File
	// Commit of the program, for the model's provenance.
	Commit string
}

// Progress is what happened in one step of a training.
type Progress struct {
	Step, Steps int
	Epoch       int
	Loss        float64
	Rate        float64
	Active      float64 // fraction of tuples that still teach something
	Mean        float64 // distance in the batch
	Spread      float64 // standard deviation of the distance in the batch
	// Validation is the accuracy of one-shot trials on validation alphabets, or of pairs of validation identities, nil in most
	// steps.
	Validation *float64
	Examples   []Example // what the network answers now, beside Validation, where it learns which images show the same
	Masks      []Masked  // what it masks now, beside Validation, where it learns masks
	Note       string    // what the watch for collapse found, in plain words
	// Model is the result, set once, at the end; beside an error it is the last good one.
	Model *modelfile.File
}
