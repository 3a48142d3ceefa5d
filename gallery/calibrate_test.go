package gallery_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/siam-go/siam/gallery"
)

// crowd draws people on a square, each with images around a middle of their own.
type crowd struct {
	random *rand.Rand
	side   float64 // of the square
	spread float64 // of the images of one person
}

func (c crowd) person(images int) [][]float32 {
	x, y := c.side*c.random.Float64(), c.side*c.random.Float64()
	var all [][]float32
	for range images {
		all = append(all, []float32{float32(x + c.spread*c.random.NormFloat64()), float32(y + c.spread*c.random.NormFloat64())})
	}
	return all
}

func (c crowd) strangers(n, images int) []gallery.Person {
	people := make([]gallery.Person, n)
	for i := range people {
		people[i] = gallery.Person{Name: fmt.Sprint("stranger ", i), Embeddings: c.person(images)}
	}
	return people
}

func (c crowd) enroll(t *testing.T, g *gallery.Gallery, n int, images func(i int) int) {
	t.Helper()
	var all []gallery.Enrolment
	for i := range n {
		for j, e := range c.person(images(i)) {
			all = append(all, gallery.Enrolment{ID: fmt.Sprint("person ", i), Name: fmt.Sprint(i, "-", j), Face: gallery.Face{Embedding: e}})
		}
	}
	enroll(t, g, all...)
}

func three(int) int { return 3 }

func calibrate(t *testing.T, g *gallery.Gallery, o gallery.CalibrateOptions) *gallery.Study {
	t.Helper()
	study, err := g.Calibrate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return study
}

// The rates that are told are those of the definition: every image against the rest of the gallery, and every stranger against all of it.
func TestCalibrationIsItsDefinition(t *testing.T) {
	c := crowd{rand.New(rand.NewPCG(1, 2)), 30, 0.3}
	g, _ := made(t)
	c.enroll(t, g, 60, three)
	strangers := c.strangers(340, 1)
	study := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.05, Miss: 0.05, Strangers: strangers})
	entries, err := g.Entries(t.Context(), gallery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	of := planar().Distance.Of
	nearest := func(probe []float32, fits func(gallery.Entry) bool) float32 {
		best := float32(math.Inf(1))
		for _, e := range entries {
			if fits(e) {
				best = min(best, of(probe, e.Embedding))
			}
		}
		return best
	}
	var matched, missed, unmatched, people float64
	for _, s := range strangers {
		people++
		if nearest(s.Embeddings[0], func(gallery.Entry) bool { return true }) <= study.Thresholds.Match {
			matched++
		}
	}
	for _, e := range entries {
		other := nearest(e.Embedding, func(o gallery.Entry) bool { return o.ID != e.ID })
		own := nearest(e.Embedding, func(o gallery.Entry) bool { return o.ID == e.ID && o.Key != e.Key })
		people += 1. / 3 * 60 / 59
		if other <= study.Thresholds.Match {
			matched += 1. / 3 * 60 / 59
		}
		if min(own, other) > study.Thresholds.Refer {
			missed += 1. / 3
		}
		if !(own <= study.Thresholds.Match && own < other) {
			unmatched += 1. / 3
		}
	}
	for name, rate := range map[string][2]float64{"FPIR": {study.FPIR.Value, matched / people}, "miss": {study.Miss.Value, missed / 60}, "FNIR": {study.FNIR.Value, unmatched / 60}} {
		if math.Abs(rate[0]-rate[1]) > 1e-9 {
			t.Errorf("%s = %v, want %v", name, rate[0], rate[1])
		}
	}
	if allowed := math.Floor(0.05 * 401); matched > allowed+1e-6 || matched < allowed-1.1 {
		t.Errorf("%v strangers are matched, want as many of the %v that are allowed as there can be", matched, allowed)
	}
	if allowed := math.Floor(0.05 * 61); missed > allowed+1e-6 || study.Thresholds.Refer > study.Thresholds.Match && missed < allowed-1.1 {
		t.Errorf("%v people are missed, want as many of the %v that are allowed as there can be", missed, allowed)
	}
	if study.Strangers != 340 || study.IDs != 60 || study.Images != 180 || study.FPIR.N != 400 || study.Miss.N != 60 {
		t.Errorf("study of %d strangers, %d ids and %d images, rates of %d and %d people", study.Strangers, study.IDs, study.Images, study.FPIR.N, study.Miss.N)
	}
}

// The promise holds, in the mean over many galleries, for people never seen; and not much of it is given away.
func TestPromisesHoldForPeopleNeverSeen(t *testing.T) {
	const promise, galleries, tests = 0.04, 12, 400
	matched := 0.
	for seed := range uint64(galleries) {
		c := crowd{rand.New(rand.NewPCG(seed, 9)), 60, 0.2}
		g, _ := made(t)
		c.enroll(t, g, 80, func(i int) int { return 1 + i%3 })
		study := calibrate(t, g, gallery.CalibrateOptions{FPIR: promise, Miss: 0.05, Strangers: c.strangers(150, 2)})
		if err := g.SetCalibration(t.Context(), &study.Calibration); err != nil {
			t.Fatal(err)
		}
		var photos []gallery.Photograph
		for _, s := range c.strangers(tests, 1) {
			photos = append(photos, photo("p", gallery.Face{Embedding: s.Embeddings[0]}))
		}
		for _, r := range identify(t, g, photos...) {
			if r.Outcome == gallery.Match {
				matched++
			}
		}
	}
	// The rate of one gallery varies as a share of 230 people does: by about 0.2 · 0.04 in the mean of 12.
	if rate := matched / galleries / tests; rate > 1.5*promise || rate < 0.5*promise {
		t.Errorf("strangers are matched at a rate of %.4f, promised %v", rate, promise)
	}
}

func TestTooFewPeopleArePromisedNothing(t *testing.T) {
	for people, about := range map[int]string{0: "nobody is enrolled", 1: "", 5: "strangers more", 60: "strangers more"} {
		c := crowd{rand.New(rand.NewPCG(1, 2)), 30, 0.3}
		g, _ := made(t)
		c.enroll(t, g, people, three)
		_, err := g.Calibrate(t.Context(), gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02})
		if !errors.Is(err, gallery.ErrTooFew) || !strings.Contains(err.Error(), about) || strings.Contains(err.Error(), "\n") {
			t.Errorf("calibration on %d people: %v, want a line that is %q about %q", people, err, gallery.ErrTooFew, about)
		}
		if s, _ := g.Settings(t.Context()); people == 0 && s.Calibration == nil {
			t.Errorf("the calibration that there was is gone")
		}
	}
	c := crowd{rand.New(rand.NewPCG(1, 2)), 30, 0.3}
	few, _ := made(t)
	c.enroll(t, few, 20, three)
	_, err := few.Calibrate(t.Context(), gallery.CalibrateOptions{FPIR: 0.05, Miss: 0.02, Strangers: c.strangers(400, 1)})
	if !errors.Is(err, gallery.ErrTooFew) || !strings.Contains(err.Error(), "20 ids with two images bound") {
		t.Errorf("a promise to miss 2 %% of 20 people: %v, want that they are too few", err)
	}
	g, _ := made(t)
	enroll(t, g, image("alone", 0, 0))
	study := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02, Strangers: crowd{rand.New(rand.NewPCG(1, 2)), 30, 0.3}.strangers(400, 1)})
	if study.Miss.N != 0 || study.FPIR.N != 401 || study.Thresholds.Refer < study.Thresholds.Match {
		t.Errorf("calibration of one person by strangers = %+v", study.Calibration)
	}
	for _, bad := range []gallery.CalibrateOptions{{}, {FPIR: 1, Miss: 0.1}, {FPIR: 0.1, Miss: math.NaN()}} {
		if _, err := g.Calibrate(t.Context(), bad); err == nil {
			t.Errorf("Calibrate(%+v) = nil, want an error", bad)
		}
	}
	bad := []gallery.Person{{Name: "x", Embeddings: [][]float32{{float32(math.NaN()), 0}}}}
	if _, err := g.Calibrate(t.Context(), gallery.CalibrateOptions{FPIR: 0.1, Miss: 0.1, Strangers: bad}); !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("Calibrate with a stranger who is NaN = %v, want %v", err, gallery.ErrBadEmbedding)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Calibrate(ended, gallery.CalibrateOptions{FPIR: 0.1, Miss: 0.1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Calibrate after the context = %v, want %v", err, context.Canceled)
	}
}

// One group lies where the gallery is crowded: its people are matched more often, and the rate is promised for them.
func TestTheWorstGroupIsPromisedTheRate(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	g, _ := made(t)
	crowd{random, 20, 0.1}.enroll(t, g, 50, three)
	near, all := crowd{random, 20, 0.1}.strangers(300, 1), crowd{random, 200, 0.1}.strangers(300, 1)
	groups := map[string]string{}
	for i := range near {
		near[i].Name = fmt.Sprint("near ", i)
		groups[near[i].Name], groups[all[i].Name] = "near", "far"
	}
	o := gallery.CalibrateOptions{FPIR: 0.02, Miss: 0.05, Strangers: append(near, all...)}
	mixed := calibrate(t, g, o)
	o.Groups = groups
	grouped := calibrate(t, g, o)
	if grouped.Group != "near" || len(grouped.Groups) != 2 || grouped.Groups[0].Group != "near" || grouped.Groups[0].Value > 0.02+1e-9 {
		t.Errorf("groups = %+v, worst %q, want near with a rate of at most 2 %%", grouped.Groups, grouped.Group)
	}
	if grouped.Thresholds.Match >= mixed.Thresholds.Match {
		t.Errorf("threshold %v for the worst group, %v for all: want a smaller one", grouped.Thresholds.Match, mixed.Thresholds.Match)
	}
}

func TestCalibrationWarnsOfIDsToLookAt(t *testing.T) {
	g, _ := made(t)
	crowd{rand.New(rand.NewPCG(1, 2)), 1000, 0.1}.enroll(t, g, 300, three)
	enroll(t, g, image("twin", 500, 2000), image("twin", 500.3, 2000), image("other twin", 500.1, 2000), image("other twin", 500.2, 2001))
	study := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02, Strangers: []gallery.Person{{Name: "twin's double", Embeddings: [][]float32{{500.1, 2000}}}}})
	found := ""
	for _, w := range study.Doubts {
		found += w.ID + " and " + w.Other + ": " + w.Text + "; "
	}
	if !strings.Contains(found, "twin: an image is nearer to the other than to its own id") {
		t.Errorf("warnings = %s, want one of the twins", found)
	}
	if !strings.Contains(found, "twin's double and other twin: a stranger who is as near as a match") && !strings.Contains(found, "twin's double and twin: a stranger who is as near as a match") {
		t.Errorf("warnings = %s, want one of a stranger who is enrolled", found)
	}
}

// A rejected stranger is one of the people by whom the rate is learned.
func TestRejectedStrangersEnterTheCalibration(t *testing.T) {
	g, _ := made(t)
	crowd{rand.New(rand.NewPCG(1, 2)), 300, 0.1}.enroll(t, g, 300, three)
	before := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02})
	if err := g.Reject(t.Context(), "person 0", image("", 1, 1)); err != nil {
		t.Fatal(err)
	}
	after := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02})
	if after.FPIR.N != before.FPIR.N+1 || after.Strangers != before.Strangers+1 {
		t.Errorf("people %d, then %d, want one more", before.FPIR.N, after.FPIR.N)
	}
}

func TestDriftIsNoticed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := crowd{random, 300, 0.1}
	g, _ := made(t)
	if d, err := g.Drift(t.Context()); err != nil || len(d.Warnings) != 0 {
		t.Errorf("drift of an empty gallery = %+v, %v, want nothing", d, err)
	}
	c.enroll(t, g, 300, three)
	study := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.01, Miss: 0.02, Strangers: c.strangers(200, 1)})
	study.Thresholds.Refer = study.Thresholds.Match * 2
	if err := g.SetCalibration(t.Context(), &study.Calibration); err != nil {
		t.Fatal(err)
	}
	entries, err := g.Entries(t.Context(), gallery.Query{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(away float64) {
		var photos []gallery.Photograph
		for _, e := range entries[:60] {
			photos = append(photos, photo("p", at(e.Embedding[0], e.Embedding[1]+float32(away))))
		}
		identify(t, g, photos...)
	}
	ask(0)
	if d, err := g.Drift(t.Context()); err != nil || len(d.Warnings) != 0 || d.Probes != 60 {
		t.Errorf("drift while the probes are as they were = %+v, %v, want none of 60", d, err)
	}
	for range 3 {
		ask(1.5 * float64(study.Thresholds.Match))
	}
	if d, err := g.Drift(t.Context()); err != nil || len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "between the thresholds") {
		t.Errorf("drift = %+v, %v, want a warning", d, err)
	}
	c.enroll(t, g, 400, func(int) int { return 1 })
	if d, err := g.Drift(t.Context()); err != nil || len(d.Warnings) != 2 || !strings.Contains(d.Warnings[0], "it has 400 now") {
		t.Errorf("drift of a gallery that has grown = %+v, %v, want a warning", d, err)
	}
}
