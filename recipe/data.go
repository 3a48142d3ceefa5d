package recipe

import (
	"context"
	"errors"

	"github.com/siam-go/siam/dataset"
)

// Data is a kind of data that recipes learn from, with the settings that only it has: [Characters] or [Identities].
type Data interface {
	Source
	// check reports the first setting that no training can have.
	check(s Settings) error
}

// Source is where a kind of data comes from.
type Source interface {
	// Words are how to speak of it.
	Words() Words
	// Read reads what to learn from, less what is to be left out.
	Read(ctx context.Context, folder dataset.Folder, leave Leave) (Background, error)
}

// Words are how to speak of a kind of data.
type Words struct {
	Parts   string // what is kept out of training whole: alphabets, or identities
	Asked   string // what a validation measures
	Measure Measure
}

// Measure is what a number in [0, 1] that a validation gives is.
type Measure string

const (
	Accuracy Measure = "accuracy" // the part of its questions that are answered rightly
	Jaccard  Measure = "jaccard"  // the mean Jaccard index of masks
)

// title names the measure.
func (m Measure) title() string {
	if m == Jaccard {
		return "Jaccard index"
	}
	return "Accuracy"
}

// Leave says what to leave out of training.
type Leave struct {
	Exclude    []string // names of alphabets, classes or identities; of identities, patterns too
	TestFolds  []string // folds of LFW's or LFWcrop's lists, whose people are left out
	Incomplete bool     // takes what there is of a partly downloaded data set
}

// LeaveError says which of the names in a [Leave] cannot be left out.
type LeaveError struct {
	What string // "exclude" or "test-folds"
	Err  error
}

// Error names the flag that is wrong, and then what is.
func (e *LeaveError) Error() string { return e.What + ": " + e.Err.Error() }

// Unwrap is what is wrong with the names.
func (e *LeaveError) Unwrap() error { return e.Err }

// ErrNoFolds says that only people have folds to leave out.
var ErrNoFolds = errors.New("only data sets of people have folds")

// Background is what to learn from.
type Background struct {
	Set     *dataset.Set
	Summary string   // how much there is, such as "120 images of 30 classes in 6 alphabets"
	Notes   []string // what was left out besides, and why
	// What the folder held besides, and files that could not be read; see [dataset.Set]. Read counts these and the images.
	Skipped []dataset.Skipped
	Failed  []*dataset.FileError
	Read    int
}

// hold takes a set as it was read.
func (b *Background) hold(set *dataset.Set) {
	b.Set, b.Skipped, b.Failed, b.Read = set, set.Skipped, set.Failed, len(set.Items)+len(set.Failed)
}
