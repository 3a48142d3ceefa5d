package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// The expected intervals are Wilson's formula evaluated in Python.
func TestNewProportionGivesWilsonsInterval(t *testing.T) {
	for _, c := range []struct {
		right, n  int
		low, high float64
	}{
		{381, 400, 0.9270084505901734, 0.9693829230372881},
		{0, 10, 0, 0.2775327998628892},
		{10, 10, 0.7224672001371107, 1},
		{1, 2, 0.09453120573423074, 0.9054687942657693},
		{0, 0, 0, 1},
		{12, 10, 0.7224672001371107, 1},
	} {
		p := NewProportion(c.right, c.n)
		near(t, "low", p.CI95[0], c.low, 1e-12)
		near(t, "high", p.CI95[1], c.high, 1e-12)
		if p.Value < p.CI95[0] || p.Value > p.CI95[1] {
			t.Errorf("NewProportion(%d, %d) = %v lies outside its interval", c.right, c.n, p)
		}
	}
}

func TestProportionIsWrittenAsScriptsReadIt(t *testing.T) {
	data, err := json.Marshal(NewProportion(1, 4))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got["accuracy"] != 0.25 || got["n"] != 4.0 || len(got["ci95"].([]any)) != 2 {
		t.Errorf("json = %s, want accuracy 0.25, n 4 and a ci95 of two", data)
	}
	if got, want := NewProportion(381, 400).String(), "95.25 % [92.70, 96.94] (n=400)"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

// The interval must hold the truth in about 95 % of repeated experiments.
func TestWilsonCoversTheTruth(t *testing.T) {
	rng, covered := rand.New(rand.NewPCG(1, 2)), 0
	const experiments, n, truth = 4000, 60, 0.9
	for range experiments {
		right := 0
		for range n {
			if rng.Float64() < truth {
				right++
			}
		}
		if ci := NewProportion(right, n).CI95; ci[0] <= truth && truth <= ci[1] {
			covered++
		}
	}
	near(t, "coverage", float64(covered)/experiments, 0.95, 0.02)
}

// t(0.975, 9) = 2.262157 and t(0.975, 1) = 12.706205 are from Student's table.
func TestFoldMeanUsesStudentsQuantile(t *testing.T) {
	ten := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9} // s = 3.0276503540974917
	got := FoldMean(ten)
	near(t, "mean", got.Value, 4.5, 1e-12)
	near(t, "high", got.CI95[1]-4.5, 2.2621571628*3.0276503540974917/math.Sqrt(10), 1e-7)
	near(t, "width of two", FoldMean([]float64{0, 2}).CI95[1]-1, 12.7062047364, 1e-6)
	near(t, "standard error", StandardError(ten), 3.0276503540974917/math.Sqrt(10), 1e-12)
	if one := FoldMean([]float64{7}); one.CI95 != (Interval{7, 7}) {
		t.Errorf("FoldMean of one value = %v, want no width", one)
	}
	if none := FoldMean(nil); none != (Estimate{}) {
		t.Errorf("FoldMean(nil) = %v, want zeros", none)
	}
}

// bootstrapMean is the mean of values with its bootstrap interval.
func bootstrapMean(values []float64, seed uint64) Estimate {
	return Bootstrap(len(values), 1000, seed, func(rows []int) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += values[r]
		}
		return sum / float64(len(rows))
	})
}

func TestBootstrapOfAMeanAgreesWithTheNormalInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 2000)
	for i := range values {
		values[i] = 5 + rng.NormFloat64()
	}
	got, half := bootstrapMean(values, 1), z95*StandardError(values)
	near(t, "value", got.Value, Mean(values), 1e-12)
	near(t, "low", got.CI95[0], got.Value-half, half/8)
	near(t, "high", got.CI95[1], got.Value+half, half/8)
}

func TestBootstrapIsTheSameOnAnyNumberOfCores(t *testing.T) {
	values := []float64{1, 5, 2, 8, 3, 3, 9}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := bootstrapMean(values, 7)
	runtime.GOMAXPROCS(3)
	if three := bootstrapMean(values, 7); three != one {
		t.Errorf("Bootstrap on 3 cores = %v, want %v as on 1", three, one)
	}
	if other := bootstrapMean(values, 8); other.CI95 == one.CI95 {
		t.Errorf("seeds 7 and 8 gave the same interval %v", one.CI95)
	}
}

func TestQuantileInterpolates(t *testing.T) {
	sorted := []float64{0, 10, 20, 30}
	for _, c := range [][2]float64{{0, 0}, {1, 30}, {0.5, 15}, {0.1, 3}, {2, 30}, {-1, 0}} {
		near(t, "quantile", Quantile(sorted, c[0]), c[1], 1e-12)
	}
}

// The p-values are sums of binomial coefficients: 2·(1+10)/2^10 and 2·(1+5+10)/2^5 → 1.
func TestMcNemarIsExact(t *testing.T) {
	for _, c := range []struct {
		onlyA, onlyB, both int
		p                  float64
	}{
		{9, 1, 50, 2 * 11.0 / 1024},
		{1, 9, 0, 2 * 11.0 / 1024},
		{2, 3, 4, 1},
		{0, 6, 1, 2.0 / 64},
		{0, 0, 5, 1},
	} {
		var a, b []bool
		for range c.onlyA {
			a, b = append(a, true), append(b, false)
		}
		for range c.onlyB {
			a, b = append(a, false), append(b, true)
		}
		for range c.both {
			a, b = append(a, true), append(b, true)
		}
		got := McNemar(a, b)
		near(t, "p", got.P, c.p, 1e-12)
		if got.OnlyA != c.onlyA || got.OnlyB != c.onlyB || got.N != len(a) {
			t.Errorf("McNemar = %+v, want counts %+v", got, c)
		}
	}
}

func TestIntervalWithinCutsBothEnds(t *testing.T) {
	for in, want := range map[Interval]Interval{{-0.2, 0.5}: {0, 0.5}, {0.9, 1.1}: {0.9, 1}, {0.2, 0.3}: {0.2, 0.3}, {1.1, 1.2}: {1, 1}} {
		if got := in.Within(0, 1); got != want {
			t.Errorf("Within(%v, 0, 1) = %v, want %v", in, got, want)
		}
	}
}
