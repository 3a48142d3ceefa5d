package gallery_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/siam-go/siam/gallery"
)

func frame(name string, x, y, weight float32) gallery.Photograph {
	f := at(x, y)
	f.Main, f.Weight = true, weight
	return photo(name, f)
}

func TestABurstIsTheWeightedMeanOfItsFrames(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("anna", 0, 0), image("bert", 10, 0))
	blurred := frame("d.png", 10, 0, 1)
	blurred.Faces[0].Refuse = "too blurred"
	tests := []struct {
		name    string
		frames  []gallery.Photograph
		outcome gallery.Outcome
		id      string
		mean    float64
		reason  string
	}{
		{"one frame is as without a burst", []gallery.Photograph{frame("a.png", 0.5, 0, 1)}, gallery.Match, "anna", 0.5, "within"},
		{"weights", []gallery.Photograph{frame("a.png", 0.3, 0, 3), frame("b.png", 1.5, 0, 1)}, gallery.Match, "anna", 0.6, "within"},
		{"weight 0 counts as 1", []gallery.Photograph{frame("a.png", 1, 0, 0), frame("b.png", 2, 0, 0)}, gallery.Refer, "anna", 1.5, "between"},
		{"a refused frame does not count", []gallery.Photograph{frame("a.png", 0.5, 0, 1), blurred}, gallery.Match, "anna", 0.5, "within"},
		{"all refused", []gallery.Photograph{blurred}, gallery.Refer, "", 0, "too blurred"},
		{"two matches", []gallery.Photograph{frame("a.png", 0, 0, 1), frame("b.png", 10, 0, 1)}, gallery.Refer, "", 5, "frames disagree: a.png is like \"anna\", and b.png like \"bert\""},
		{"one of two shows nobody enrolled", []gallery.Photograph{frame("a.png", 0, 0, 3), frame("b.png", -2.4, 0, 2)}, gallery.Refer, "anna", 0.96, "frames disagree: 40 % of their weight does not show \"anna\""},
		{"one of three shows nobody enrolled", []gallery.Photograph{frame("a.png", 0, 0, 1), frame("b.png", 0, 0, 1), frame("c.png", -2.5, 0, 1)}, gallery.Match, "anna", 2.5 / 3, "within"},
		{"one is far, and like a frame that shows her", []gallery.Photograph{frame("a.png", 0, 0, 3), frame("b.png", 0.4, 0, 1), frame("c.png", 2.1, 0, 3)}, gallery.Match, "anna", (0.4 + 6.3) / 7, "within"},
		{"nobody", []gallery.Photograph{frame("a.png", 5, 0, 1), frame("b.png", 5, 1, 1)}, gallery.NoMatch, "", (5 + math.Sqrt(26)) / 2, "no id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := g.IdentifyBurst(t.Context(), test.frames, gallery.IdentifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome != test.outcome || test.id != "" && r.ID != test.id || !strings.Contains(r.Reason, test.reason) {
				t.Errorf("%s %q because %q, want %s %q because %q", r.Outcome, r.ID, r.Reason, test.outcome, test.id, test.reason)
			}
			if math.Abs(float64(*r.Distance)-test.mean) > 1e-6 {
				t.Errorf("distance %v, want %v", *r.Distance, test.mean)
			}
			if len(r.Frames) != len(test.frames) {
				t.Errorf("%d frames, want %d", len(r.Frames), len(test.frames))
			}
		})
	}
}

func TestABurstWithoutFacesOrWithABadEmbeddingFails(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("anna", 0, 0))
	if _, err := g.IdentifyBurst(t.Context(), []gallery.Photograph{photo("a.png")}, gallery.IdentifyOptions{}); err == nil {
		t.Error("a burst without a face has a verdict")
	}
	_, err := g.IdentifyBurst(t.Context(), []gallery.Photograph{frame("a.png", float32(math.NaN()), 0, 1)}, gallery.IdentifyOptions{})
	if !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("NaN in a frame: %v, want %v", err, gallery.ErrBadEmbedding)
	}
}

func TestARejectedStrangerNearAllFramesCompetes(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("anna", 0, 0))
	if err := g.Reject(t.Context(), "anna", image("", 0.5, 0)); err != nil {
		t.Fatal(err)
	}
	r, err := g.IdentifyBurst(t.Context(), []gallery.Photograph{frame("a.png", 0.5, 0, 1), frame("b.png", 0.6, 0, 1)}, gallery.IdentifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != gallery.NoMatch {
		t.Errorf("%s because %q, want no match: the stranger is nearer", r.Outcome, r.Reason)
	}
}

// The thresholds rise by the slack times the mean distance of the frames, and by no more than was seen.
func TestABurstHasThresholdsOfItsOwn(t *testing.T) {
	g, _ := made(t, func(s *gallery.Settings) {
		s.Calibration.Bursts = &gallery.BurstCalibration{Slack: 0.5, Spread: 1}
	})
	enroll(t, g, image("anna", 0, 0))
	tests := []struct {
		name    string
		frames  []gallery.Photograph
		spread  float64
		match   float64
		outcome gallery.Outcome
	}{
		{"one frame is a single image", []gallery.Photograph{frame("a.png", 1.1, 0, 1)}, 0, 1, gallery.Refer},
		{"so are its copies", []gallery.Photograph{frame("a.png", 1.1, 0, 1), frame("b.png", 1.1, 0, 1)}, 0, 1, gallery.Refer},
		{"frames that differ may be farther", []gallery.Photograph{frame("a.png", 1.1, 0, 1), frame("b.png", -1.1, 0, 1)}, 1.1, 1.5, gallery.Match},
		{"weights count", []gallery.Photograph{frame("a.png", 1.1, 0, 3), frame("b.png", 1.1, 0.8, 1)}, 2 * 0.75 * 0.25 * 0.8, 1.15, gallery.Refer},
		{"by no more than was learned", []gallery.Photograph{frame("a.png", 1.6, 0, 1), frame("b.png", -1.6, 0, 1)}, 1.6, 1.5, gallery.Refer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := g.IdentifyBurst(t.Context(), test.frames, gallery.IdentifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(float64(r.Spread)-test.spread) > 1e-6 || math.Abs(float64(r.Thresholds.Match)-test.match) > 1e-6 || math.Abs(float64(r.Thresholds.Refer)-test.match-1) > 1e-6 {
				t.Errorf("spread %v and thresholds %v, want %v and %v", r.Spread, *r.Thresholds, test.spread, test.match)
			}
			if r.Outcome != test.outcome {
				t.Errorf("%s because %q, want %s", r.Outcome, r.Reason, test.outcome)
			}
		})
	}
	if s, _ := g.Settings(t.Context()); s.Calibration.Thresholds != (gallery.Thresholds{Match: 1, Refer: 2}) {
		t.Errorf("a burst changed the thresholds to %v", s.Calibration.Thresholds)
	}
}

// burstOf is a photograph of each of some embeddings.
func burstOf(embeddings [][]float32) (frames []gallery.Photograph) {
	for i, e := range embeddings {
		frames = append(frames, frame(fmt.Sprint(i, ".png"), e[0], e[1], 1))
	}
	return frames
}

// What is promised of single images holds, in the mean over many galleries, for bursts of people never seen, whose frames differ much or
// not at all; and bursts whose frames differ are missed less often than by the thresholds of single images.
func TestPromisesHoldForBursts(t *testing.T) {
	const promise, galleries, tests = 0.05, 3, 100
	matched, missed := map[string]float64{}, map[bool]float64{}
	for seed := range uint64(galleries) {
		c := crowd{rand.New(rand.NewPCG(seed, 4)), 60, 1}
		g, _ := made(t)
		c.enroll(t, g, 80, func(i int) int { return 1 + 3*(i%2) })
		study := calibrate(t, g, gallery.CalibrateOptions{FPIR: promise, Miss: 0.05, Strangers: c.strangers(200, 4)})
		if study.Bursts == nil || study.Bursts.FPIR.N != 240 || study.Bursts.FNIR.N != 40 {
			t.Fatalf("bursts = %+v, want rates of 240 people and 40 ids", study.Bursts)
		}
		if learned := study.Bursts.FPIR.Value; learned > promise*1.01 || learned < promise-0.01 {
			t.Errorf("bursts of the calibration are matched at a rate of %v, promised %v", learned, promise)
		}
		if err := g.SetCalibration(t.Context(), &study.Calibration); err != nil {
			t.Fatal(err)
		}
		ask := func(frames [][]float32) gallery.BurstResult {
			r, err := g.IdentifyBurst(t.Context(), burstOf(frames), gallery.IdentifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for range tests {
			p := c.person(4)
			for name, frames := range map[string][][]float32{"four images": p, "two images": p[:2], "copies": {p[0], p[0], p[0], p[0]}} {
				if ask(frames).Outcome == gallery.Match {
					matched[name]++
				}
			}
		}
		entries, err := g.Entries(t.Context(), gallery.Query{})
		if err != nil {
			t.Fatal(err)
		}
		single := study.Calibration
		single.Bursts = nil
		for _, own := range []bool{true, false} {
			if !own {
				if err := g.SetCalibration(t.Context(), &single); err != nil {
					t.Fatal(err)
				}
			}
			random := rand.New(rand.NewPCG(seed, 5))
			for _, e := range entries[:len(entries)/2] {
				var frames [][]float32
				for range 4 {
					frames = append(frames, []float32{e.Embedding[0] + float32(random.NormFloat64()), e.Embedding[1] + float32(random.NormFloat64())})
				}
				if r := ask(frames); r.Outcome != gallery.Match || r.ID != e.ID {
					missed[own]++
				}
			}
		}
	}
	for name, n := range matched {
		if rate := n / galleries / tests; rate > 1.6*promise {
			t.Errorf("%s of strangers are matched at a rate of %.4f, promised %v", name, rate, promise)
		}
	}
	if missed[true] >= missed[false] {
		t.Errorf("missed %v bursts by thresholds of their own, %v by those of single images: want fewer", missed[true], missed[false])
	}
	t.Log(matched, missed)
}

func TestTooFewBurstsTeachNothing(t *testing.T) {
	c := crowd{rand.New(rand.NewPCG(1, 2)), 60, 0.3}
	g, _ := made(t)
	c.enroll(t, g, 100, func(i int) int { return 1 + i/90 })
	study := calibrate(t, g, gallery.CalibrateOptions{FPIR: 0.02, Miss: 0.2, Strangers: c.strangers(400, 1)})
	if study.Bursts != nil {
		t.Errorf("bursts of ten people = %+v, want nothing learned", study.Bursts)
	}
}
