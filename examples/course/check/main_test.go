package main

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/examples/course/solution1"
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
