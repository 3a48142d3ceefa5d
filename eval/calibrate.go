package eval

import (
	"fmt"
	"sort"

	"github.com/siam-go/siam/stats"
)

// Calibration is a threshold, and the error rates to expect of it on people, or alphabets, that had no part in choosing it.
type Calibration struct {
	Threshold float64        `json:"threshold"`
	FMR       stats.Estimate `json:"fmr"`
	FNMR      stats.Estimate `json:"fnmr"`
	Evidence
}

// Rule chooses a threshold.
type Rule struct {
	Name   string // in words
	choose func(*ROC) float64
}

// FewestErrors takes the threshold at which most pairs are judged right, half of them same.
func FewestErrors() Rule {
	return Rule{"fewest errors", func(r *ROC) float64 { threshold, _ := r.Best(); return threshold }}
}

// EqualErrors takes the threshold at which FMR and FNMR are the same. Of few people it is found more surely than [FewestErrors].
func EqualErrors() Rule {
	return Rule{"as many false matches as false non-matches", func(r *ROC) float64 {
		i := sort.Search(len(r.Points), func(i int) bool { return r.Points[i].FMR >= r.Points[i].FNMR })
		if a, b := r.Points[i-1], r.Points[i]; a.FNMR-a.FMR < b.FMR-b.FNMR {
			i--
		}
		return r.midway(i)
	}}
}

// FMRAtMost takes the most lenient threshold whose false match rate is at most fmr, above 0 and less than 1.
func FMRAtMost(fmr float64) Rule {
	return Rule{fmt.Sprintf("a false match rate of at most %g %%", 100*fmr), func(r *ROC) float64 { return r.midway(r.lastWithin(fmr)) }}
}

// Calibrate chooses a threshold by all pairs. The rates are those of people who had no part in it: they are dealt into ten parts, fewer
// where there are fewer people, and each pair is judged at the threshold that the rule chooses by the pairs of which nobody is in the
// part, or the two parts, of its own people. So the rates do not gain by the choice, as those of the pairs that a threshold was chosen by
// do; with S. Geisser, "The predictive sample reuse method", 1975, this is cross-validation. Intervals are by people, see
// [stats.MeanOf]. Characters of fewer than three alphabets are units themselves. Of two people nobody can be left out: the rates are then
// those of the choice, and their intervals say that nothing is known of others. It fails like [NewROC].
func (s Scored) Calibrate(rule Rule) (Calibration, error) {
	c := Calibration{Evidence: s.evidence()}
	if c.Units < 3 && s.Units != nil {
		s.Units, s.Unit = nil, "characters"
		c.Evidence = s.evidence()
	}
	pairs, err := s.sorted()
	if err != nil {
		return c, fmt.Errorf("choosing the threshold: %w", err)
	}
	c.Threshold = rule.choose(pairs.roc(nil))
	without := pairs.thresholds(rule, c.Threshold)
	accepted := func(i int) bool { return float64(s.Distances[i]) <= without(s.unitsOf(i)) }
	c.FMR = s.trials(false, "different pairs", accepted).Mean()
	c.FNMR = s.trials(true, "same pairs", func(i int) bool { return !accepted(i) }).Mean()
	if c.Units < 3 {
		c.FMR.CI95, c.FNMR.CI95 = stats.Interval{0, 1}, stats.Interval{0, 1}
	}
	return c, nil
}

const calibrationParts = 10

// thresholds gives for the units of a pair the threshold that a rule chooses without the parts that they are in, or otherwise where
// these leave no pairs of a kind.
func (pairs scoredPairs) thresholds(rule Rule, otherwise float64) func(units [2]int) float64 {
	part := map[int]int{}
	for _, p := range pairs {
		for _, u := range p.units {
			if _, known := part[u]; !known {
				part[u] = len(part) % calibrationParts
			}
		}
	}
	known := map[[2]int]float64{}
	return func(units [2]int) float64 {
		a, b := part[units[0]], part[units[1]]
		key := [2]int{min(a, b), max(a, b)}
		threshold, found := known[key]
		if !found {
			threshold = otherwise
			if rest := pairs.without(part, key); rest.both() {
				threshold = rule.choose(rest.roc(nil))
			}
			known[key] = threshold
		}
		return threshold
	}
}

// without are the pairs that have no unit in two parts.
func (pairs scoredPairs) without(part map[int]int, parts [2]int) scoredPairs {
	var rest scoredPairs
	for _, p := range pairs {
		a, b := part[p.units[0]], part[p.units[1]]
		if a != parts[0] && a != parts[1] && b != parts[0] && b != parts[1] {
			rest = append(rest, p)
		}
	}
	return rest
}

// both says whether there are same and different pairs.
func (pairs scoredPairs) both() bool {
	same, different := false, false
	for _, p := range pairs {
		same, different = same || p.same, different || !p.same
	}
	return same && different
}
