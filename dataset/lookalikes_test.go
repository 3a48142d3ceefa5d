package dataset

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// embedded are random embeddings of items, those of one class near its centre.
func embedded(s *Set, items []int32, d int, seed uint64) [][]float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	centres := make([][]float64, len(s.Classes))
	for label := range centres {
		for range d {
			centres[label] = append(centres[label], rng.NormFloat64())
		}
	}
	rows := make([][]float32, len(items))
	for i, item := range items {
		for _, v := range centres[s.Items[item].Label] {
			rows[i] = append(rows[i], float32(v+0.5*rng.NormFloat64()))
		}
	}
	return rows
}

func distance2(a, b []float32) float64 {
	sum := 0.0
	for j := range a {
		sum += (float64(a[j]) - float64(b[j])) * (float64(a[j]) - float64(b[j]))
	}
	return sum
}

func TestLookIsFairAndRepeatable(t *testing.T) {
	s := tail(1, 5, 9)
	items := Look(s, 3, 1)
	if again := Look(s, 3, 1); !slices.Equal(items, again) {
		t.Errorf("Look = %v, then %v", items, again)
	}
	count := map[int]int{}
	for _, i := range items {
		count[s.Items[i].Label]++
	}
	if diff := cmp.Diff(map[int]int{0: 1, 1: 3, 2: 3}, count); diff != "" || len(slices.Compact(slices.Sorted(slices.Values(items)))) != 7 {
		t.Errorf("images of each class (-want +got):\n%s", diff)
	}
}

func TestLookalikesAreThoseOfBruteForce(t *testing.T) {
	s := tail(3, 5, 1, 4, 2, 8, 60)
	items := Look(s, 50, 2)
	rows := embedded(s, items, 7, 3)
	l := must[*Lookalikes](t)(NewLookalikes(s, items, rows, 4))
	for i, item := range items {
		far, close := int32(-1), int32(-1)
		most, least := math.Inf(-1), math.Inf(1)
		for j, other := range items {
			d := distance2(rows[i], rows[j])
			switch same := s.Items[item].Label == s.Items[other].Label; {
			case !same && d < least:
				close, least = other, d
			case same && i != j && d > most:
				far, most = other, d
			}
		}
		if l.Far[i] != far || l.Close[i] != close {
			t.Errorf("image %d: farthest %d, nearest %d, want %d and %d", item, l.Far[i], l.Close[i], far, close)
		}
	}
	means := make([][]float32, len(s.Classes))
	for label := range means {
		n := float32(0)
		means[label] = make([]float32, 7)
		for i, item := range items {
			if s.Items[item].Label == label {
				n++
				for j, v := range rows[i] {
					means[label][j] += v
				}
			}
		}
		for j := range means[label] {
			means[label][j] /= n
		}
	}
	for label, near := range l.Near {
		order := []int32{}
		for other := range means {
			if other != label {
				order = append(order, int32(other))
			}
		}
		slices.SortFunc(order, func(a, b int32) int {
			if distance2(means[label], means[a]) < distance2(means[label], means[b]) {
				return -1
			}
			return 1
		})
		if !slices.Equal(near, order[:4]) {
			t.Errorf("class %d looks like %v, want %v", label, near, order[:4])
		}
	}
}

func TestLookalikesSurviveACheckpoint(t *testing.T) {
	s := tail(3, 5, 1, 4)
	items := Look(s, 2, 2)
	l := must[*Lookalikes](t)(NewLookalikes(s, items, embedded(s, items, 3, 3), 2))
	saved, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var again Lookalikes
	if err := json.Unmarshal(saved, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, &again); diff != "" {
		t.Errorf("index after JSON (-want +got):\n%s", diff)
	}
}

func TestLookalikesRefuseWhatCannotBeCompared(t *testing.T) {
	s, one := tail(2, 2), tail(3)
	nan := [][]float32{{1}, {float32(math.NaN())}}
	for want, build := range map[string]func() (*Lookalikes, error){
		"want as many":        func() (*Lookalikes, error) { return NewLookalikes(s, []int32{0}, nil, 1) },
		"the model is broken": func() (*Lookalikes, error) { return NewLookalikes(s, []int32{0, 2}, nan, 1) },
		"at least two":        func() (*Lookalikes, error) { return NewLookalikes(one, []int32{0, 1}, [][]float32{{1}, {2}}, 1) },
	} {
		if _, err := build(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// index is one of all images of a set.
func index(t *testing.T, s *Set) *Lookalikes {
	t.Helper()
	items := Look(s, 1000, 1)
	return must[*Lookalikes](t)(NewLookalikes(s, items, embedded(s, items, 6, 5), 5))
}

func TestHardClassesComeTogether(t *testing.T) {
	s := tail(6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6)
	l := index(t, s)
	c := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 6, Examples: 3, Hard: Hard{l, 1, 3}, Seed: 7}))
	far := map[int32]int32{}
	for i, item := range l.Items {
		far[item] = l.Far[i]
	}
	for step := range 20 {
		items := c.Sample(step).Items
		if again := c.Sample(step).Items; !slices.Equal(items, again) {
			t.Fatalf("step %d has rows %v, then %v", step, items, again)
		}
		for k := 0; k < len(items); k += 9 {
			seed := s.Items[items[k]].Label
			for other := k; other < k+9; other += 3 {
				label := int32(s.Items[items[other]].Label)
				if other > k && !slices.Contains(l.Near[seed][:4], label) && k == 0 { // later ones may have come already
					t.Errorf("step %d: class %d comes with %d, which looks like %v", step, label, seed, l.Near[seed][:4])
				}
				if items[other+1] != far[items[other]] {
					t.Errorf("step %d: image %d comes with %d, want the least like it, %d", step, items[other], items[other+1], far[items[other]])
				}
			}
		}
		if sorted := slices.Sorted(slices.Values(items)); len(slices.Compact(sorted)) != 18 {
			t.Errorf("step %d: rows %v, want 18 different ones", step, items)
		}
	}
}

func TestHardPairsAreTheHardest(t *testing.T) {
	s := tail(4, 4, 4, 4, 4)
	l := index(t, s)
	far, close := map[int32]int32{}, map[int32]int32{}
	for i, item := range l.Items {
		far[item], close[item] = l.Far[i], l.Close[i]
	}
	hard := func(share float64) (same, different float64) {
		p := must[*PairSampler](t)(NewPairSampler(s, PairOptions{Pairs: 1000, Hard: Hard{Index: l, Share: share}, Seed: 2}))
		b := p.Sample(3)
		for k, pair := range b.Pairs {
			a, z := b.Items[pair[0]], b.Items[pair[1]]
			if (s.Items[a].Label == s.Items[z].Label) != (b.Same[k] == 1) {
				t.Fatalf("pair %d of labels %d and %d is called same: %v", k, s.Items[a].Label, s.Items[z].Label, b.Same[k])
			}
			switch {
			case b.Same[k] == 1 && far[a] == z:
				same += 1. / 500
			case b.Same[k] == 0 && close[a] == z:
				different += 1. / 500
			}
		}
		return same, different
	}
	if same, different := hard(1); math.Abs(same-1) > 1e-9 || math.Abs(different-1) > 1e-9 {
		t.Errorf("share 1: %.3f of the same and %.3f of the different pairs are the hardest, want all", same, different)
	}
	// By chance a third of the same and a sixteenth of the different pairs are the hardest too.
	if same, different := hard(0.5); math.Abs(same-(0.5+0.5/3)) > 0.06 || math.Abs(different-(0.5+0.5/16)) > 0.06 {
		t.Errorf("share 0.5: %.3f of the same and %.3f of the different pairs are the hardest, want about 0.667 and 0.531", same, different)
	}
}

func TestHardRefusesForeignIndices(t *testing.T) {
	s, other := tail(2, 2, 2), tail(2, 2)
	for name, h := range map[string]Hard{
		"another set": {Index: index(t, other)}, "a share": {Share: 2}, "together": {Together: -1},
		"an item": {Index: &Lookalikes{Near: make([][]int32, 3), Items: []int32{99}, Far: []int32{0}, Close: []int32{0}}},
	} {
		if _, err := NewClassSampler(s, ClassOptions{Classes: 2, Examples: 2, Hard: h}); err == nil {
			t.Errorf("%s: NewClassSampler = nil, want an error", name)
		}
		if _, err := NewPairSampler(s, PairOptions{Pairs: 2, Hard: h}); err == nil {
			t.Errorf("%s: NewPairSampler = nil, want an error", name)
		}
	}
}
