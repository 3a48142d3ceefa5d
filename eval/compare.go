package eval

import (
	"fmt"

	"github.com/siam-go/siam/stats"
)

// Comparison is two systems' answers to the same trials, side by side. A, B and the difference have intervals by units where these are
// known.
type Comparison struct {
	A          stats.Proportion `json:"a"`
	B          stats.Proportion `json:"b"`
	Difference stats.Estimate   `json:"difference"` // accuracy of A minus that of B
	// P is the two-sided p-value of no difference, by Student's distribution with the error by units.
	P float64 `json:"p"`
	// McNemar takes the trials as independent: where they are not, it finds differences that are none.
	McNemar stats.McNemarTest `json:"mcnemar"`
	Unit    string            `json:"unit"`
	Units   int               `json:"units"`
}

// Ties say what ties trials to each other.
type Ties struct {
	Classes [][2]int  `json:"classes"`           // of each trial: what it was made from, as in [Scored]
	Units   []int     `json:"units,omitempty"`   // of each class
	Unit    string    `json:"unit"`              // what units are
	Weights []float64 `json:"weights,omitempty"` // how much each trial counts
}

// Ties are those of the pairs.
func (s Scored) Ties() *Ties {
	return &Ties{Classes: s.Classes, Units: s.Units, Unit: s.Unit, Weights: s.Weights}
}

// Ties are those of one-shot trials: see [Items.ByUnit].
func (items Items) Ties(trials []Trial) *Ties {
	numbered := items.numbered()
	ties := &Ties{Units: numbered.units, Unit: numbered.unit}
	for _, trial := range trials {
		class := numbered.of[items.Labels[trial.Query]]
		ties.Classes = append(ties.Classes, [2]int{class, class})
	}
	return ties
}

// Compare tests whether two systems differ, from which of the same trials each got right; without ties the trials count as independent.
// It fails when the two have not answered as many trials, or ties are of others.
func Compare(a, b []bool, ties *Ties) (Comparison, error) {
	if len(a) != len(b) {
		return Comparison{}, fmt.Errorf("comparing results: %d and %d trials; both must come from the same trials (same data, kind and seed)", len(a), len(b))
	}
	if ties == nil {
		ties = &Ties{Unit: "trials"}
		for i := range a {
			ties.Classes = append(ties.Classes, [2]int{i, i})
		}
	}
	if err := ties.check(len(a)); err != nil {
		return Comparison{}, fmt.Errorf("comparing results: %w", err)
	}
	differences, ofB := numbers(a), numbers(b)
	for i := range differences {
		differences[i] -= ofB[i]
	}
	c := Comparison{
		A: stats.Proportion(ties.trials(numbers(a)).Mean()), B: stats.Proportion(ties.trials(numbers(b)).Mean()), McNemar: stats.McNemar(a, b),
		Unit: ties.Unit, Units: ties.trials(nil).Spread(0).Units,
	}
	c.Difference, c.P = ties.trials(differences).Difference()
	return c, nil
}

func (t Ties) trials(values []float64) stats.Trials {
	return stats.Trials{Values: values, Weights: t.Weights, Classes: t.Classes, Units: t.Units, Of: "trials"}
}

// check wants ties of n trials.
func (t Ties) check(n int) error {
	if len(t.Classes) != n || t.Weights != nil && len(t.Weights) != n {
		return fmt.Errorf("%d trials with ties of %d and weights of %d", n, len(t.Classes), len(t.Weights))
	}
	for i, c := range t.Classes {
		if min(c[0], c[1]) < 0 || t.Units != nil && max(c[0], c[1]) >= len(t.Units) {
			return fmt.Errorf("trial %d is of classes %d and %d, of which there are %d", i+1, c[0], c[1], len(t.Units))
		}
	}
	return nil
}

func numbers(right []bool) []float64 {
	values := make([]float64, len(right))
	for i, ok := range right {
		if ok {
			values[i] = 1
		}
	}
	return values
}
