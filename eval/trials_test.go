package eval

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// alphabets makes items of groups × characters × drawers, one drawing each.
func alphabets(groups, characters, drawers int) Items {
	var items Items
	for g := range groups {
		for c := range characters {
			for d := range drawers {
				items.Labels = append(items.Labels, g*characters+c)
				items.Groups = append(items.Groups, g)
				items.Drawers = append(items.Drawers, d+1)
			}
		}
	}
	return items
}

func checkTrial(t *testing.T, items Items, e TrialOptions, trial Trial) {
	t.Helper()
	if len(trial.Support) != e.Ways || trial.True < 0 || trial.True >= e.Ways {
		t.Fatalf("trial has %d ways with %d the true one, want %d ways", len(trial.Support), trial.True, e.Ways)
	}
	seen := map[int]bool{}
	for way, shots := range trial.Support {
		label := items.Labels[shots[0]]
		if len(shots) != e.Shots || seen[label] {
			t.Fatalf("way %d of class %d has %d shots, want %d of a class seen once", way, label, len(shots), e.Shots)
		}
		seen[label] = true
		if (items.Labels[trial.Query] == label) != (way == trial.True) {
			t.Fatalf("way %d of class %d, query of class %d, true way %d", way, label, items.Labels[trial.Query], trial.True)
		}
		for i, s := range shots {
			if items.Labels[s] != label || s == trial.Query || i > 0 && s == shots[0] {
				t.Fatalf("way %d holds rows %v with query %d, want different rows of one class", way, shots, trial.Query)
			}
		}
	}
}

func TestWithinGroupTrialsFollowKochsDrawerRule(t *testing.T) {
	items := alphabets(3, 8, 5)
	for _, e := range []TrialOptions{{5, 1, 200, 1}, {8, 3, 200, 2}} {
		trials, err := items.WithinGroup(e)
		if err != nil || len(trials) != e.Trials {
			t.Fatalf("WithinGroup(%+v) = %d trials, %v", e, len(trials), err)
		}
		for _, trial := range trials {
			checkTrial(t, items, e, trial)
			for _, shots := range trial.Support {
				for shot, s := range shots {
					if items.Groups[s] != items.Groups[trial.Query] {
						t.Fatalf("support of group %d for a query of group %d", items.Groups[s], items.Groups[trial.Query])
					}
					if items.Drawers[s] != items.Drawers[trial.Support[0][shot]] {
						t.Fatalf("shot %d drawn by %d and %d, want one person", shot, items.Drawers[s], items.Drawers[trial.Support[0][shot]])
					}
					if items.Drawers[s] == items.Drawers[trial.Query] {
						t.Fatalf("support and query both drawn by %d", items.Drawers[s])
					}
				}
			}
		}
	}
}

func TestUnstructuredTrialsMixGroups(t *testing.T) {
	items, e := alphabets(3, 8, 5), TrialOptions{10, 2, 200, 1}
	trials, err := items.Unstructured(e)
	if err != nil {
		t.Fatal(err)
	}
	mixed := 0
	for _, trial := range trials {
		checkTrial(t, items, e, trial)
		if items.Groups[trial.Support[0][0]] != items.Groups[trial.Support[1][0]] {
			mixed++
		}
		for _, shots := range trial.Support[trial.True : trial.True+1] {
			if items.Drawers[shots[0]] == items.Drawers[trial.Query] {
				t.Fatalf("the query's class is shown by the query's drawer %d", items.Drawers[trial.Query])
			}
		}
	}
	if mixed < 100 {
		t.Errorf("%d of 200 trials mix groups in their first two ways, want about two thirds", mixed)
	}
}

func TestEpisodesWorkWithoutDrawersOrGroups(t *testing.T) {
	items, e := Items{Labels: alphabets(1, 6, 3).Labels}, TrialOptions{6, 2, 50, 1}
	for _, draw := range []func(TrialOptions) ([]Trial, error){items.WithinGroup, items.Unstructured} {
		trials, err := draw(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, trial := range trials {
			checkTrial(t, items, e, trial)
		}
	}
}

func TestEpisodesSkipSmallGroups(t *testing.T) {
	items := alphabets(2, 4, 3)
	for c := range 6 { // a third group that is large enough for 6 ways
		for d := range 3 {
			items.Labels, items.Groups, items.Drawers = append(items.Labels, 100+c), append(items.Groups, 2), append(items.Drawers, d+1)
		}
	}
	trials, err := items.WithinGroup(TrialOptions{6, 1, 20, 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range trials {
		if items.Groups[trial.Query] != 2 {
			t.Fatalf("a 6-way trial from group %d with 4 classes", items.Groups[trial.Query])
		}
	}
}

func TestEpisodesThatCannotBeDrawnSayWhy(t *testing.T) {
	items := alphabets(3, 8, 5)
	onlyPairs := Items{Labels: []int{0, 0, 1, 1}, Drawers: []int{1, 2, 3, 4}}
	for _, c := range []struct {
		items Items
		e     TrialOptions
		want  string
	}{
		{items, TrialOptions{20, 1, 10, 1}, "largest of 3 groups has 8 classes"},
		{items, TrialOptions{5, 5, 10, 1}, "has 0 classes with 6 images"},
		{items, TrialOptions{1, 1, 10, 1}, "want at least 1 trial, 2 ways and 1 shot"},
		{Items{}, TrialOptions{5, 1, 10, 1}, "there are none"},
		{Items{Labels: []int{1, 2}, Groups: []int{1}}, TrialOptions{2, 1, 1, 1}, "2 labels, 1 groups"},
		{onlyPairs, TrialOptions{2, 1, 1, 1}, "hardly any 2 people drew the same 2 classes"},
	} {
		if _, err := c.items.WithinGroup(c.e); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("WithinGroup(%+v) = %v, want an error with %q", c.e, err, c.want)
		}
	}
}

func TestDrawsDependOnTheSeedAlone(t *testing.T) {
	items, e := alphabets(3, 8, 5), TrialOptions{5, 1, 50, 9}
	first, _ := items.WithinGroup(e)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	again, _ := items.WithinGroup(e)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("WithinGroup gave other trials for the same seed")
	}
	e.Seed++
	if other, _ := items.WithinGroup(e); reflect.DeepEqual(first, other) {
		t.Errorf("WithinGroup gave the same trials for another seed")
	}
}

func TestBalancedPairsAreBalanced(t *testing.T) {
	items := alphabets(4, 3, 3)
	items.Labels, items.Groups, items.Drawers = append(items.Labels, 99), append(items.Groups, 9), append(items.Drawers, 1) // a lone one
	pairs, err := items.BalancedPairs(800, 1)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, p := range pairs {
		if (items.Labels[p.A] == items.Labels[p.B]) != p.Same || p.A == p.B {
			t.Fatalf("pair %+v of classes %d and %d", p, items.Labels[p.A], items.Labels[p.B])
		}
		if items.Groups[p.A] != items.Groups[p.B] || items.Drawers[p.A] == items.Drawers[p.B] {
			t.Fatalf("pair %+v of groups %d and %d by drawers %d and %d", p,
				items.Groups[p.A], items.Groups[p.B], items.Drawers[p.A], items.Drawers[p.B])
		}
		count[fmt.Sprint(items.Groups[p.A], p.Same)]++
	}
	for g := range 4 {
		for _, same := range []bool{true, false} {
			if n := count[fmt.Sprint(g, same)]; n != 100 {
				t.Errorf("group %d has %d pairs with same=%v, want 100", g, n, same)
			}
		}
	}
}

func TestPairsThatCannotBeDrawnSayWhy(t *testing.T) {
	for name, items := range map[string]Items{
		"one class":            {Labels: []int{1, 1, 1}},
		"one image per class":  {Labels: []int{1, 2, 3}},
		"one person per class": {Labels: []int{1, 1, 2, 2}, Drawers: []int{1, 1, 2, 2}},
	} {
		if _, err := items.BalancedPairs(10, 1); err == nil || !strings.Contains(err.Error(), "none of 1 groups") {
			t.Errorf("BalancedPairs of %s = %v, want an error", name, err)
		}
	}
}
