package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/stats"
)

// crowd are people with some images each, one number as embedding: images lie about their person, and people about the origin.
func crowd(rng *rand.Rand, people, images int, apart float64) (Items, func(i, j int) float32) {
	var items Items
	var at []float64
	for p := range people {
		centre := apart * rng.NormFloat64()
		for range images {
			items.Labels, items.Groups, items.Drawers = append(items.Labels, p), append(items.Groups, 0), append(items.Drawers, 0)
			at = append(at, centre+rng.NormFloat64())
		}
	}
	return items, func(i, j int) float32 { return float32(math.Abs(at[i] - at[j])) }
}

func scoredCrowd(t *testing.T, rng *rand.Rand, people, images int, apart float64) Scored {
	t.Helper()
	items, distance := crowd(rng, people, images, apart)
	d, err := items.DistinctPairs(20000, 1)
	if err != nil {
		t.Fatal(err)
	}
	distances := make([]float32, len(d.Pairs))
	for i, p := range d.Pairs {
		distances[i] = distance(p.A, p.B)
	}
	return items.Scored(d, distances)
}

// TestClaimsHoldOnOtherPeople calibrates on few people many times, and measures the threshold on very many others: the claims are right on
// the average, and their intervals hold the truth nearly as often as they say.
func TestClaimsHoldOnOtherPeople(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	others := scoredCrowd(t, rng, 400, 3, 4)
	roc, err := others.ROC()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []Rule{EqualErrors(), FMRAtMost(0.1), FewestErrors()} {
		const runs = 60
		claimed, measured, fmrs, fnmrs := 0.0, 0.0, 0, 0
		for range runs {
			c, err := scoredCrowd(t, rng, 12, 3, 4).Calibrate(rule)
			if err != nil {
				t.Fatal(err)
			}
			truth := roc.At(c.Threshold)
			claimed, measured = claimed+c.FMR.Value/runs, measured+truth.FMR/runs
			if c.FMR.CI95[0] <= truth.FMR && truth.FMR <= c.FMR.CI95[1] {
				fmrs++
			}
			if c.FNMR.CI95[0] <= truth.FNMR && truth.FNMR <= c.FNMR.CI95[1] {
				fnmrs++
			}
		}
		if math.Abs(claimed-measured) > 0.15*measured+0.01 {
			t.Errorf("%s: FMR claimed %.4f on the average, %.4f on others", rule.Name, claimed, measured)
		}
		if fmrs < 0.85*runs || fnmrs < 0.85*runs {
			t.Errorf("%s: the intervals held the truth %d times for the FMR and %d times for the FNMR, want about %d of %d", rule.Name, fmrs, fnmrs, runs*95/100, runs)
		}
	}
}

func TestCalibrateChoosesByItsRule(t *testing.T) {
	s := scoredCrowd(t, rand.New(rand.NewPCG(5, 6)), 40, 4, 3)
	roc, err := s.ROC()
	if err != nil {
		t.Fatal(err)
	}
	equal, err := s.Calibrate(EqualErrors())
	if err != nil {
		t.Fatal(err)
	}
	at := roc.At(equal.Threshold)
	near(t, "FMR where errors are equal", at.FMR, roc.EER(), 0.005)
	near(t, "FNMR where errors are equal", at.FNMR, roc.EER(), 0.005)
	few, err := s.Calibrate(FewestErrors())
	if err != nil {
		t.Fatal(err)
	}
	if best, _ := roc.Best(); few.Threshold != best {
		t.Errorf("threshold of the fewest errors = %v, want %v", few.Threshold, best)
	}
	strict, err := s.Calibrate(FMRAtMost(0.02))
	if err != nil {
		t.Fatal(err)
	}
	if at := roc.At(strict.Threshold); at.FMR > 0.02 || roc.At(strict.Threshold+0.05).FMR <= 0.02 {
		t.Errorf("FMR at the threshold for 2 %% = %v, want just below", at.FMR)
	}
}

func TestTwoPeopleSayNothingOfOthers(t *testing.T) {
	c, err := scoredCrowd(t, rand.New(rand.NewPCG(7, 8)), 2, 4, 3).Calibrate(EqualErrors())
	if want := (stats.Interval{0, 1}); err != nil || c.FMR.CI95 != want || c.FNMR.CI95 != want {
		t.Errorf("Calibrate by two people = %v and %v, %v, want intervals from 0 to 1", c.FMR, c.FNMR, err)
	}
}

// TestChanceIsWhatItSays: of images that show nothing, the probability is even between 0 and 1.
func TestChanceIsWhatItSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	small := 0
	const runs = 100
	for i := range runs {
		if items, distance := crowd(rng, 6, 4, 0); items.Chance(distance, uint64(i)) <= 0.1 {
			small++
		}
	}
	if small < 2 || small > 22 {
		t.Errorf("%d of %d crowds of nobody in particular have a probability up to 0.1, want about %d", small, runs, runs/10)
	}
	items, distance := crowd(rng, 6, 4, 5)
	if p := items.Chance(distance, 1); p > 0.001 {
		t.Errorf("probability of a crowd that is far apart = %v, want less than 0.001", p)
	}
	items, distance = crowd(rng, 6, 1, 5)
	if p := items.Chance(distance, 1); p != 1 {
		t.Errorf("probability without any same pair = %v, want 1", p)
	}
}
