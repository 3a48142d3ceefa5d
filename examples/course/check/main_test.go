package main

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/examples/course/sharing"
	"github.com/siam-go/siam/examples/course/solution1"
	"github.com/siam-go/siam/examples/course/solution2"
	"github.com/siam-go/siam/examples/course/triplets"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

func TestSolutionIsRight(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"1"}, true, &out); code != 0 || !strings.HasSuffix(out.String(), "7 of 7 parts are right\n") {
		t.Errorf("check -solution 1 = %d and prints\n%s", code, &out)
	}
}

func TestUnwrittenExerciseSaysWhatToWriteFirst(t *testing.T) {
	var out strings.Builder
	if code := run(t.Context(), []string{"1"}, false, &out); code != 1 || !strings.Contains(out.String(), "0 of 7 parts are right; next: write Distance") {
		t.Errorf("check 1 = %d and prints\n%s", code, &out)
	}
}

func TestTheSecondExercise(t *testing.T) {
	var solved, unwritten strings.Builder
	if code := run(t.Context(), []string{"2"}, true, &solved); code != 0 || !strings.HasSuffix(solved.String(), "5 of 5 parts are right\n") {
		t.Errorf("check -solution 2 = %d and prints\n%s", code, &solved)
	}
	if code := run(t.Context(), []string{"2"}, false, &unwritten); code != 1 || !strings.Contains(unwritten.String(), "0 of 5 parts are right; next: write Side") {
		t.Errorf("check 2 = %d and prints\n%s", code, &unwritten)
	}
}

// sharingMistakes are what students write in the second exercise, each with what the check must say of it.
var sharingMistakes = map[string]struct {
	spoil func(*sharing.Parts)
	says  string
}{
	"the smaller side": {func(p *sharing.Parts) { p.Side = func(w, h int) int { return 2*min(w, h) + 1 } }, "Side(3, 5) = 7, want 11"},
	"the index without its middle": {
		func(p *sharing.Parts) { p.Channel = func(i, j, m, n, d int) int { return (n-j)*d + m - i } }, "= 0, want 40",
	},
	"rows and columns mixed up": {
		func(p *sharing.Parts) { p.Channel = func(i, j, m, n, d int) int { return (m-i)*d + n - j + d*d/2 } }, "= 67, want 43",
	},
	"no numbers": {func(p *sharing.Parts) { p.Correlation = func(a, b sharing.Map) []float32 { return nil } }, "makes 0 numbers, want 1296"},
	"a loss without its minus sign": {
		func(p *sharing.Parts) {
			right := p.Loss
			p.Loss = func(a, b, c, d []float64) float64 { return -right(a, b, c, d) }
		}, "lacks the minus sign",
	},
	"a layer divided by its channels": {
		func(p *sharing.Parts) { p.Layer = func(a, b *Node) *Node { return coseg.Correlation(a, b, 4) } }, "Layer at column",
	},
}

func TestMistakesInTheSecondExerciseAreNamed(t *testing.T) {
	for name, m := range sharingMistakes {
		parts := solution2.Solved
		m.spoil(&parts)
		var out strings.Builder
		if code := tell(sharing.Check(t.Context(), parts), &out); code != 1 || !strings.Contains(out.String(), m.says) {
			t.Errorf("%s: %d\n%s\nwant %q", name, code, &out, m.says)
		}
	}
}

func TestOtherExercisesAreUnknown(t *testing.T) {
	for _, args := range [][]string{nil, {"9"}, {"1", "2"}} {
		if code := run(t.Context(), args, false, &strings.Builder{}); code != 2 {
			t.Errorf("check %v = %d, want 2", args, code)
		}
	}
}

// mistakes are what students write, each with what the check must say of it.
var mistakes = map[string]struct {
	spoil func(*triplets.Parts)
	says  string
}{
	"a distance with its root": {
		func(p *triplets.Parts) { p.Distance = func(a, b []float32) float64 { return 4.472 } }, "take no root",
	},
	"a distance that panics": {
		func(p *triplets.Parts) { p.Distance = func(a, b []float32) float64 { return float64(a[7]) } }, "it panics",
	},
	"a loss without the maximum": {
		func(p *triplets.Parts) { p.Loss = func(ap, an, m float64) float64 { return ap - an + m } }, "= -1.25, want 0",
	},
	"a loss with the sign turned": {
		func(p *triplets.Parts) { p.Loss = func(ap, an, m float64) float64 { return max(an-ap+m, 0) } }, "want 0",
	},
	"hard and semi-hard mixed up": {
		func(p *triplets.Parts) {
			p.Kind = func(ap, an, m float64) string {
				if ap-an+m <= 0 {
					return "easy"
				}
				return "semi-hard"
			}
		}, `want "hard"`,
	},
	"an anchor as its own positive": {
		func(p *triplets.Parts) { p.Triplets = func([]int) [][3]int { return [][3]int{{0, 0, 2}} } }, "d(a,p) would be 0",
	},
	"too few triplets": {
		func(p *triplets.Parts) { p.Triplets = func([]int) [][3]int { return [][3]int{{0, 1, 2}} } }, "make 1 triplets, want 26",
	},
	"a mean in place of the sum": {
		func(p *triplets.Parts) {
			p.GraphLoss = func(ap, an *Node, m float64) *Node { return ReduceAllMean(MaxScalar(AddScalar(Sub(ap, an), m), 0)) }
		}, "the sum",
	},
	"no sum at all": {
		func(p *triplets.Parts) {
			p.GraphLoss = func(ap, an *Node, m float64) *Node { return MaxScalar(AddScalar(Sub(ap, an), m), 0) }
		}, "want a scalar",
	},
	"the head kept": {
		func(p *triplets.Parts) { p.Spec = encoder.Koch35 }, "pair head still",
	},
	"vectors of any length": {
		func(p *triplets.Parts) {
			p.Spec = func() encoder.Spec { s := encoder.Koch35(); s.PairHead = false; return s }
		}, "not scaled to length 1",
	},
	"hard triplets from the first step on": {
		func(p *triplets.Parts) {
			p.Task = func(spec encoder.Spec, m float64) train.Task[*dataset.Batch] {
				return train.Labels{Spec: spec, Objective: metric.Objective{
					Distance: metric.SquaredEuclidean(), Miner: metric.Hard(), Loss: metric.Triplet(m), Reducer: metric.MeanActive(),
				}}
			}
		}, "it does not learn",
	},
}

func TestMistakesAreNamed(t *testing.T) {
	for name, mistake := range mistakes {
		t.Run(name, func(t *testing.T) {
			parts := solution1.Solved
			if !strings.Contains(mistake.says, "not learn") {
				parts.Task = nil // which takes seconds
			}
			mistake.spoil(&parts)
			var out strings.Builder
			code := tell(triplets.Check(t.Context(), parts), &out)
			if wrong := strings.Count(out.String(), "✗"); code != 1 || wrong != 1 || !strings.Contains(out.String(), mistake.says) {
				t.Errorf("exit code %d, prints\n%swant exactly one ✗, with %q", code, &out, mistake.says)
			}
		})
	}
}
