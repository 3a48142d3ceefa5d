package judge

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// crowd is people with as many images each, whose embeddings lie so far apart.
func crowd(people, images int, apart float64, seed uint64) (*dataset.Set, [][]float32) {
	rng := rand.New(rand.NewPCG(seed, 1))
	set := &dataset.Set{Name: "crowd"}
	var embeddings [][]float32
	for p := range people {
		set.Classes = append(set.Classes, dataset.Class{Name: string(rune('a' + p))})
		centre := apart * rng.NormFloat64()
		for range images {
			set.Items = append(set.Items, dataset.Item{Image: imgproc.New(1, 1, 1), Label: p})
			embeddings = append(embeddings, []float32{float32(centre + rng.NormFloat64())})
		}
	}
	return set, embeddings
}

func TestNoiseIsCalledNoise(t *testing.T) {
	passed := 0
	for seed := range uint64(60) {
		set, embeddings := crowd(6, 5, 0, seed)
		if _, err := Calibrate(set, embeddings, distance.Euclidean(), 0, seed); err == nil {
			passed++
		} else if !errors.Is(err, ErrChance) {
			t.Fatal(err)
		}
	}
	if passed > 1 {
		t.Errorf("%d of 60 models of noise passed, want none, or one by chance", passed)
	}
	set, embeddings := crowd(6, 5, 6, 1)
	c, err := Calibrate(set, embeddings, distance.Euclidean(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.Units != 6 || c.Unit != "identities" || c.FMRInterval[1] <= c.FMR || !strings.Contains(Doubt(c), "14 more") {
		t.Errorf("calibration = %+v, %q, want one by 6 identities, with intervals, that asks for 14 more", c, Doubt(c))
	}
}

func TestRatesThatFewPeopleCannotShowAreNotClaimed(t *testing.T) {
	set, embeddings := crowd(10, 5, 6, 2)
	if _, err := Calibrate(set, embeddings, distance.Euclidean(), 0.001, 1); err == nil || !strings.Contains(err.Error(), "45 pairs of two, which cannot show a false match rate of 0.1 %: it takes 68 more, or a rate of 6.7 %") {
		t.Errorf("Calibrate for 0.1 %% by ten people = %v, want an error that counts", err)
	}
	c, err := Calibrate(set, embeddings, distance.Euclidean(), 0.1, 1)
	if err != nil || math.Abs(c.FMR-0.1) > 0.08 {
		t.Errorf("Calibrate for 10 %% = %+v, %v, want about that", c, err)
	}
}

func TestEmbeddingsThatAreNoNumbersAreNoCalibration(t *testing.T) {
	set, embeddings := crowd(6, 5, 6, 3)
	embeddings[7][0] = float32(math.NaN())
	if _, err := Calibrate(set, embeddings, distance.Euclidean(), 0, 1); err == nil || errors.Is(err, ErrChance) {
		t.Errorf("Calibrate of a NaN = %v, want an error that says so", err)
	}
	if got := Doubt(&modelfile.Calibration{Threshold: 1}); got != "" {
		t.Errorf("Doubt of an earlier program's calibration = %q, want none", got)
	}
}
