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
	s := tiny().Settings
	seen := make(map[string]bool)
	for seed := range uint64(10) {
		learned, validated, err := s.split(set, seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(validated.Groups()); got != s.Validation {
			t.Errorf("seed %d: %d alphabets validate, want %d", seed, got, s.Validation)
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
		again, _, err := s.split(set, seed)
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
	s := tiny().Settings
	s.Drawers = 3
	learned, validated, err := s.split(set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3}; !slices.Equal(learned.Drawers(), want) {
		t.Errorf("drawers to learn from = %v, want %v", learned.Drawers(), want)
	}
	if want := []int{4, 5, 6, 7}; !slices.Equal(validated.Drawers(), want) {
		t.Errorf("drawers to validate on = %v, want %v", validated.Drawers(), want)
	}
	s.Drawers = 4
	if _, _, err := s.split(set, 1); err == nil || !strings.Contains(err.Error(), "drawers=4") {
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
	if _, _, err := tiny().Settings.split(set, 1); err == nil {
		t.Error("split of a set with one drawing in several alphabets: no error")
	}
}

func TestSplitRefusesToKeepAllOrNoneOut(t *testing.T) {
	set := few(t)
	for _, n := range []int{0, 6, 7} {
		s := tiny().Settings
		s.Validation = n
		if _, _, err := s.split(set, 1); err == nil || !strings.Contains(err.Error(), "1 to 5") {
			t.Errorf("split with validation=%d of 6: error %v, want one that says 1 to 5", n, err)
		}
	}
}

func TestExtendAddsTurnedAndInventedAlphabets(t *testing.T) {
	set := few(t)
	s := tiny().Settings
	s.Turns, s.Invented = true, 3
	extended, err := s.extend(t.Context(), set, 1)
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
	s.Turns = false
	own := alphabets(t, dataset.GenerateOptions{Alphabets: 3, Characters: inventedCharacters, Drawers: inventedDrawers, Seed: 1})
	invented, err := s.extend(t.Context(), &dataset.Set{Name: "none"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(own.Items[0].Image.Pix, invented.Items[0].Image.Pix) {
		t.Error("the first invented drawing is that of the generated data set of this seed")
	}
}

func TestStepsPerEpochShowAsManyAsThereAre(t *testing.T) {
	set := few(t) // 120 drawings
	s := tiny().Settings
	if got, want := s.stepsPerEpoch(set), 120/(2*4*2); got != want {
		t.Errorf("stepsPerEpoch = %d, want %d", got, want)
	}
	s.Objective, s.Pairs, s.Pool = "pairs", 10, 55
	if got, want := s.stepsPerEpoch(set), 5; got != want {
		t.Errorf("stepsPerEpoch of a pool = %d, want %d", got, want)
	}
	s.Pool = 0
	if got, want := s.stepsPerEpoch(set), 12; got != want {
		t.Errorf("stepsPerEpoch without a pool = %d, want %d", got, want)
	}
	s.Pairs = 1000
	if got, want := s.stepsPerEpoch(set), 1; got != want {
		t.Errorf("stepsPerEpoch of a large batch = %d, want %d", got, want)
	}
}

func TestValidationTrialsAskWithinAnAlphabet(t *testing.T) {
	s := tiny().Settings
	spec, err := s.encoderSpec()
	if err != nil {
		t.Fatal(err)
	}
	set := few(t)
	v, err := newValidation(set, spec, s, 3)
	if err != nil {
		t.Fatal(err)
	}
	trials, err := s.trials(set, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(trials) != s.Trials || len(v.inputs) != len(set.Items)*spec.Preprocess.Size() {
		t.Errorf("%d trials on %d numbers, want %d and %d", len(trials), len(v.inputs), s.Trials, len(set.Items)*spec.Preprocess.Size())
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
