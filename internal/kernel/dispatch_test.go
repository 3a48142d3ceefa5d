package kernel

import (
	"slices"
	"testing"
)

// eachImplementation runs the test once for every set of inner loops this processor has.
func eachImplementation(t *testing.T, test func(t *testing.T)) {
	saved := active
	defer func() { active = saved }()
	sets := implementations()
	for i := range sets {
		active = &sets[i]
		t.Run(sets[i].name, test)
	}
}

func TestAvailableStartsWithPortableAndHoldsTheActiveSet(t *testing.T) {
	names := Available()
	if names[0] != "portable" || !slices.Contains(names, Active()) {
		t.Errorf("Available() = %v, Active() = %q, want portable first and the active set among them", names, Active())
	}
}

func TestChooseTakesTheWantedSetOrTheFastest(t *testing.T) {
	sets := []implementation{{name: "portable"}, {name: "avx2"}, {name: "avx512"}}
	for wanted, want := range map[string]string{"portable": "portable", "avx2": "avx2", "": "avx512", "sse9": "avx512"} {
		if got := choose(sets, wanted).name; got != want {
			t.Errorf("choose(%q) = %q, want %q", wanted, got, want)
		}
	}
}
