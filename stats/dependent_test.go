package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// crowd are people who differ: whether a trial of theirs fails depends on them, on the two together, and on the trial.
type crowd struct {
	people, trials int     // trials of each person or pair of people
	rate           float64 // at which trials fail
	person, pair   float64 // parts of the variance of what makes them fail
}

// same draws trials of one person each.
func (c crowd) same(rng *rand.Rand) Trials {
	var t Trials
	for p := range c.people {
		offset := math.Sqrt(c.person) * rng.NormFloat64()
		for range c.trials {
			t.add(offset+math.Sqrt(1-c.person)*rng.NormFloat64() < normal.Quantile(c.rate), p, p)
		}
	}
	return t
}

// different draws trials of two people each.
func (c crowd) different(rng *rand.Rand) Trials {
	offsets := make([]float64, c.people)
	for p := range offsets {
		offsets[p] = math.Sqrt(c.person/2) * rng.NormFloat64()
	}
	var t Trials
	for a := range c.people {
		for b := range a {
			both := offsets[a] + offsets[b] + math.Sqrt(c.pair)*rng.NormFloat64()
			for range c.trials {
				t.add(both+math.Sqrt(1-c.person-c.pair)*rng.NormFloat64() < normal.Quantile(c.rate), a, b)
			}
		}
	}
	return t
}

func (t *Trials) add(failed bool, a, b int) {
	value := 0.0
	if failed {
		value = 1
	}
	t.Values, t.Classes = append(t.Values, value), append(t.Classes, [2]int{a, b})
}

var normal = distuv.Normal{Sigma: 1}

// covered is how often the interval of an experiment holds the rate: that by people, and Wilson's, which takes trials as independent.
func covered(c crowd, draw func(*rand.Rand) Trials) (byPeople, wilson float64) {
	const experiments = 500
	rng := rand.New(rand.NewPCG(9, uint64(c.people)))
	for range experiments {
		t := draw(rng)
		mean := t.Mean()
		if mean.CI95[0] <= c.rate && c.rate <= mean.CI95[1] {
			byPeople += 1.0 / experiments
		}
		if ci := NewProportion(int(math.Round(mean.Value*float64(mean.N))), mean.N).CI95; ci[0] <= c.rate && c.rate <= ci[1] {
			wilson += 1.0 / experiments
		}
	}
	return byPeople, wilson
}

// People differ, and the trials of one are alike: intervals by people hold the truth in 95 % of the experiments or more, Wilson's
// in as few as a third.
func TestIntervalsByPeopleCoverTheTruth(t *testing.T) {
	for name, c := range map[string]crowd{
		"ten people": {10, 45, 0.1, 0.3, 0}, "fifty people": {50, 20, 0.3, 0.3, 0}, "ten, rarely": {10, 45, 0.01, 0.3, 0},
		"two hundred": {200, 10, 0.1, 0.2, 0},
	} {
		checkCover(t, "same pairs of "+name, c, c.same)
	}
	for name, c := range map[string]crowd{
		"ten people": {10, 25, 0.1, 0.2, 0.2}, "twenty, rarely": {20, 10, 0.01, 0.3, 0.2}, "forty people": {40, 4, 0.02, 0.2, 0.2},
		"forty, often": {40, 4, 0.3, 0.2, 0.2},
	} {
		checkCover(t, "different pairs of "+name, c, c.different)
	}
}

func checkCover(t *testing.T, name string, c crowd, draw func(*rand.Rand) Trials) {
	t.Helper()
	by, plain := covered(c, draw)
	t.Logf("%s: %.3f, and Wilson's %.3f", name, by, plain)
	if by < 0.93 || plain > 0.92 {
		t.Errorf("%s: intervals by people cover the truth in %.3f of the experiments and Wilson's in %.3f, want about 0.95 and fewer", name, by, plain)
	}
}

// The jackknife's error of the mean of people with as many trials each is that of their means: s/√n.
func TestMeanByPeopleHasTheErrorOfTheirMeans(t *testing.T) {
	var trials Trials
	means := []float64{0.2, 0.6, 0.4, 1, 0.8}
	for p, m := range means {
		for k := range 10 {
			trials.add(float64(k) < 10*m-0.5, p, p)
		}
	}
	_, without := trials.leaveOneOut([]int{0, 1, 2, 3, 4})
	near(t, "without the second", without[1], 0.6, 1e-12)
	mean := trials.Mean()
	near(t, "mean", mean.Value, 0.6, 1e-12)
	n := 0.6 * 0.4 / math.Pow(StandardError(means), 2)
	least := 5 * 20.0 / 11
	n = min(n, (0.4*n+1)/(0.4+1/least)) * math.Pow(z95/2.7764451052, 2) // t(0.975, 4)
	near(t, "low", mean.CI95[0], wilson(0.6, n)[0], 1e-9)
	if mean.N != 50 {
		t.Errorf("n = %d, want 50 trials", mean.N)
	}
}

func TestPerfectResultsAreNotCertain(t *testing.T) {
	perfect := func(people, each int) Trials {
		var trials Trials
		for p := range people {
			for range each {
				trials.add(true, p, p)
			}
		}
		return trials
	}
	widest := 0.0
	for _, people := range []int{2, 5, 20, 100} {
		mean := perfect(people, 1000).Mean()
		if mean.Value != 1 || mean.CI95[1] != 1 || mean.CI95[0] > 1-1/float64(people) || mean.CI95[0] <= widest {
			t.Errorf("all right of %d people = %v, want a low end below one failing person and above %v, that of fewer", people, mean, widest)
		}
		widest = mean.CI95[0]
	}
	one := perfect(1, 1000)
	if mean := one.Mean(); mean.CI95 != (Interval{0, 1}) {
		t.Errorf("all right of one person = %v, want [0, 1]: nothing is known of others", mean)
	}
	none := Trials{}
	if mean := none.Mean(); mean.CI95 != (Interval{0, 1}) || mean.N != 0 {
		t.Errorf("the mean of nothing = %v, want [0, 1]", mean)
	}
	two := Trials{Values: []float64{1, 0, 1}, Classes: [][2]int{{0, 1}, {0, 1}, {1, 0}}}
	if mean := two.Mean(); mean.CI95 != (Interval{0, 1}) {
		t.Errorf("different pairs of two people = %v, want [0, 1]", mean)
	}
}

// A mean of means counts each the same, however many trials it has; alphabets are units of their characters.
func TestMeanOfCountsPartsAlike(t *testing.T) {
	same := Trials{Values: []float64{1, 1, 0, 1}, Classes: [][2]int{{0, 0}, {1, 1}, {2, 2}, {3, 3}}}
	different := Trials{Values: []float64{0, 1, 0, 0, 0, 1, 0, 0}, Of: "pairs",
		Classes: [][2]int{{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}, {0, 1}, {2, 3}}}
	both := MeanOf(same, different)
	near(t, "mean", both.Value, (0.75+0.25)/2, 1e-12)
	if both.N != 12 || both.Of != "pairs" {
		t.Errorf("mean of 4 and 8 trials = %+v, want 12 pairs", both)
	}
	same.Units = []int{0, 0, 1, 1}
	if fewer := same.Mean(); fewer.CI95[1]-fewer.CI95[0] < 0.9 {
		t.Errorf("by two alphabets = %v, want nearly all of [0, 1]", fewer)
	}
}

// The draws of units give the jackknife's error of a mean.
func TestErrorsByUnitAgreeWithTheJackknife(t *testing.T) {
	c := crowd{30, 8, 0.3, 0.3, 0}
	trials := c.same(rand.New(rand.NewPCG(4, 4)))
	errors := ErrorsByUnit(c.people, 2000, 1, func(times []int) []float64 {
		sum, n := 0.0, 0.0
		for i, v := range trials.Values {
			sum, n = sum+float64(times[trials.Classes[i][0]])*v, n+float64(times[trials.Classes[i][0]])
		}
		return []float64{sum / n, math.NaN()}
	})
	_, without := trials.leaveOneOut([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29})
	jackknife := StandardError(without) * 29
	near(t, "error", errors[0], jackknife, jackknife/10)
	near(t, "error of what cannot be measured", errors[1], 0, 0)
}
