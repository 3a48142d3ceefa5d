package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/stats"
	"github.com/siam-go/siam/train"
)

// halves are images of which the left half is the object and a quarter is void, some of each class.
func halves(counts ...int) *dataset.Set {
	s := &dataset.Set{Name: "halves"}
	for label, n := range counts {
		s.Classes = append(s.Classes, dataset.Class{Name: string(rune('a' + label))})
		for range n {
			mask := imgproc.New(4, 8, 1)
			for i := range mask.Pix {
				mask.Pix[i] = []uint8{255, 255, 0, dataset.MaskVoid}[i%8/2]
			}
			s.Items = append(s.Items, dataset.Item{Image: imgproc.Filled(4, 8, 3, 90), Mask: mask, Label: label})
		}
	}
	return s
}

func TestGroupsAreHalfOfOneClassAndOfOthersOneEach(t *testing.T) {
	set := halves(4, 3, 1, 1, 2)
	a := asking{set: set, pictures: dataset.NewPictures(set)}
	for seed := range uint64(30) {
		group := a.group(0, a.pictures.Classes[0], rand.New(rand.NewPCG(seed, 1)))
		if len(group) != 6 {
			t.Fatalf("a group of %d, want 6", len(group))
		}
		seen := map[int]int{}
		for k, i := range group {
			label := set.Items[i].Label
			seen[label]++
			if (k < 3) != (label == 0) || label != 0 && seen[label] > 1 {
				t.Fatalf("image %d of group %v is of class %d", k, group, label)
			}
		}
	}
	if got := a.group(4, a.pictures.Classes[4], rand.New(rand.NewPCG(1, 1))); got != nil {
		t.Errorf("a group %v of a class of two images", got)
	}
	few := halves(5, 5, 5)
	if got := (&asking{set: few, pictures: dataset.NewPictures(few)}).group(0, few.ByClass()[0], rand.New(rand.NewPCG(1, 1))); got != nil {
		t.Errorf("a group %v of three classes: no two of the others may share one", got)
	}
}

func TestAnImageIsComparedWithThoseThatShareItsClassAndWithSomeThatShareNone(t *testing.T) {
	set := &dataset.Set{Classes: []dataset.Class{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	for picture, labels := range [][]int{{0, 1}, {0}, {0, 1}, {1}, {0}, {2}, {1, 2}} {
		for _, label := range labels {
			set.Items = append(set.Items, dataset.Item{Label: label, Source: string(rune('0' + picture))})
		}
	}
	source := func(items []int32) (sources string) {
		for _, i := range items {
			sources += set.Items[i].Source
		}
		return sources
	}
	for seed := range uint64(20) {
		a := asking{set: set, pictures: dataset.NewPictures(set), test: CosegTest{Partners: 3, Seed: seed}}
		partners, strangers := a.others(0) // the a of picture 0, which shows a and b
		if got := source(partners); len(got) != 3 || !(got[:2] == "14" || got[:2] == "41") || got[2] != '2' {
			t.Errorf("partners are pictures %s, want 1 and 4, which share a alone, and then 2", got)
		}
		if got := source(strangers); got != "5" {
			t.Errorf("strangers are pictures %s, want 5: all others share a or b", got)
		}
	}
}

func TestTheTruthIsWhatAnImageSharesWithAllOfItsPartners(t *testing.T) {
	set := &dataset.Set{Classes: []dataset.Class{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	for picture, labels := range [][]int{{0, 1, 2}, {0, 1}, {0, 1}, {0, 2}} {
		for _, label := range labels { // class k is marked in column k
			mask := imgproc.New(1, 3, 1)
			mask.Pix[label] = 255
			set.Items = append(set.Items, dataset.Item{Label: label, Source: string(rune('0' + picture)), Image: imgproc.New(1, 3, 3), Mask: mask})
		}
	}
	a := asking{set: set, pictures: dataset.NewPictures(set)}
	for _, c := range []struct {
		partners []int32
		want     []uint8
	}{{nil, []uint8{255, 0, 0}}, {[]int32{3}, []uint8{255, 255, 0}}, {[]int32{3, 5}, []uint8{255, 255, 0}}, {[]int32{3, 7}, []uint8{255, 0, 0}}, {[]int32{7}, []uint8{255, 0, 255}}} {
		if got, err := a.truth(0, c.partners); err != nil || !slices.Equal(got.Mask.Pix, c.want) {
			t.Errorf("beside items %v: %v (%v), want %v", c.partners, got.Mask.Pix, err, c.want)
		}
	}
}

func TestImagesAskedForAreSpread(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []int
	}{{5, 0, []int{0, 1, 2, 3, 4}}, {3, 9, []int{0, 1, 2}}, {9, 3, []int{0, 3, 6}}} {
		if got := spread(c.n, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, want %v", c.most, c.n, got, c.want)
		}
	}
}

func TestBaselinesAreWhatTheirMasksScore(t *testing.T) {
	baselines, err := CosegBaselines(halves(2, 3, 1), CosegTest{})
	if err != nil {
		t.Fatal(err)
	}
	all := baselines["all_foreground"]
	if all.N != 5 || math.Abs(all.Jaccard-2./3) > 1e-9 || math.Abs(all.Precision-2./3) > 1e-9 {
		t.Errorf("everything marked: J %v and P %v of %d images, want 2/3 of the 5 that have another of their class", all.Jaccard, all.Precision, all.N)
	}
}

func TestMeansAreOverImagesThenClasses(t *testing.T) {
	of := func(j float64) cosegAnswer { return cosegAnswer{score: eval.MaskScore{Jaccard: j, Precision: j / 2}} }
	answers := []cosegAnswer{of(0.2), of(0.4), of(0.6), of(1)}
	answers[3].label = 1
	got := cosegScore(answers, 1)
	if math.Abs(got.Jaccard-0.7) > 1e-9 || math.Abs(got.Precision-0.35) > 1e-9 {
		t.Errorf("J %v and P %v, want 0.7 and 0.35", got.Jaccard, got.Precision)
	}
	if ci := got.JaccardCI95; !(ci[0] >= 0.6 && ci[0] < 0.7 && ci[1] > 0.7 && ci[1] <= 0.8) {
		t.Errorf("interval %v of class means from 0.2 to 0.6 and 1", ci)
	}
}

func TestMoreThanDrawsTheSameImagesForBoth(t *testing.T) {
	of := func(label int, j, decided float64) cosegAnswer {
		return cosegAnswer{label: label, score: eval.MaskScore{Jaccard: j}, decided: decided}
	}
	a := CosegResult{answers: []cosegAnswer{of(0, 0.9, 0.95), of(0, 0.3, 0.65), of(1, 0.6, 0.8)}, seed: 1, Decided: &stats.Estimate{}}
	b := CosegResult{answers: []cosegAnswer{of(0, 0.8, 0.4), of(0, 0.2, 0.1), of(1, 0.2, 0.1)}, seed: 1, Decided: &stats.Estimate{}}
	got := a.MoreThan(b)
	for name, test := range map[string]struct {
		got  stats.Estimate
		want float64
	}{"J": {got.Jaccard, 0.25}, "decided": {*got.Decided, 0.625}} {
		if e := test.got; math.Abs(e.Value-test.want) > 1e-9 || math.Abs(e.CI95[0]-test.want) > 1e-9 || math.Abs(e.CI95[1]-test.want) > 1e-9 {
			t.Errorf("%s: %v, want %v whichever images are drawn: each class's differ by the same", name, e, test.want)
		}
	}
	nan := of(1, 0.6, math.NaN()) // an image that shares something with every other
	a.answers, b.answers = append(a.answers, nan), append(b.answers, nan)
	if e := a.MoreThan(b).Decided; math.Abs(e.Value-0.625) > 1e-9 || e.N != 3 {
		t.Errorf("decided %+v with an image that decides nothing, want 0.625 of 3 images", e)
	}
	if b.Decided = nil; a.MoreThan(b).Decided != nil {
		t.Error("decided of a baseline, which decides nothing")
	}
}

func TestAnObjectThatIsMissedCountsNothingAndAnEmptyMaskWithAStrangerCounts(t *testing.T) {
	for _, test := range []struct {
		jaccard float64
		there   bool
		empty   float64
		want    float64
	}{{0.8, true, 1, 0.9}, {0.8, true, 0, 0.4}, {0.8, false, 0.5, 0.25}, {0.6, true, 0.5, 0.55}} {
		if got := decided(test.jaccard, test.there, test.empty); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("J %v, there %v, %v of strangers empty: %v, want %v", test.jaccard, test.there, test.empty, got, test.want)
		}
	}
}

// untaught is a model with the weights that a training begins with.
func untaught(t *testing.T) *coseg.Model {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	spec, err := coseg.NewSpec(coseg.Small, 32)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.New(backend, train.Task[*coseg.Batch](coseg.Pairs{Network: coseg.Network{Spec: spec}}), train.Config{Optimizer: train.NewAdam(), StepsPerEpoch: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	weights, err := trainer.Weights()
	if err != nil {
		t.Fatal(err)
	}
	file, err := coseg.NewFile(spec, weights, nil)
	if err != nil {
		t.Fatal(err)
	}
	model, err := coseg.New(backend, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Close)
	return model
}

// TestAnImageWithoutStrangersDecidesNothing has one picture that shares a class with every other.
func TestAnImageWithoutStrangersDecidesNothing(t *testing.T) {
	set := &dataset.Set{Name: "set", Classes: []dataset.Class{{Name: "a"}, {Name: "b"}}}
	rng := rand.New(rand.NewPCG(1, 2))
	for picture, labels := range [][]int{{0, 1}, {0}, {0}, {1}, {1}} {
		image := imgproc.New(16, 16, 3)
		for i := range image.Pix {
			image.Pix[i] = uint8(rng.IntN(256))
		}
		for _, label := range labels {
			mask := imgproc.New(16, 16, 1)
			for i := range 64 {
				mask.Pix[128*label+i] = 255
			}
			set.Items = append(set.Items, dataset.Item{Label: label, Source: string(rune('0' + picture)), Image: image, Mask: mask})
		}
	}
	result, err := Coseg(t.Context(), untaught(t), set, CosegTest{Partners: 2, Seed: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if result.N != 6 || result.Decided == nil || result.Decided.N != 4 {
		t.Errorf("%d answers, decided %+v, want 6 and 4", result.N, result.Decided)
	}
}

func TestPresenceIsLowWherePairsLieFarApartAndHasTheFewestMistakesElsewhere(t *testing.T) {
	var low []float64
	for i := range 101 {
		low = append(low, float64(i))
	}
	for name, test := range map[string]struct {
		same, different []float64
		want            float64
	}{
		"far apart":                     {[]float64{200, 300, 400}, low, 95},
		"far apart but for one":         {[]float64{50, 200, 300, 400}, low, 95},
		"mixed: 60 misses none, 95 two": {[]float64{60, 70, 80, 200}, low, 60},
	} {
		if got := surenessWanted(test.same, test.different); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: from %v on, want %v", name, got, test.want)
		}
	}
}

func TestTheDeepestPixelIsFarthestFromAllThatIsNoObject(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		h, w := 1+rng.IntN(9), 1+rng.IntN(9)
		object := make([]bool, h*w)
		for i := range object {
			object[i] = rng.IntN(5) > 0
		}
		depth := func(p int) int { // brute force: steps to the nearest pixel beside the object, or outside the image
			if !object[p] {
				return 0
			}
			y, x := p/w, p%w
			least := min(y+1, x+1, h-y, w-x)
			for q := range object {
				if dy, dx := q/w-y, q%w-x; !object[q] {
					least = min(least, max(dy, -dy)+max(dx, -dx))
				}
			}
			return least
		}
		most := 0
		for p := range object {
			most = max(most, depth(p))
		}
		at, ok := deepest(object, h, w)
		if ok != (most > 0) || ok && depth(int(at.Y)*w+int(at.X)) != most {
			t.Fatalf("%v in %v of %d×%d lies %d deep, want %d", at, object, h, w, depth(int(at.Y)*w+int(at.X)), most)
		}
	}
}
