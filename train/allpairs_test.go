package train

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
)

// allPairs trains an encoder of vectors of three numbers with its pair head.
func allPairs(shares Shares) training {
	spec := encoder.MLP(3)
	spec.Widths, spec.Dim, spec.Normalize, spec.PairHead = nil, 4, false, true
	c := config()
	c.Spec, c.Task = spec, AllPairs{Spec: spec, Shares: shares}
	return c
}

// vectors are rows of random numbers, with these labels in these groups.
func vectors(labels, groups []int32) *dataset.Batch {
	random := rand.New(rand.NewPCG(5, 5))
	b := &dataset.Batch{N: len(labels), Labels: labels, Groups: groups}
	for range 3 * b.N {
		b.Vectors = append(b.Vectors, float32(random.NormFloat64()))
	}
	return b
}

// wantAllPairs is the definition, pair by pair: loss, and the fractions answered wrongly and mean distance, as pairs count.
func wantAllPairs(rows [][]float32, head func(a, b []float32) float64, b *dataset.Batch, shares Shares) (loss, active, mean float64) {
	type sum struct{ n, loss, active, mean float64 }
	var same, near, far sum
	for i := range rows {
		for j := range rows {
			p := 1 / (1 + math.Exp(-head(rows[i], rows[j])))
			at, right := &far, 1-p
			switch {
			case i == j:
				continue
			case b.Labels[i] == b.Labels[j]:
				at, right = &same, p
			case b.Groups[i] == b.Groups[j]:
				at = &near
			}
			at.n++
			at.loss -= math.Log(right)
			at.mean += 1 - p
			if right < 0.5 {
				at.active++
			}
		}
	}
	total := 0.0
	for share, s := range map[*float64]sum{&shares.Same: same, &shares.Near: near, &shares.Far: far} {
		if s.n > 0 {
			total += *share
			loss, active, mean = loss+*share*s.loss/s.n, active+*share*s.active/s.n, mean+*share*s.mean/s.n
		}
	}
	return loss / total, active / total, mean / total
}

func TestAllPairsCountsEachKindByItsShare(t *testing.T) {
	for name, test := range map[string]struct {
		labels, groups []int32
		shares         Shares
	}{
		"all kinds":                  {[]int32{1, 1, 2, 2, 3, 3, 3}, []int32{0, 0, 0, 0, 1, 1, 1}, Shares{0.5, 0.35, 0.15}},
		"no pairs of two groups":     {[]int32{1, 1, 2, 2}, []int32{0, 0, 0, 0}, Shares{0.5, 0.35, 0.15}},
		"no pairs of one class":      {[]int32{1, 2, 3}, []int32{0, 0, 1}, Shares{0.5, 0.35, 0.15}},
		"a kind that counts nothing": {[]int32{1, 1, 2, 3}, []int32{0, 0, 0, 1}, Shares{0.5, 0.5, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c, batch := allPairs(test.shares), vectors(test.labels, test.groups)
			tr := trainer(t, c)
			rows := embedded(t, tr, c.Spec, batch.Vectors)
			loss, active, mean := wantAllPairs(rows, headOf(t, tr, c.Spec.Dim), batch, test.shares)
			step := run(t, tr, one(batch))[0]
			for what, got := range map[string][2]float64{"Loss": {step.Loss, loss}, "Active": {step.Active, active}, "Mean": {step.Mean, mean}} {
				if math.Abs(got[0]-got[1]) > 1e-5 {
					t.Errorf("%s = %v, want %v", what, got[0], got[1])
				}
			}
		})
	}
}

// headOf is the logit of the pair head of a trainer's weights.
func headOf(t *testing.T, tr *batchTrainer, d int) func(a, b []float32) float64 {
	t.Helper()
	weights, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	alpha, bias, err := encoder.HeadWeights(weights, d)
	if err != nil {
		t.Fatal(err)
	}
	return func(a, b []float32) float64 {
		logit := float64(bias)
		for j := range a {
			logit += float64(alpha[j]) * math.Abs(float64(a[j])-float64(b[j]))
		}
		return logit
	}
}

// one is a single batch.
func one(b *dataset.Batch) func(yield func(*dataset.Batch, error) bool) {
	return func(yield func(*dataset.Batch, error) bool) { yield(b, nil) }
}

func TestAllPairsRefuses(t *testing.T) {
	usual := Shares{0.5, 0.35, 0.15}
	c := allPairs(usual)
	c.Spec.PairHead = false
	if _, err := New(backend(t), AllPairs{c.Spec, usual}, c.Config); err == nil || !strings.Contains(err.Error(), "pair head") {
		t.Errorf("New without a pair head: error %v, want one that names it", err)
	}
	for _, shares := range []Shares{{}, {0.5, 0, 0}, {0, 1, 1}, {1, -1, 3}, {math.NaN(), 1, 1}} {
		c := allPairs(shares)
		if _, err := New(backend(t), c.Task, c.Config); err == nil || !strings.Contains(err.Error(), "shares") {
			t.Errorf("New with shares %v: error %v, want one that names them", shares, err)
		}
	}
	batch := vectors([]int32{1, 1}, nil)
	for _, err := range trainer(t, allPairs(usual)).Steps(t.Context(), one(batch)) {
		if err == nil || !strings.Contains(err.Error(), "0 groups") {
			t.Errorf("a step without groups: error %v, want one that says so", err)
		}
	}
}
