package recipe

import (
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
)

func TestSplitKeepsWholeAlphabetsOut(t *testing.T) {
	set := few(t)
	const validation = 2
	seen := make(map[string]bool)
	for seed := range uint64(10) {
		learned, validated, err := Characters{}.split(set, validation, seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(validated.Groups()); got != validation {
			t.Errorf("seed %d: %d alphabets validate, want %d", seed, got, validation)
		}
		for _, group := range validated.Groups() {
			seen[group] = true
			if slices.Contains(learned.Groups(), group) {
				t.Errorf("seed %d: alphabet %s is learned from and validates", seed, group)
			}
		}
		if got := len(learned.Items) + len(validated.Items); got != len(set.Items) {
			t.Errorf("seed %d: %d drawings in both parts, want %d", seed, got, len(set.Items))
		}
		again, _, err := Characters{}.split(set, validation, seed)
		if err != nil || !slices.Equal(again.Groups(), learned.Groups()) {
			t.Errorf("seed %d: split again %v, %v, want %v", seed, again.Groups(), err, learned.Groups())
		}
	}
	if len(seen) < 3 {
		t.Errorf("ten seeds validate on %d alphabets only", len(seen))
	}
}

func TestSplitByDrawersSharesNobody(t *testing.T) {
	set := alphabets(t, dataset.GenerateOptions{Alphabets: 4, Characters: 3, Drawers: 7, Seed: 1})
	learned, validated, err := Characters{Drawers: 3}.split(set, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3}; !slices.Equal(learned.Drawers(), want) {
		t.Errorf("drawers to learn from = %v, want %v", learned.Drawers(), want)
	}
	if want := []int{4, 5, 6, 7}; !slices.Equal(validated.Drawers(), want) {
		t.Errorf("drawers to validate on = %v, want %v", validated.Drawers(), want)
	}
	if _, _, err := (Characters{Drawers: 4}).split(set, 2, 1); err == nil || !strings.Contains(err.Error(), "drawers=4") {
		t.Errorf("split with too few people: error %v, want one that names drawers=4", err)
	}
}

func TestSplitRefusesALeak(t *testing.T) {
	set := few(t)
	copied := set.Items[0].Image // of the first alphabet, in all others too
	for i, item := range set.Items {
		if i%20 == 0 && item.Label > 0 {
			set.Items[i].Image = copied
		}
	}
	if _, _, err := (Characters{}).split(set, 2, 1); err == nil {
		t.Error("split of a set with one drawing in several alphabets: no error")
	}
}

func TestSplitRefusesToKeepAllOrNoneOut(t *testing.T) {
	set := few(t)
	for _, n := range []int{0, 6, 7} {
		if _, _, err := (Characters{}).split(set, n, 1); err == nil || !strings.Contains(err.Error(), "1 to 5") {
			t.Errorf("split with validation=%d of 6: error %v, want one that says 1 to 5", n, err)
		}
	}
}

func TestExtendAddsTurnedAndInventedAlphabets(t *testing.T) {
	set := few(t)
	extended, err := Characters{Turns: true, Invented: 3}.extend(t.Context(), set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := extended.Check(); err != nil {
		t.Error(err)
	}
	if got, want := len(extended.Groups()), 6*8+3; got != want {
		t.Errorf("%d alphabets, want %d: six in eight turns, and three", got, want)
	}
	if got, want := len(extended.Classes), 30*8+3*inventedCharacters; got != want {
		t.Errorf("%d characters, want %d", got, want)
	}
	// What is invented for this seed is not what siam data generate invents for it.
	own := alphabets(t, dataset.GenerateOptions{Alphabets: 3, Characters: inventedCharacters, Drawers: inventedDrawers, Seed: 1})
	invented, err := Characters{Invented: 3}.extend(t.Context(), &dataset.Set{Name: "none"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(own.Items[0].Image.Pix, invented.Items[0].Image.Pix) {
		t.Error("the first invented drawing is that of the generated data set of this seed")
	}
}

func TestAnEpochShowsAsManyAsThereAre(t *testing.T) {
	set := few(t) // 240 drawings
	c := Characters{Alphabets: 2, Characters: 4, Drawings: 2}
	if got, want := c.epoch(set, ObjectiveSettings{Objective: "supcon"}), 240/(2*4*2); got != want {
		t.Errorf("epoch = %d, want %d", got, want)
	}
	for _, test := range []struct{ pairs, pool, want int }{{10, 55, 5}, {10, 0, 24}, {1000, 0, 1}} {
		s := ObjectiveSettings{Objective: "pairs", Pairs: test.pairs, Pool: test.pool}
		if got := c.epoch(set, s); got != test.want {
			t.Errorf("epoch of %d pairs from a pool of %d = %d, want %d", test.pairs, test.pool, got, test.want)
		}
	}
}

func TestValidationTrialsAskWithinAnAlphabet(t *testing.T) {
	set := few(t)
	trials, err := oneShotTrials(set, 100, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) != 100 {
		t.Errorf("%d trials, want 100", len(trials))
	}
	items := judge.ItemsOf(set)
	for i, trial := range trials {
		if len(trial.Support) != 5 {
			t.Fatalf("trial %d has %d ways, want all 5 characters of an alphabet", i, len(trial.Support))
		}
		for way, shots := range trial.Support {
			if items.Groups[shots[0]] != items.Groups[trial.Query] {
				t.Errorf("trial %d, way %d comes from another alphabet than the query", i, way)
			}
			if same := items.Labels[shots[0]] == items.Labels[trial.Query]; same != (way == trial.True) {
				t.Errorf("trial %d, way %d shows the query's character %v, want %v", i, way, same, way == trial.True)
			}
		}
	}
}
