package judge

import (
	"errors"
	"fmt"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/modelfile"
)

const (
	// calibrationPairs is how many pairs choose a threshold, where there are so many; Koch et al. 2015 validate on as many.
	calibrationPairs = 10000
	// FewestIdentities is how many it takes to choose a threshold that holds on others. From fewer it holds on the average, but is
	// often off by half of the error rate and more.
	FewestIdentities = 20
	// byChance is the probability up to which chance could have told the images of a set apart as well as a model that is let pass.
	byChance = 0.002
)

// ErrChance says that a model tells what it was not trained on apart no better than chance.
var ErrChance = errors.New("the model tells apart no better than chance what it was not trained on")

// Rule is the one by which the threshold of a set is chosen: at most a false match rate fmr, or, where that is 0, as many false matches as
// false non-matches of identities, and the fewest errors of characters, of which there are many more.
func Rule(set *dataset.Set, fmr float64) eval.Rule {
	switch {
	case fmr > 0:
		return eval.FMRAtMost(fmr)
	case ofAlphabets(set):
		return eval.FewestErrors()
	}
	return eval.EqualErrors()
}

// CanClaim says why a false match rate cannot be claimed from a set: too few pairs of people, of which not even one error among
// three times as many would show. 0 can be claimed from any.
func CanClaim(set *dataset.Set, fmr float64) error {
	n := len(set.Classes)
	pairs := n * (n - 1) / 2
	if fmr == 0 || fmr*float64(pairs) >= 3 {
		return nil
	}
	want := n
	for fmr*float64(want*(want-1)/2) < 3 {
		want++
	}
	return fmt.Errorf("%d identities make %d pairs of two, which cannot show a false match rate of %g %%: it takes %d more, or a rate of %.2g %%",
		n, pairs, 100*fmr, want-n, 300/float64(max(pairs, 1)))
}

// Calibrate chooses a threshold by a set that the model was not trained on, with the embeddings of its items, and tells the error rates
// to expect on others. It fails with [ErrChance] where the model has learned nothing, and where the set is too small.
func Calibrate(set *dataset.Set, embeddings [][]float32, compare distance.Distance, fmr float64, seed uint64) (*modelfile.Calibration, error) {
	if err := checkEmbeddings(set.Items, embeddings, 0); err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	if err := CanClaim(set, fmr); err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	items := ItemsOf(set)
	p := items.Chance(func(i, j int) float32 { return compare.Of(embeddings[i], embeddings[j]) }, seed)
	if p > byChance {
		return nil, fmt.Errorf("%w: labels dealt at random to the %d images of %d classes of %s do as well %.0f times in 1000; train longer, lower the learning rate, or have more images",
			ErrChance, len(set.Items), len(set.Classes), set.Name, 1000*p)
	}
	pairs, err := items.DistinctPairs(calibrationPairs, seed)
	if err != nil {
		return nil, fmt.Errorf("choosing the threshold: %w", err)
	}
	rule := Rule(set, fmr)
	chosen, err := items.Scored(pairs, eval.PairDistances(pairs.Pairs, embeddings, compare.Of)).Calibrate(rule)
	if err != nil {
		return nil, err
	}
	return &modelfile.Calibration{
		Threshold: float32(chosen.Threshold), FMR: chosen.FMR.Value, FNMR: chosen.FNMR.Value, Pairs: chosen.SamePairs + chosen.DifferentPairs,
		DataSet: set.Name, FMRInterval: chosen.FMR.CI95, FNMRInterval: chosen.FNMR.CI95, Units: chosen.Units, Unit: chosen.Unit, Rule: rule.Name,
	}, nil
}

// Doubt says what to hold against a calibration: that few identities chose it. It is empty where there were enough, and where the file
// does not tell.
func Doubt(c *modelfile.Calibration) string {
	if c == nil || c.Unit != "identities" || c.Units >= FewestIdentities {
		return ""
	}
	return fmt.Sprintf("%d identities are few to choose a threshold by, and its error rates are uncertain: %d more would do, or siam calibrate with others",
		c.Units, FewestIdentities-c.Units)
}
