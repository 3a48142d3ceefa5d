package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

// letters is a set of groups A, B, … with the given numbers of characters, each drawn by drawers 1, 2, …; every image is
// 3×3 pixels of its own.
func letters(drawers int, characters ...int) *Set {
	s := &Set{Name: "letters"}
	for g, n := range characters {
		group := string(rune('A' + g))
		for c := range n {
			label := len(s.Classes)
			s.Classes = append(s.Classes, Class{Name: fmt.Sprintf("%s/character%02d", group, c+1), Group: group})
			for d := range drawers {
				m := imgproc.Filled(3, 3, 1, 255)
				m.Pix[0], m.Pix[1], m.Pix[2] = uint8(g), uint8(c), uint8(d)
				s.Items = append(s.Items, Item{Image: m, Label: label, Drawer: d + 1, Source: fmt.Sprintf("%s/%d", s.Classes[label].Name, d+1)})
			}
		}
	}
	return s
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPairsAreBalanced(t *testing.T) {
	s := letters(4, 3, 9, 5, 1) // the last group has nothing to pair
	p := must[*PairSampler](t)(NewPairSampler(s, PairOptions{Pairs: 60, Seed: 1}))
	got := map[string]int{}
	for step := range 5 {
		b := p.Sample(step)
		for k, pair := range b.Pairs {
			i, j := b.Items[pair[0]], b.Items[pair[1]]
			a, c := s.Items[i], s.Items[j]
			if (a.Label == c.Label) != (b.Same[k] == 1) || s.Classes[a.Label].Group != s.Classes[c.Label].Group || i == j {
				t.Fatalf("pair %d = items %d and %d, same %v: labels %d and %d", k, i, j, b.Same[k], a.Label, c.Label)
			}
			got[fmt.Sprint(s.Classes[a.Label].Group, b.Same[k])]++
		}
	}
	want := map[string]int{"A0": 50, "A1": 50, "B0": 50, "B1": 50, "C0": 50, "C1": 50}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs by group and sameness (-want +got):\n%s", diff)
	}
}

func TestPairsOfAPoolComeOnceAnEpoch(t *testing.T) {
	p := must[*PairSampler](t)(NewPairSampler(letters(9, 8, 8, 8), PairOptions{Pairs: 7, Pool: 42, Seed: 3}))
	epoch := func(e int) (numbers []int) {
		for i := range 42 {
			numbers = append(numbers, p.number(e*42+i))
		}
		return numbers
	}
	first, second := epoch(0), epoch(1)
	if slices.Equal(first, second) {
		t.Errorf("two epochs have the same order %v", first)
	}
	slices.Sort(first)
	slices.Sort(second)
	if !slices.Equal(first, second) || first[0] != 0 || first[41] != 41 || len(slices.Compact(first)) != 42 {
		t.Errorf("epochs hold pairs %v and %v, want 0 to 41 once each", first, second)
	}
}

func TestClassesHaveTheirShape(t *testing.T) {
	s := letters(5, 6, 20, 9)
	for name, o := range map[string]ClassOptions{
		"anywhere": {Classes: 12, Examples: 4}, "two groups": {Groups: 2, Classes: 6, Examples: 3},
		"a small group": {Groups: 3, Classes: 8, Examples: 2}, "examples again": {Classes: 3, Examples: 7},
	} {
		c := must[*ClassSampler](t)(NewClassSampler(s, o))
		for step := range 20 {
			items := c.Sample(step).Items
			classes := max(1, o.Groups) * o.Classes
			if len(items) != classes*o.Examples {
				t.Fatalf("%s: %d rows, want %d", name, len(items), classes*o.Examples)
			}
			seen, groups := map[int]bool{}, map[string]int{}
			for k := range classes {
				rows := items[k*o.Examples : (k+1)*o.Examples]
				label := s.Items[rows[0]].Label
				distinct := map[int32]bool{}
				for _, i := range rows {
					distinct[i] = true
					if s.Items[i].Label != label {
						t.Fatalf("%s: rows of class %d have labels %d and %d", name, k, label, s.Items[i].Label)
					}
				}
				if seen[label] || len(distinct) != min(5, o.Examples) {
					t.Fatalf("%s: class %d comes again, or with %d different images", name, label, len(distinct))
				}
				seen[label] = true
				groups[s.Classes[label].Group]++
			}
			if o.Groups == 2 && len(groups) != 2 {
				t.Fatalf("%s: classes per group %v, want two groups", name, groups)
			}
		}
	}
}

func TestClassesAreEquallyLikely(t *testing.T) {
	s := letters(2, 10, 30)
	c := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Groups: 1, Classes: 5, Examples: 2}))
	drawn := make([]float64, 2)
	const steps = 4000
	for step := range steps {
		for _, i := range c.Sample(step).Items {
			drawn[int(s.Classes[s.Items[i].Label].Group[0]-'A')]++
		}
	}
	if share := drawn[0] / (drawn[0] + drawn[1]); math.Abs(share-0.25) > 0.03 {
		t.Errorf("the group with a quarter of the classes has %.3f of the rows, want 0.25", share)
	}
}

func TestEpisodesAskWhatTheySay(t *testing.T) {
	s := letters(6, 4, 7, 8)
	for name, o := range map[string]EpisodeOptions{
		"within":    {Ways: 5, Shots: 2, Queries: 3, WithinGroup: true},
		"anywhere":  {Ways: 15, Shots: 1, Queries: 1},
		"by drawer": {Ways: 7, Shots: 1, Queries: 1, WithinGroup: true, ByDrawer: true},
	} {
		e := must[*EpisodeSampler](t)(NewEpisodeSampler(s, o))
		for i := range 20 {
			ep := e.Episode(i)
			if len(ep.Support) != o.Ways*o.Shots || len(ep.Query) != o.Ways*o.Queries || len(ep.Answer) != len(ep.Query) {
				t.Fatalf("%s: %d support, %d queries, %d answers", name, len(ep.Support), len(ep.Query), len(ep.Answer))
			}
			for q, item := range ep.Query {
				way := int(ep.Answer[q])
				right := s.Items[ep.Support[way*o.Shots]].Label
				if s.Items[item].Label != right || slices.Contains(ep.Support, item) {
					t.Fatalf("%s: query %d of way %d shows label %d, want %d, and not a support image", name, q, way, s.Items[item].Label, right)
				}
			}
			checkSupport(t, name, s, o, ep)
		}
	}
}

func checkSupport(t *testing.T, name string, s *Set, o EpisodeOptions, ep Episode) {
	t.Helper()
	groups, drawers, labels := map[string]bool{}, map[int]bool{}, map[int]bool{}
	for _, i := range ep.Support {
		groups[s.Classes[s.Items[i].Label].Group] = true
		drawers[s.Items[i].Drawer] = true
		labels[s.Items[i].Label] = true
	}
	if len(labels) != o.Ways || o.WithinGroup && len(groups) != 1 || o.ByDrawer && len(drawers) != 1 {
		t.Fatalf("%s: support has %d labels, %d groups, %d drawers", name, len(labels), len(groups), len(drawers))
	}
	if o.ByDrawer && drawers[s.Items[ep.Query[0]].Drawer] {
		t.Fatalf("%s: support and query are by the same drawer", name)
	}
}

func TestSamplersRefuseWhatASetCannotGive(t *testing.T) {
	few, lone := letters(1, 5, 5), letters(3, 1, 1)
	for want, err := range map[string]error{
		"no group of data set letters has two classes of two images each": second(NewPairSampler(few, PairOptions{Pairs: 4})),
		"no group of data set letters has two classes":                    second(NewPairSampler(lone, PairOptions{Pairs: 4})),
		"want at least 1":                                                 second(NewPairSampler(letters(2, 5), PairOptions{})),
		"3 groups a batch, but it has 2 with":                             second(NewClassSampler(lone, ClassOptions{Groups: 3, Classes: 2, Examples: 1})),
		"9 classes a batch, but it has 2 of":                              second(NewClassSampler(lone, ClassOptions{Classes: 9, Examples: 1})),
		"20 ways, but data set letters has at most 5 classes of 2 images": second(NewEpisodeSampler(letters(2, 5, 3), EpisodeOptions{Ways: 20, Shots: 1, Queries: 1, WithinGroup: true})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	twice := letters(2, 3)
	for i := range twice.Items {
		twice.Items[i].Drawer = 1
	}
	err := second(NewEpisodeSampler(twice, EpisodeOptions{Ways: 3, Shots: 1, Queries: 1, ByDrawer: true}))
	if err == nil || !strings.Contains(err.Error(), "1 people who drew all of A/character01") {
		t.Errorf("error = %v, want one about who drew", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestInOrderVisitsEveryItemOnce(t *testing.T) {
	o := InOrder{Items: 10, Batch: 4}
	var got []int32
	for step := range o.Steps() {
		got = append(got, o.Sample(step).Items...)
	}
	if want := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("items = %v, want %v", got, want)
	}
}

func TestClassesDrawTheCoreWithItsShare(t *testing.T) {
	s := &Set{Name: "cored"}
	const core, rest = 6, 60
	for label := range core + rest {
		s.Classes = append(s.Classes, Class{Name: fmt.Sprint(label), Group: fmt.Sprint("g", label/6)})
		for range 2 {
			s.Items = append(s.Items, Item{Label: label})
		}
	}
	c, err := NewClassSampler(s, ClassOptions{Groups: 1, Classes: 4, Examples: 1, Core: core, CoreShare: 0.75, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	const batches = 2000
	var fromCore int
	for step := range batches {
		if s.Items[c.Sample(step).Items[0]].Label < core {
			fromCore++
		}
	}
	if got := float64(fromCore) / batches; math.Abs(got-0.75) > 0.04 {
		t.Errorf("share of batches from the core = %v, want 0.75", got)
	}
	for _, o := range []ClassOptions{{Core: core}, {Core: core + rest, CoreShare: 0.5}, {Core: core, CoreShare: 1}} {
		o.Classes, o.Examples = 4, 1
		if _, err := NewClassSampler(s, o); err == nil {
			t.Errorf("NewClassSampler(core %d, share %v) succeeded, want an error", o.Core, o.CoreShare)
		}
	}
}

// tail is a set of classes with the given numbers of images.
func tail(images ...int) *Set {
	s := &Set{Name: "tail"}
	for label, n := range images {
		s.Classes = append(s.Classes, Class{Name: fmt.Sprintf("class%02d", label)})
		for i := range n {
			m := imgproc.Filled(2, 2, 1, uint8(label))
			m.Pix[0] = uint8(i)
			s.Items = append(s.Items, Item{Image: m, Label: label})
		}
	}
	return s
}

func TestClassesOfOneImageAreShownAgain(t *testing.T) {
	s := tail(1, 1, 1, 1)
	c := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 3, Examples: 2, Least: 1, Seed: 1}))
	items := c.Sample(0).Items
	if len(items) != 6 || items[0] != items[1] || items[0] == items[2] {
		t.Errorf("rows %v, want three classes of one image, each twice", items)
	}
	_, err := NewClassSampler(s, ClassOptions{Classes: 3, Examples: 2})
	if err == nil || !strings.Contains(err.Error(), "it has 0 of 2 images or more") {
		t.Errorf("NewClassSampler without Least = %v, want a refusal", err)
	}
}

func TestClassesOfALongTailAreAsLikelyAsSettled(t *testing.T) {
	s := tail(1, 4, 16)
	for exponent, want := range map[float64][]float64{0: {1. / 3, 1. / 3, 1. / 3}, 0.5: {1. / 7, 2. / 7, 4. / 7}, 1: {1. / 21, 4. / 21, 16. / 21}} {
		c := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 2, Examples: 1, Least: 1, Tail: exponent, Seed: 2}))
		const steps = 6000
		first := make([]float64, 3)
		for step := range steps {
			first[s.Items[c.Sample(step).Items[0]].Label] += 1. / steps
		}
		for label := range want {
			if math.Abs(first[label]-want[label]) > 0.02 {
				t.Errorf("tail %v: class %d comes first in %.3f of the batches, want %.3f", exponent, label, first[label], want[label])
			}
		}
	}
}

func TestClassesAreFollowedByNegatives(t *testing.T) {
	s := tail(1, 5, 1, 5, 1)
	c := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 2, Examples: 3, Negatives: 3, Seed: 3}))
	for step := range 10 {
		items := c.Sample(step).Items
		if len(items) != 9 {
			t.Fatalf("%d rows, want 9", len(items))
		}
		seen := map[int]int{}
		for _, i := range items {
			seen[s.Items[i].Label]++
		}
		if diff := cmp.Diff(map[int]int{0: 1, 1: 3, 2: 1, 3: 3, 4: 1}, seen); diff != "" {
			t.Errorf("rows of each class (-want +got):\n%s", diff)
		}
	}
	if _, err := NewClassSampler(s, ClassOptions{Classes: 2, Examples: 3, Negatives: 4}); err == nil {
		t.Error("NewClassSampler with more negatives than classes = nil, want an error")
	}
	for _, o := range []ClassOptions{
		{Classes: 2, Examples: 1, Tail: 2}, {Classes: 2, Examples: 1, Negatives: -1}, {Classes: 2, Examples: 1, Groups: 1, Tail: 1},
	} {
		if _, err := NewClassSampler(s, o); err == nil {
			t.Errorf("NewClassSampler(%+v) = nil, want an error", o)
		}
	}
}
