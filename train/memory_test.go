package train

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheObjectivesVariablesAreLearnedOrRemembered(t *testing.T) {
	c := config()
	c.Task, c.Average = Labels{Objective: remembering()}, 0.9
	tr := trainer(t, c)
	memory, boundary := variablesIn(t, tr, "/memory/"), variablesIn(t, tr, "/objective/boundary")
	if len(memory) != 4 || len(boundary) != 1 {
		t.Fatalf("a new trainer has %d variables of memories and %d boundaries, want 4 and 1", len(memory), len(boundary))
	}
	run(t, tr, stripes(0, 3))
	for path, before := range memory {
		if now := variablesIn(t, tr, path)[path]; cmp.Equal(before, now) {
			t.Errorf("%s has not changed in three steps", path)
		}
	}
	if cmp.Equal(boundary, variablesIn(t, tr, "/objective/boundary")) {
		t.Error("the boundary has not changed in three steps")
	}
	for _, part := range []string{"/average/objective/memory", "/optimizer/objective/memory", "/average/objective/also0", "/optimizer/objective/also0"} {
		if got := variablesIn(t, tr, part); len(got) > 0 {
			t.Errorf("the memory has %d variables under %s, want none: it is no weight", len(got), part)
		}
	}
}

func TestAFailedStepIsNotRemembered(t *testing.T) {
	c := config()
	c.Task = Labels{Objective: remembering()}
	tr := trainer(t, c)
	for number := range 2 { // the first step builds the graph
		before := variablesIn(t, tr, "/memory/")
		bad := stripesBatch(number)
		bad.Images[7] = float32(math.NaN())
		if _, err := tr.step(bad); err == nil {
			t.Fatal("step with NaN in an image = nil, want an error")
		}
		if !cmp.Equal(before, variablesIn(t, tr, "/memory/")) {
			t.Errorf("after %d good steps a failed one has changed the memory", number)
		}
		run(t, tr, stripes(number, number+1))
	}
}

func TestOtherWeightsEmptyTheMemory(t *testing.T) {
	c := config()
	c.Task = Labels{Objective: remembering()}
	tr := trainer(t, c)
	empty := variablesIn(t, tr, "/memory/")
	run(t, tr, stripes(0, 2))
	weights, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(empty, variablesIn(t, tr, "/memory/")); diff != "" {
		t.Errorf("memory after SetWeights, against a new one's: %s", diff)
	}
}

func TestAMemoryWantsLabelsFromZero(t *testing.T) {
	c := config()
	c.Task = Labels{Objective: remembering()}
	bad := stripesBatch(0)
	bad.Labels[3] = -1
	if _, err := trainer(t, c).step(bad); err == nil {
		t.Error("step with label -1 = nil, want an error")
	}
}
