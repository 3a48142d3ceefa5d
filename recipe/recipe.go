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
	return []Recipe{Koch(), Triplet(), Faces(), FacesArcface(), FacesTriplet()}
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

// Settings are what a recipe can be told to do otherwise, by the names of their JSON fields.
type Settings struct {
	// The encoder: an architecture of package encoder, with the settings it has.
	Encoder string  `json:"encoder"`
	Size    int     `json:"size,omitempty"` // input, pixels a side; 0 is the architecture's own
	Dim     int     `json:"dim,omitempty"`  // of an embedding; 0 is the architecture's own
	Widths  []int   `json:"widths,omitempty"`
	Blocks  int     `json:"blocks,omitempty"`
	MaxPool bool    `json:"max_pool,omitempty"`
	Dropout float64 `json:"dropout,omitempty"`
	Flatten bool    `json:"flatten,omitempty"`
	// Ink above 0 centres and scales every drawing so that it fills this fraction of the frame.
	Ink float64 `json:"ink,omitempty"`

	// Height is that of the input where it is no square; Colour reads three channels; Mirror averages an image's embedding with
	// its mirror image's.
	Height int  `json:"height,omitempty"`
	Colour bool `json:"colour,omitempty"`
	Mirror bool `json:"mirror,omitempty"`

	// Objective is "pairs" (binary cross-entropy of Koch's pair head), or one of [metric.LossNames] with its numbers Loss, such as
	// margin, temperature or scale, where they are not the authors' own. Mining is one of [metric.MinerNames], empty for the one
	// that the loss's authors use; Memory is how many embeddings of past batches a batch is compared with besides.
	Objective string             `json:"objective"`
	Loss      map[string]float64 `json:"loss,omitempty"`
	Mining    string             `json:"mining,omitempty"`
	Memory    int                `json:"memory,omitempty"`

	// Pairs is how many pairs make a batch; Pool is how many different ones there are, 0 for ever new ones.
	Pairs int `json:"pairs,omitempty"`
	Pool  int `json:"pool,omitempty"`
	// Alphabets × Characters × Drawings make a batch of the other objectives.
	Alphabets  int `json:"alphabets,omitempty"`
	Characters int `json:"characters,omitempty"`
	Drawings   int `json:"drawings,omitempty"`

	// Identities says that the data set holds people or things, not alphabets. Then People × Photos, and Negatives single
	// photographs of others, make a batch. People with fewer than Least photographs are only among the negatives, and the chance
	// of the others grows with their number n as n^Tail.
	Identities bool    `json:"identities,omitempty"`
	People     int     `json:"people,omitempty"`
	Photos     int     `json:"photos,omitempty"`
	Negatives  int     `json:"negatives,omitempty"`
	Least      int     `json:"least,omitempty"`
	Tail       float64 `json:"tail,omitempty"`

	// Refresh above 0 looks through the whole data set after so many steps, again and again, for what the network takes for one
	// another. Then Hard is the part of the examples that are chosen by it: the least alike of a class, and Together classes that
	// look alike, or in pairs the most alike of two classes.
	Refresh  int     `json:"refresh,omitempty"`
	Hard     float64 `json:"hard,omitempty"`
	Together int     `json:"together,omitempty"`

	// Distort is "none", "koch" (his affine distortions), "moderate" (smaller ones, three in four applied), "light" (smaller
	// still) or "photo" (mirror, crop, light and colours).
	Distort string `json:"distort"`
	// Turns adds every alphabet turned by quarters and mirrored as new alphabets.
	Turns bool `json:"turns,omitempty"`
	// Invented adds this many generated alphabets.
	Invented int `json:"invented,omitempty"`
	// RealShare is the part of the batches' alphabets that are neither turned nor invented; 0 takes all classes alike.
	RealShare float64 `json:"real_share,omitempty"`

	Steps     int     `json:"steps"` // at most
	Optimizer string  `json:"optimizer"`
	Rate      float64 `json:"rate"`
	// ProxyRate is how many times as fast the proxies learn where the loss has one of every class, 0 for just as fast: a class is
	// in few of the batches, the encoder's weights in all.
	ProxyRate float64 `json:"proxy_rate,omitempty"`
	Decay     float64 `json:"decay,omitempty"`   // of weights, with adamw
	Average   float64 `json:"average,omitempty"` // of weights over steps
	// Whiten above 0 makes the finished encoder's embeddings vary alike in all directions within a class, shrunk by this much.
	Whiten float64 `json:"whiten,omitempty"`

	// Validation is how many alphabets, or identities, are kept out of training: to choose the threshold, and with Patience the
	// best weights. Of the identities it is a fifth at most.
	Validation int `json:"validation"`
	// Drawers above 0 leaves the drawings of so many people to learn from, and validates on four other people's.
	Drawers  int `json:"drawers,omitempty"`
	Every    int `json:"every"`              // steps between validations
	Patience int `json:"patience,omitempty"` // validations without a better one before training stops; 0 never stops
	Trials   int `json:"trials"`             // one-shot trials of a validation, or pairs where there are identities
}

// Job is one run of a recipe.
type Job struct {
	Backend    siam.Backend
	Background *dataset.Set // alphabets to learn from; those for validation are taken out of it
	Seed       uint64
	// Checkpoint is the file from which an interrupted training goes on; empty writes none.
	Checkpoint string
	// Resume goes on from Checkpoint. Without it a checkpoint that is there is an error, so that none is lost.
	Resume bool
	// For above 0 is how long to train at most: the step under way then is the last one, and the model is made as after all steps.
	// The checkpoint still goes on to the rest.
	For time.Duration
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
	Note       string // what the watch for collapse found, in plain words
	// Model is the result, set once, at the end; beside an error it is the last good one.
	Model *modelfile.File
}
