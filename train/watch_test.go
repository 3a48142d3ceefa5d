package train

import (
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/metric"
)

func TestWatcherSeesCollapse(t *testing.T) {
	const window, margin = 10, 0.2
	healthy := func(i int) sight { return sight{Typical: 0.15, Active: 0.5, Mean: 1, Spread: 0.3} }
	for name, test := range map[string]struct {
		after func(i int) sight // from the 21st step on
		want  string
	}{
		"a healthy training":   {healthy, ""},
		"a shrinking sphere":   {func(i int) sight { return sight{0.21, 1, 1e-3, 1e-4} }, "same embedding"},
		"a loss at the margin": {func(i int) sight { return sight{margin * 1.001, 1, 0.1, 0.02} }, "the loss stays at 0.2"},
		"a loss at the margin that starts to spread": {
			func(i int) sight { return sight{margin * 0.999, 1, 0.02 * float64(1+i), 0.01} }, ""},
		"a loss above the margin": {func(i int) sight { return sight{margin * 1.5, 1, 0.5, 0.2} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var w watcher
			var reason string
			for i := range 60 {
				step := healthy(i)
				if i >= 20 {
					step = test.after(i - 20)
				}
				if reason = w.observe(step, window, margin); reason != "" {
					break
				}
			}
			if test.want == "" && reason != "" || !strings.Contains(reason, test.want) {
				t.Errorf("observe = %q, want %q", reason, test.want)
			}
		})
	}
}

func TestWatcherTellsOnceThatNothingIsActive(t *testing.T) {
	var w watcher
	told := 0
	for range 50 {
		w.observe(sight{Typical: 0, Active: 0, Mean: 1, Spread: 0.4}, 10, 0.2)
		if w.idle(10) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

// blank batches have one image only, so every embedding is the same.
func blank(n int) func(yield func(*dataset.Batch, error) bool) {
	return func(yield func(*dataset.Batch, error) bool) {
		for range n {
			b := stripesBatch(0)
			clear(b.Images)
			if !yield(b, nil) {
				return
			}
		}
	}
}

func TestTrainingStepsBackFromCollapse(t *testing.T) {
	c := config()
	c.Watch.Window = 5
	c.Task = Labels{
		Objective: metric.Objective{Distance: metric.SquaredEuclidean(), Miner: metric.BatchHard(), Loss: metric.Triplet(0.2), Reducer: metric.Mean()},
		Miners:    []metric.Miner{metric.SemiHard(0.2), metric.All()},
	}
	tr := trainer(t, c)
	var notes []string
	for _, step := range run(t, tr, blank(60)) {
		if step.Note != "" {
			notes = append(notes, step.Note)
		}
	}
	want := []string{"miner semi_hard", "miner all", "half the learning rate", "has not helped"}
	if len(notes) != len(want) {
		t.Fatalf("notes = %q, want %d", notes, len(want))
	}
	for i := range want {
		if !strings.Contains(notes[i], want[i]) || !strings.HasPrefix(notes[i], "collapsed") {
			t.Errorf("note %d = %q, want one that begins with collapsed and has %q", i, notes[i], want[i])
		}
	}
	if tr.state.RateFactor != 1.0/8 {
		t.Errorf("rate factor = %v, want 1/8", tr.state.RateFactor)
	}
}

func TestPairsStepBackFromOneAnswerForAll(t *testing.T) {
	c := pairsConfig()
	c.Watch.Window = 5
	c.Layer.Rate = 0.05
	found := false
	for _, step := range run(t, trainer(t, c), balancedBlank(80)) {
		found = found || strings.Contains(step.Note, "the loss stays at 0.6931")
	}
	if !found {
		t.Error("pairs of equal images bring no note about the loss at ln 2")
	}
}

// balancedBlank has as many same as different pairs of one image, so that the best answer is one half.
func balancedBlank(n int) func(yield func(*dataset.Batch, error) bool) {
	return func(yield func(*dataset.Batch, error) bool) {
		for b := range blank(n) {
			for i := range b.Same {
				b.Same[i] = float32(i % 2)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func TestWatchCanBeSwitchedOff(t *testing.T) {
	c := config()
	c.Watch = Watch{Off: true, Window: 5}
	for _, step := range run(t, trainer(t, c), blank(30)) {
		if step.Note != "" {
			t.Errorf("step %d has the note %q, want none", step.Number, step.Note)
		}
	}
}
