package gallery_test

import (
	"errors"
	"math"
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
