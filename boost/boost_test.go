package boost

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// points are n rows of two numbers in [0, 1] and of noise, and whether rule says yes.
func points(n int, rule func(x, y float32) bool) (rows [][]float32, yes []bool) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		row := []float32{rng.Float32(), rng.Float32(), rng.Float32()}
		rows, yes = append(rows, row), append(yes, rule(row[0], row[1]))
	}
	return rows, yes
}

func train(t *testing.T, rows [][]float32, yes []bool, s Settings) *Forest {
	t.Helper()
	f, err := Train(context.Background(), rows, yes, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// wrong is the part of rows that a forest answers otherwise.
func wrong(f *Forest, rows [][]float32, yes []bool) float64 {
	n := 0
	for i, row := range rows {
		if f.Logit(row) > 0 != yes[i] {
			n++
		}
	}
	return float64(n) / float64(len(rows))
}

func TestForestLearnsWhatNoSingleColumnTells(t *testing.T) {
	exclusive := func(x, y float32) bool { return x > 0.4 != (y > 0.6) }
	rows, yes := points(4000, exclusive)
	f := train(t, rows[:2000], yes[:2000], Default())
	if part := wrong(f, rows[2000:], yes[2000:]); part > 0.03 {
		t.Errorf("%.1f %% of unseen rows are answered wrongly", 100*part)
	}
}

// TestOneTreeIsTheBestSplit compares a stump with all splits tried one by one: the loss after Newton's step, to second order.
func TestOneTreeIsTheBestSplit(t *testing.T) {
	rows, yes := points(60, func(x, y float32) bool { return x+0.3*y > 0.62 })
	f := train(t, rows, yes, Settings{Trees: 1, Depth: 1, Rate: 1, L2: 1, Least: 5, Bins: 256, Part: 1})
	p := logistic(float64(f.Base))
	most, column, low, high := -1.0, 0, 0.0, 0.0
	var edge float32
	for c := range rows[0] {
		for _, cut := range rows {
			var g, h [2]float64
			var n [2]int
			for i, row := range rows {
				side := 0
				if row[c] > cut[c] {
					side = 1
				}
				n[side]++
				g[side] += p
				if yes[i] {
					g[side]--
				}
				h[side] += p * (1 - p)
			}
			if n[0] < 5 || n[1] < 5 {
				continue
			}
			if gain := g[0]*g[0]/(h[0]+1) + g[1]*g[1]/(h[1]+1); gain > most {
				most, column, edge, low, high = gain, c, cut[c], -g[0]/(h[0]+1), -g[1]/(h[1]+1)
			}
		}
	}
	if int(f.Features[0]) != column || f.Thresholds[0] != edge || math.Abs(float64(f.Leaves[0])-low) > 1e-6 || math.Abs(float64(f.Leaves[1])-high) > 1e-6 {
		t.Errorf("stump %+v, want column %d at %g with %g and %g", *f, column, edge, low, high)
	}
}

func TestProbabilitiesAreThoseOfTheData(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rows, _ := points(20000, func(_, _ float32) bool { return false })
	yes := make([]bool, len(rows))
	for i := range yes {
		yes[i] = rng.Float32() < rows[i][0]
	}
	f := train(t, rows, yes, Default())
	for _, x := range []float32{0.1, 0.3, 0.5, 0.7, 0.9} {
		sum := 0.0
		for range 200 {
			sum += f.Probability([]float32{x, rng.Float32(), rng.Float32()}) / 200
		}
		if math.Abs(sum-float64(x)) > 0.04 {
			t.Errorf("Probability at %.1f = %.3f", x, sum)
		}
	}
}

func TestForestThroughTensors(t *testing.T) {
	rows, yes := points(300, func(x, _ float32) bool { return x > 0.5 })
	rows[3][0] = float32(math.NaN())
	f := train(t, rows, yes, Settings{Trees: 7, Depth: 2, Rate: 0.3, Least: 1, Bins: 16, Part: 1})
	again, others, err := FromTensors(f.Tensors())
	if err != nil || len(others) != 0 {
		t.Fatal(err, others)
	}
	if diff := cmp.Diff(f, again); diff != "" {
		t.Error(diff)
	}
	if none, _, err := FromTensors(nil); none != nil || err != nil {
		t.Errorf("no tensors: %v, %v", none, err)
	}
	bad := f.Tensors()
	bad[1].Values = append([]float32{3}, bad[1].Values[1:]...)
	if _, _, err := FromTensors(bad); err == nil {
		t.Error("a tree that looks at a column that is not there is taken")
	}
	if _, _, err := FromTensors(f.Tensors()[:2]); err == nil {
		t.Error("half a forest is taken")
	}
}

func TestTrainRefusesWhatCannotBe(t *testing.T) {
	one := [][]float32{{1}}
	for name, run := range map[string]func() (*Forest, error){
		"no rows":    func() (*Forest, error) { return Train(context.Background(), nil, nil, Default()) },
		"no answers": func() (*Forest, error) { return Train(context.Background(), one, nil, Default()) },
		"several lengths": func() (*Forest, error) {
			return Train(context.Background(), [][]float32{{1}, {1, 2}}, make([]bool, 2), Default())
		},
		"no settings": func() (*Forest, error) { return Train(context.Background(), one, make([]bool, 1), Settings{}) },
	} {
		if f, err := run(); err == nil {
			t.Errorf("%s: %+v, want an error", name, f)
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(done, one, make([]bool, 1), Default()); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
	f := train(t, one, []bool{true}, Default())
	if p := f.Probability([]float32{5}); !(p > 0.5 && p < 1) {
		t.Errorf("one row that is a yes: %g", p)
	}
}
