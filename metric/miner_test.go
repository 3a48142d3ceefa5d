package metric

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// triplet is (anchor, positive, negative) with its gap.
type triplet struct {
	a, p, n int
	gap     float64
}

// minerTable says which of a batch's triplets each miner keeps, by the definition.
var minerTable = map[string]struct {
	miner  Miner
	oracle func(m masks) []triplet
}{
	"All":  {All(), func(m masks) []triplet { return m.keep(func(float64) bool { return true }) }},
	"Easy": {Easy(0.1), func(m masks) []triplet { return m.keep(func(g float64) bool { return g < -0.1 }) }},
	"SemiHard": {SemiHard(0.4), func(m masks) []triplet {
		return m.keep(func(g float64) bool { return -0.4 <= g && g < 0 })
	}},
	"Hard": {Hard(), func(m masks) []triplet { return m.keep(func(g float64) bool { return g >= 0 }) }},
	"BatchHard": {BatchHard(), func(m masks) []triplet {
		return m.perAnchor(func(a int) (p, n int) { return m.best(a, m.same, -1, nil), m.best(a, m.different, 1, nil) })
	}},
	"BatchSemiHard": {BatchSemiHard(), func(m masks) []triplet {
		return m.perAnchor(func(a int) (p, n int) {
			p = m.best(a, m.same, -1, nil)
			n = m.best(a, m.different, 1, func(d float64) bool { return p >= 0 && d > m.d[a][p] })
			if n < 0 {
				n = m.best(a, m.different, -1, nil)
			}
			return p, n
		})
	}},
	"EasyPositive": {EasyPositive(), func(m masks) []triplet {
		return m.perAnchor(func(a int) (p, n int) { return m.best(a, m.same, 1, nil), m.best(a, m.different, 1, nil) })
	}},
	"DistanceWeighted": {DistanceWeighted(0.5, 1.4), nil}, // draws: see TestDrawsFollowTheirWeights
	"Angular": {Angular(40), func(m masks) (all []triplet) {
		for _, t := range m.keep(func(float64) bool { return true }) {
			// |n − c| by Apollonius: c is the middle of a and p, d are squares.
			middle := (m.d[t.n][t.a]+m.d[t.n][t.p])/2 - m.d[t.a][t.p]/4
			if math.Atan(math.Sqrt(m.d[t.a][t.p])/(2*math.Sqrt(middle))) > 40*math.Pi/180 {
				all = append(all, t)
			}
		}
		return all
	}},
	"Informative": {Informative(0.1), func(m masks) (all []triplet) {
		for _, t := range m.keep(func(float64) bool { return true }) {
			low := m.d[t.a][m.best(t.a, m.different, 1, nil)]
			high := m.d[t.a][m.best(t.a, m.same, -1, nil)]
			if m.d[t.a][t.p] > low-0.1 && m.d[t.a][t.n] < high+0.1 {
				all = append(all, t)
			}
		}
		return all
	}},
}

// keep lists the triplets whose gap is wanted.
func (m masks) keep(wanted func(gap float64) bool) (all []triplet) {
	for a := range m.d {
		for p := range m.d {
			for n := range m.d {
				gap := m.d[a][p] - m.d[a][n]
				if m.same[a][p] && m.different[a][n] && wanted(gap) {
					all = append(all, triplet{a, p, n, gap})
				}
			}
		}
	}
	return all
}

func (m masks) perAnchor(choose func(a int) (p, n int)) (all []triplet) {
	for a := range m.d {
		if p, n := choose(a); p >= 0 && n >= 0 {
			all = append(all, triplet{a, p, n, m.d[a][p] - m.d[a][n]})
		}
	}
	return all
}

// best is the column of mask with the smallest sign·distance among those allowed, -1 for none.
func (m masks) best(a int, mask [][]bool, sign float64, allowed func(d float64) bool) int {
	found := -1
	for k, d := range m.d[a] {
		if mask[a][k] && (allowed == nil || allowed(d)) && (found < 0 || sign*d < sign*m.d[a][found]) {
			found = k
		}
	}
	return found
}

func TestMinersKeepTheTripletsOfTheirDefinitions(t *testing.T) {
	for name, test := range minerTable {
		if test.oracle == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			e, labels := batch(14, 3, true)
			got := run(t, func(x, l *Node) []*Node {
				terms := SoftMarginTriplet().Terms(test.miner.narrow(Within(SquaredEuclidean(), x, l)))[0]
				return []*Node{terms.Sum, terms.Count, terms.Seen}
			}, e, labels)
			sum, count := make([]float64, len(e)), make([]float64, len(e))
			kept := test.oracle(writtenOut(matrix(squared, e), labels))
			for _, triplet := range kept {
				sum[triplet.a] += softplus64(triplet.gap)
				count[triplet.a]++
			}
			if len(kept) == 0 {
				t.Fatal("the batch has no triplet for this miner: it tests nothing")
			}
			for a := range e {
				if !near(got[0][a], sum[a], 1e-9) || got[1][a] != count[a] {
					t.Errorf("anchor %d: %v triplets, sum %v; want %v, %v", a, got[1][a], got[0][a], count[a], sum[a])
				}
			}
		})
	}
}

// The numbers are pytorch-metric-learning's: embeddings 0 to 8 on a line.
func TestBatchHardMatchesThePublishedExample(t *testing.T) {
	e := [][]float64{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}
	labels := []int32{0, 0, 1, 1, 0, 2, 1, 1, 1}
	got := run(t, func(x, l *Node) []*Node {
		pairs := BatchHard().narrow(Within(Euclidean(), x, l))
		index := func(mask *Node) *Node {
			return ConvertDType(ArgMax(ConvertDType(mask, dtypes.Float64), 1), dtypes.Float64)
		}
		return []*Node{index(pairs.Same), index(pairs.Different)}
	}, e, labels)
	positives := map[int]float64{0: 4, 1: 4, 2: 8, 3: 8, 4: 0, 6: 2, 7: 2, 8: 2}
	negatives := map[int][]float64{0: {2}, 1: {2}, 2: {1}, 3: {4}, 4: {3, 5}, 6: {5}, 7: {5}, 8: {5}}
	for a, want := range positives {
		if got[0][a] != want {
			t.Errorf("positive of %d = %v, want %v", a, got[0][a], want)
		}
		if !slices.Contains(negatives[a], got[1][a]) {
			t.Errorf("negative of %d = %v, want one of %v", a, got[1][a], negatives[a])
		}
	}
}

// testdata/triplet.json holds values that GoMLX's triplet loss computes for two small batches, margin 1.
func TestTripletsMatchGoMLXsValues(t *testing.T) {
	text, err := os.ReadFile("testdata/triplet.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Labels     []int32
			Embeddings [][]float64
			Expected   map[string]float64
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	objective := func(d Distance, m Miner, l Loss) Objective {
		return Objective{Distance: d, Miner: m, Loss: l, Reducer: Mean()}
	}
	objectives := map[string]Objective{
		"all_l2":             objective(Euclidean(), All(), Triplet(1)),
		"semihard_l2":        objective(Euclidean(), BatchSemiHard(), Triplet(1)),
		"hard_l2":            objective(Euclidean(), BatchHard(), Triplet(1)),
		"hard_softmargin_l2": objective(Euclidean(), BatchHard(), SoftMarginTriplet()),
		"semihard_cosine":    objective(Cosine(), BatchSemiHard(), Triplet(1)),
		"hard_cosine":        objective(Cosine(), BatchHard(), Triplet(1)),
	}
	for i, c := range file.Cases {
		for name, want := range c.Expected {
			o := objectives[name]
			got := run(t, func(x, l *Node) []*Node { return []*Node{o.Apply(nil, Batch{Embeddings: x, Labels: l}).Loss} }, c.Embeddings, c.Labels)[0][0]
			if !near(got, want, 1e-3) {
				t.Errorf("case %d, %s = %v, want %v", i, name, got, want)
			}
		}
	}
}
