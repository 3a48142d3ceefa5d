package judge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/stats"
)

// calibrationPartners is how many images of its own class, and of others, each image is compared with.
const calibrationPartners = 4

// calibrationImages is how many images are compared at most.
const calibrationImages = 400

// falsePresence is the part of pairs that share nothing in which an object may be said to be there.
const falsePresence = 0.05

// ErrNoCouples says that a set has no two images of a class, or none of two classes.
var ErrNoCouples = errors.New("presence is chosen by pairs that share a class and pairs that do not: want two classes or more, and two images of one")

// CalibrateCoseg chooses from which sureness on two images count as sharing an object, and gives it to the model's file: where the mean of
// both error rates is least, of pairs that share a class and of pairs that do not, or where the part [falsePresence] of the latter passes,
// whichever is lower. The two kinds often lie far apart in a set of classes that the model has learned, and two of a class that it has not
// are less sure, while two that share nothing are so little sure whatever they show. With an fmr above 0 that part of the pairs that share nothing passes. It fails with [ErrNoCouples], and when
// ctx ends, and leaves the file as it is.
func CalibrateCoseg(ctx context.Context, model *coseg.Model, file *modelfile.File, set *dataset.Set, fmr float64, seed uint64) error {
	same, different, err := surenesses(ctx, model, set, seed)
	if err != nil {
		return err
	}
	if len(same) == 0 || len(different) == 0 {
		return fmt.Errorf("data set %s: %w", set.Name, ErrNoCouples)
	}
	slices.Sort(same)
	slices.Sort(different)
	best, rule := surenessWanted(same, different), "the fewest mistakes, pairs that share a class and others counting the same, or 5 % of the others, where that finds more"
	if fmr > 0 {
		best, rule = stats.Quantile(different, 1-fmr), fmt.Sprintf("a false match rate of %v", fmr)
	}
	missed, found := stats.Rate(below(same, best), len(same)), stats.Rate(len(different)-below(different, best), len(different))
	coseg.SetCalibration(file, best, modelfile.Calibration{
		FMR: found.Value, FMRInterval: found.CI95, FNMR: missed.Value, FNMRInterval: missed.CI95, Pairs: len(same) + len(different), DataSet: set.Name,
		Units: len(set.Items), Unit: "images", Rule: rule,
	})
	return nil
}

// surenessWanted is the threshold for the surenesses, in order, of pairs that share a class and of pairs that do not.
func surenessWanted(same, different []float64) float64 {
	best, least := same[0], 2.0
	for _, x := range append(slices.Clone(same), different[len(different)-1]+1e-3) {
		errors := float64(below(same, x))/float64(len(same)) + 1 - float64(below(different, x))/float64(len(different))
		if errors < least {
			best, least = x, errors
		}
	}
	return min(best, stats.Quantile(different, 1-falsePresence))
}

// below is how many of the sorted numbers are less than x.
func below(sorted []float64, x float64) int {
	at, _ := slices.BinarySearch(sorted, x)
	return at
}

// surenesses are those of pairs that share a class, and of pairs that share none.
func surenesses(ctx context.Context, model *coseg.Model, set *dataset.Set, seed uint64) (same, different []float64, err error) {
	encodings, pictures := newEncodings(model, set), dataset.NewPictures(set)
	for _, i := range spread(len(set.Items), calibrationImages) {
		left := [2]int{calibrationPartners, calibrationPartners}
		for _, j := range rand.New(rand.NewPCG(seed, uint64(i))).Perm(len(set.Items)) {
			kind, into := 0, &same
			if len(pictures.Shared(int32(i), int32(j))) == 0 {
				kind, into = 1, &different
			}
			if i == j || left[kind] == 0 {
				continue
			}
			left[kind]--
			x, err := encodings.sureness(ctx, int32(i), int32(j))
			if err != nil {
				return nil, nil, err
			}
			*into = append(*into, x)
		}
	}
	return same, different, nil
}

// sureness is that of two items.
func (e encodings) sureness(ctx context.Context, i, j int32) (float64, error) {
	a, err := e.of(ctx, i)
	if err != nil {
		return 0, err
	}
	b, err := e.of(ctx, j)
	if err != nil {
		return 0, err
	}
	return e.model.Sureness(ctx, a, b)
}
