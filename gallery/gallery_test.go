package gallery_test

import (
	"bytes"
	order "cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

var noon = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

// planar is a model whose embeddings are points of a plane.
func planar() gallery.Model {
	threshold := float32(1)
	return gallery.Model{Hash: "planar", Dim: 2, Distance: distance.Euclidean(), Threshold: &threshold}
}

func settingsOf(name string, kind gallery.Kind) gallery.Settings {
	return planar().Settings(name, kind)
}

// made is a gallery in a store in memory, calibrated so that distances up to 1 match and up to 2 refer.
func made(t *testing.T, change ...func(*gallery.Settings)) (*gallery.Gallery, gallery.Store) {
	t.Helper()
	store := gallery.Memory()
	s := settingsOf("g", gallery.Watch)
	s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 1, Refer: 2}}
	for _, f := range change {
		f(&s)
	}
	if _, err := gallery.Create(t.Context(), store, planar(), s, gallery.As("tester")); err != nil {
		t.Fatal(err)
	}
	clock := noon
	g, err := gallery.Open(t.Context(), store, "g", planar(), gallery.As("tester"), gallery.WithClock(func() time.Time {
		clock = clock.Add(time.Second)
		return clock
	}))
	if err != nil {
		t.Fatal(err)
	}
	return g, store
}

func at(x, y float32) gallery.Face { return gallery.Face{Embedding: []float32{x, y}} }

func photo(name string, faces ...gallery.Face) gallery.Photograph {
	return gallery.Photograph{Name: name, Hash: "hash of " + name, Faces: faces}
}

func image(id string, x, y float32) gallery.Enrolment {
	file := fmt.Sprintf("%s-%v-%v.png", id, x, y)
	return gallery.Enrolment{ID: id, Name: "folder/" + file, Hash: "hash of " + file, Face: gallery.Face{Embedding: []float32{x, y}, Crop: []byte("crop of " + file)}}
}

func enroll(t *testing.T, g *gallery.Gallery, images ...gallery.Enrolment) []gallery.EnrolledImage {
	t.Helper()
	done, err := g.Enroll(t.Context(), images...)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func identify(t *testing.T, g *gallery.Gallery, photos ...gallery.Photograph) []gallery.Result {
	t.Helper()
	results, err := g.Identify(t.Context(), photos, gallery.IdentifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// says expects a verdict such as "match a desk".
func says(t *testing.T, r gallery.Result, want string) {
	t.Helper()
	if got := strings.Join(strings.Fields(fmt.Sprint(r.Outcome, " ", r.ID, " ", r.Action)), " "); got != want {
		t.Errorf("verdict on %s, face %d, is %q (%s), want %q", r.File, r.Face, got, r.Reason, want)
	}
}

func TestVerdictsFollowTheThresholds(t *testing.T) {
	for kind, want := range map[gallery.Kind][]string{
		gallery.Watch:  {"match a desk", "refer a desk", "no_match pass", "match b desk"},
		gallery.Access: {"match a pass", "refer a desk", "no_match desk", "match b pass"},
	} {
		g, _ := made(t, func(s *gallery.Settings) { s.Kind = kind })
		enroll(t, g, image("a", 0, 0), image("a", 0, 10), image("b", 20, 0))
		for i, x := range []float32{0.5, 1.5, 5, 19.5} {
			says(t, identify(t, g, photo("p.png", at(x, 0)))[0], want[i])
		}
		r := identify(t, g, photo("p.png", at(0, 9.5)))[0]
		if says(t, r, want[0]); *r.Distance != 0.5 || len(r.Candidates) != 2 || r.Candidates[1].ID != "b" || r.Thresholds.Refer != 2 {
			t.Errorf("verdict = %+v, want distance 0.5 to the nearer of two images, and b as the other candidate", r)
		}
	}
}

func TestTheDistanceAtTheThresholdStillMatches(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0))
	says(t, identify(t, g, photo("p", at(1, 0)))[0], "match a desk")
	says(t, identify(t, g, photo("p", at(math.Nextafter32(1, 2), 0)))[0], "refer a desk")
	says(t, identify(t, g, photo("p", at(2, 0)))[0], "refer a desk")
}

func TestAnEmptyGalleryMatchesNobody(t *testing.T) {
	g, _ := made(t)
	r := identify(t, g, photo("p", at(1, 0)))[0]
	if says(t, r, "no_match pass"); r.Reason != "nobody is enrolled" || r.Distance != nil {
		t.Errorf("verdict = %+v, want a reason that nobody is enrolled", r)
	}
	if _, err := g.Verify(t.Context(), "a", photo("p", at(1, 0))); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("Verify = %v, want %v", err, gallery.ErrNotFound)
	}
}

func TestWithoutCalibrationNobodyIsMatched(t *testing.T) {
	g, _ := made(t, func(s *gallery.Settings) { s.Calibration = nil })
	enroll(t, g, image("a", 0, 0))
	says(t, identify(t, g, photo("p", at(0, 0)))[0], "refer a desk")
	says(t, identify(t, g, photo("p", at(1.5, 0)))[0], "no_match pass")
	verdict, err := g.Verify(t.Context(), "a", photo("p", at(0.5, 0)))
	if says(t, verdict, "match a desk"); err != nil {
		t.Error(err)
	}
}

func TestAFaceOfPoorQualityIsReferred(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0))
	poor := at(0, 0)
	poor.Refuse = "too blurred"
	if r := identify(t, g, photo("p", poor))[0]; r.Outcome != gallery.Refer || r.Reason != "too blurred" {
		t.Errorf("verdict = %+v, want refer: too blurred", r)
	}
}

func TestStrangersCompeteWithIDs(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0))
	says(t, identify(t, g, photo("p", at(0.8, 0)))[0], "match a desk")
	if err := g.Reject(t.Context(), "a", image("", 0.8, 0)); err != nil {
		t.Fatal(err)
	}
	says(t, identify(t, g, photo("p", at(0.8, 0)))[0], "no_match pass")
	says(t, identify(t, g, photo("p", at(0.1, 0)))[0], "match a desk")
	says(t, identify(t, g, photo("p", at(1.9, 0.2)))[0], "refer a desk") // farther than 1 from both
	if ids, err := g.List(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("List = %v, %v, want a alone", ids, err)
	}
}

func TestAnIDIsGivenOnceInAPhotograph(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0), image("b", 10, 0))
	results := identify(t, g, photo("p", at(0.9, 0), at(0.1, 0), at(9.5, 0), at(1.5, 0)), photo("q", at(0.9, 0)))
	for i, want := range []string{"refer desk", "match a desk", "match b desk", "refer desk", "match a desk"} {
		says(t, results[i], want)
	}
}

// Two faces that are both near two ids: the pairs are given by rising distance.
func TestTheNearestFaceHasTheID(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0), image("b", 1, 0))
	results := identify(t, g, photo("p", at(0.4, 0), at(0.1, 0)))
	says(t, results[1], "match a desk")
	says(t, results[0], "refer desk") // nearest to a, whom the other face is nearer to
}

func TestVerifyAsksOneID(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("a", 0, 0), image("a", 4, 0), image("b", 1, 0))
	for x, want := range map[float32]string{0.9: "match a desk", 4.5: "match a desk", 2: "refer a desk", 9: "no_match pass"} {
		r, err := g.Verify(t.Context(), "a", photo("p", at(x, 0)))
		if err != nil {
			t.Fatal(err)
		}
		says(t, r, want)
	}
}

func TestTheMeanLeavesOutliersOut(t *testing.T) {
	g, _ := made(t, func(s *gallery.Settings) { s.Representation = gallery.Mean })
	enroll(t, g, image("a", 0, 0), image("a", 0, 2), image("a", 0, 1), image("a", 1, 1), image("a", -1, 1), image("a", 50, 50), image("b", 9, 0))
	r := identify(t, g, photo("p", at(0, 1.25)))[0]
	if says(t, r, "match a desk"); math.Abs(float64(*r.Distance)-0.25) > 1e-6 {
		t.Errorf("distance = %v, want 0.25 from the mean (0, 1) of the five that lie together", *r.Distance)
	}
	says(t, identify(t, g, photo("p", at(50, 50)))[0], "no_match pass")
}

func TestSeveralGalleriesEachHaveTheirVerdict(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0))
	s := settingsOf("staff", gallery.Access)
	s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 1, Refer: 2}}
	if _, err := gallery.Create(t.Context(), store, planar(), s); err != nil {
		t.Fatal(err)
	}
	staff, err := g.Beside(t.Context(), "staff")
	if err != nil {
		t.Fatal(err)
	}
	enroll(t, staff, image("b", 10, 0))
	results, err := gallery.IdentifyIn(t.Context(), []*gallery.Gallery{g, staff}, []gallery.Photograph{photo("p", at(0, 0), at(10, 0))}, gallery.IdentifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"match a desk", "no_match desk", "no_match pass", "match b pass"} {
		says(t, results[i], want)
	}
	kinds := map[string]gallery.Kind{"g": gallery.Watch, "staff": gallery.Access}
	if worst := gallery.Gravest(kinds, results); worst != 0 && worst != 1 {
		t.Errorf("the gravest is result %d, want one that goes to the desk", worst)
	}
}

func TestTheGravestVerdictDependsOnTheKind(t *testing.T) {
	of := func(kind gallery.Kind, outcomes ...gallery.Outcome) gallery.Outcome {
		var results []gallery.Result
		for _, o := range outcomes {
			results = append(results, gallery.Result{Verdict: gallery.Verdict{Outcome: o, Action: kind.Do(o), Gallery: "g"}})
		}
		return outcomes[gallery.Gravest(map[string]gallery.Kind{"g": kind}, results)]
	}
	all := []gallery.Outcome{gallery.NoMatch, gallery.Match, gallery.Refer}
	if got := of(gallery.Watch, all...); got != gallery.Match {
		t.Errorf("the gravest of all in a watch gallery is %s, want match", got)
	}
	if got := of(gallery.Watch, gallery.NoMatch, gallery.Refer); got != gallery.Refer {
		t.Errorf("the gravest of no match and refer in a watch gallery is %s, want refer", got)
	}
	if got := of(gallery.Access, all...); got != gallery.NoMatch {
		t.Errorf("the gravest of all in an access gallery is %s, want no match", got)
	}
	if got := of(gallery.Access, gallery.Match, gallery.Refer); got != gallery.Refer {
		t.Errorf("the gravest of match and refer in an access gallery is %s, want refer", got)
	}
}

func TestEnrollWarnsOfImagesToLookAt(t *testing.T) {
	g, _ := made(t)
	enroll(t, g, image("b", 10, 0))
	done := enroll(t, g, image("a", 0, 0), image("a", 0.5, 0), image("a", 7, 0), image("a", 10.5, 0))
	for i, want := range []string{"", "", "unlike the other images", `like "b"`} {
		got := strings.Join(done[i].Warnings, "; ")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("warnings of image %d = %q, want about %q", i, got, want)
		}
	}
	again := enroll(t, g, image("a", 0, 0), image("a", 0, 0.1))
	if !again[0].Already || again[1].Already {
		t.Errorf("enrolled again = %+v, want the first to be there already", again)
	}
	if ids, err := g.List(t.Context()); err != nil || len(ids) != 2 || ids[0].Images != 5 || !ids[0].First.Before(ids[0].Last) {
		t.Errorf("List = %+v, %v, want 5 images of a and one of b", ids, err)
	}
}

func TestBadEmbeddingsAndIDsAreRefused(t *testing.T) {
	g, _ := made(t)
	nan := float32(math.NaN())
	for name, face := range map[string]gallery.Face{"NaN": at(nan, 0), "infinite": at(0, float32(math.Inf(1))), "long": {Embedding: make([]float32, 3)}, "none": {}} {
		bad := image("a", 0, 0)
		bad.Face = face
		_, enrol := g.Enroll(t.Context(), image("ok", 1, 1), bad)
		_, identify := g.Identify(t.Context(), []gallery.Photograph{photo("p", at(0, 0), face)}, gallery.IdentifyOptions{})
		_, verify := g.Verify(t.Context(), "a", photo("p", face))
		for what, err := range map[string]error{"Enroll": enrol, "Identify": identify, "Verify": verify, "Reject": g.Reject(t.Context(), "", bad)} {
			if !errors.Is(err, gallery.ErrBadEmbedding) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s of an embedding that is %s = %v, want one line that is %q", what, name, err, gallery.ErrBadEmbedding)
			}
		}
	}
	for _, id := range []string{"", "  ", "a\x00b", "line\nbreak", strings.Repeat("x", 10000), "\xff\xfe", "a\u202eb"} {
		if _, err := g.Enroll(t.Context(), image("ok", 1, 1), image(id, 0, 0)); err == nil {
			t.Errorf("id %.20q was enrolled, want an error", id)
		}
	}
	if ids, _ := g.List(t.Context()); len(ids) != 0 {
		t.Errorf("List = %v, want nobody", ids)
	}
	for _, id := range []string{"../../etc/passwd", "'; DROP TABLE entry;--", "👩‍👩‍👧‍👦", "عمر بن الخطاب", "שלום", "a/b\\c", strings.Repeat("é", 256)} {
		enroll(t, g, image(id, 0, 0))
		if err := g.Remove(t.Context(), " "+id+" "); err != nil {
			t.Errorf("id %.20q was enrolled and not removed: %v", id, err)
		}
	}
	enroll(t, g, image("e\u0301", 0, 0))
	if _, err := g.Verify(t.Context(), "\u00e9", photo("p", at(0, 0))); err != nil {
		t.Errorf("an id in another form of Unicode was not found: %v", err)
	}
}

func TestRemoveErasesEverythingAboutAnID(t *testing.T) {
	days := 3
	g, store := made(t)
	enroll(t, g, image("secret", 0, 0), image("other", 20, 0))
	_, err := g.Identify(t.Context(), []gallery.Photograph{photo("secret.png", at(1.5, 0))}, gallery.IdentifyOptions{ReviewDays: &days})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Rename(t.Context(), "secret", "renamed secret", false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := g.Export(t.Context(), &b, "renamed secret"); err != nil || strings.Count(b.String(), "\n") != 6 || !strings.Contains(b.String(), `"waiting"`) {
		t.Errorf("export of an id, %v:\n%s\nwant settings, an image, a face for review and three lines of the log", err, b.String())
	}
	if err := g.Remove(t.Context(), "renamed secret", "nobody"); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("Remove of an id that is not there = %v, want %v", err, gallery.ErrNotFound)
	}
	if err := g.Remove(t.Context(), "renamed secret"); err != nil {
		t.Fatal(err)
	}
	if r := identify(t, g, photo("p", at(0, 0)))[0]; r.ID != "" || r.Candidates[0].ID != "other" {
		t.Errorf("verdict after the removal = %+v, want no trace of the id", r)
	}
	entries, err := g.Entries(t.Context(), gallery.Query{})
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries are left, %v, want that of the other", len(entries), err)
	}
	actions := ""
	for l, err := range store.Log(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		actions += l.Action + " "
		for _, p := range l.Parts {
			if strings.Contains(string(p.Body), "secret") || strings.Contains(fmt.Sprint(p.About), "secret") {
				t.Errorf("line %d of the log still says %s", l.Number, p.Body)
			}
		}
	}
	if want := "create enroll identify rename erase identify "; actions != want {
		t.Errorf("the log has %q, want %q", actions, want)
	}
	if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil {
		t.Errorf("the chain is broken: %v", err)
	}
}

func TestTheLogTellsWhatWasConsideredAndDecided(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0), image("b", 5, 0))
	identify(t, g, photo("/secret/folder/p.png", at(0.5, 0)))
	var last gallery.Line
	for l := range store.Log(t.Context(), 1) {
		last = l
	}
	want := []string{
		`{"photo":1,"face":1,"file":"p.png","source":"hash of /secret/folder/p.png","decided":"match","action":"desk","id":"a","distance":0.5,"reason":"within the match threshold"}`,
		`{"photo":1,"face":1,"considered":"a","distance":0.5}`, `{"photo":1,"face":1,"considered":"b","distance":4.5}`,
	}
	for i, p := range last.Parts {
		if string(p.Body) != want[i] {
			t.Errorf("part %d of the log = %s, want %s", i, p.Body, want[i])
		}
	}
	if last.Who != "tester" || last.Action != "identify" || last.Model != "planar" || last.Time.Before(noon) || len(last.Parts) != 3 {
		t.Errorf("line of the log = %+v", last)
	}
}

func TestAnAlteredLogShows(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0))
	for range 3 {
		identify(t, g, photo("p", at(0.5, 0)))
	}
	var lines []gallery.Line
	for l := range store.Log(t.Context(), 1) {
		lines = append(lines, l)
	}
	log := func(lines []gallery.Line) func(func(gallery.Line, error) bool) {
		return func(yield func(gallery.Line, error) bool) {
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
		}
	}
	if _, err := gallery.VerifyLog(log(lines)); err != nil {
		t.Fatal(err)
	}
	for what, alter := range map[string]func(l []gallery.Line) []gallery.Line{
		"another asker":          func(l []gallery.Line) []gallery.Line { l[2].Who = "x"; return l },
		"another time":           func(l []gallery.Line) []gallery.Line { l[2].Time = l[2].Time.Add(time.Microsecond); return l },
		"another verdict":        func(l []gallery.Line) []gallery.Line { l[2].Parts[0].Body = []byte(`{}`); return l },
		"a verdict and digest":   func(l []gallery.Line) []gallery.Line { l[2].Parts[0] = gallery.NewPart("x"); return l },
		"a line left out":        func(l []gallery.Line) []gallery.Line { return append(l[:2], l[3:]...) },
		"lines exchanged":        func(l []gallery.Line) []gallery.Line { l[2], l[3] = l[3], l[2]; return l },
		"a part left out":        func(l []gallery.Line) []gallery.Line { l[2].Parts = l[2].Parts[1:]; return l },
		"a beginning cut off":    func(l []gallery.Line) []gallery.Line { return l[1:] },
		"another gallery's name": func(l []gallery.Line) []gallery.Line { l[1].Gallery = "h"; return l },
	} {
		altered := make([]gallery.Line, len(lines))
		for i, l := range lines {
			altered[i] = l
			altered[i].Parts = append([]gallery.Part{}, l.Parts...)
		}
		if _, err := gallery.VerifyLog(log(alter(altered))); !errors.Is(err, gallery.ErrDamaged) {
			t.Errorf("VerifyLog with %s = %v, want %v", what, err, gallery.ErrDamaged)
		}
	}
}

func TestReviewGroupsAndSettlesFaces(t *testing.T) {
	g, _ := made(t, func(s *gallery.Settings) { s.ReviewDays = 2 })
	enroll(t, g, image("a", 0, 0))
	withCrop := func(x, y float32) gallery.Face { return gallery.Face{Embedding: []float32{x, y}, Crop: []byte("c")} }
	identify(t, g, photo("match", withCrop(0, 0)), photo("one", withCrop(20, 0)), photo("two", withCrop(1.5, 0)), photo("three", withCrop(21, 0)))
	groups, err := g.Review(t.Context())
	if err != nil || len(groups) != 2 || len(groups[0].Faces) != 2 || groups[0].Like != "" || groups[1].Like != "a" || groups[1].Faces[0].Note != "refer: between the thresholds" {
		t.Fatalf("Review = %+v, %v, want two like each other and one like a", groups, err)
	}
	key := func(i, j int) string { return groups[i].Faces[j].Key }
	if err := g.Settle(t.Context(), gallery.Enrolled, "new", key(0, 0), key(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := g.Settle(t.Context(), gallery.Waiting, "", key(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := g.Settle(t.Context(), gallery.Stranger, "", key(1, 0)); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("Settle of a face that was dismissed = %v, want %v", err, gallery.ErrNotFound)
	}
	says(t, identify(t, g, photo("p", at(20.5, 0)))[0], "match new desk")
	entries, err := g.Entries(t.Context(), gallery.Query{ID: "new", Crops: true})
	if err != nil || len(entries) != 2 || string(entries[0].Crop) != "c" || entries[0].Name != "one" || !entries[0].Expires.IsZero() {
		t.Errorf("entries enrolled from the queue = %+v, %v", entries, err)
	}
	if groups, err := g.Review(t.Context()); err != nil || len(groups) != 0 {
		t.Errorf("Review = %+v, %v, want nothing left", groups, err)
	}
}

func TestProbesAreKeptOnlyForReviewAndAsLongAsTold(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0))
	identify(t, g, photo("p", at(5, 0)))
	if left, _ := g.Entries(t.Context(), gallery.Query{Role: gallery.Waiting}); len(left) != 0 {
		t.Errorf("%d probes were kept, want none without a review", len(left))
	}
	days := 2
	if _, err := g.Identify(t.Context(), []gallery.Photograph{photo("p", at(5, 0))}, gallery.IdentifyOptions{ReviewDays: &days}); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{47 * time.Hour: 1, 49 * time.Hour: 0} {
		later, err := gallery.Open(t.Context(), store, "g", planar(), gallery.WithClock(func() time.Time { return noon.Add(after) }))
		if err != nil {
			t.Fatal(err)
		}
		if groups, err := later.Review(t.Context()); err != nil || len(groups) != want {
			t.Errorf("after %v there are %d groups to review, %v, want %d", after, len(groups), err, want)
		}
	}
	later, _ := gallery.Open(t.Context(), store, "g", planar(), gallery.WithClock(func() time.Time { return noon.Add(49 * time.Hour) }))
	identify(t, later, photo("p", at(0, 0)))
	if left, _ := g.Entries(t.Context(), gallery.Query{Role: gallery.Waiting}); len(left) != 0 {
		t.Errorf("%d probes are still there after they expired, want none", len(left))
	}
}

func TestExportsComeBackByImport(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 1./3, -0.1), image("b", 1e-38, 16777217))
	if err := g.Reject(t.Context(), "a", image("", 7, 7)); err != nil {
		t.Fatal(err)
	}
	var exported bytes.Buffer
	if err := g.Export(t.Context(), &exported, ""); err != nil {
		t.Fatal(err)
	}
	s := settingsOf("copy", gallery.Watch)
	if _, err := gallery.Create(t.Context(), store, planar(), s); err != nil {
		t.Fatal(err)
	}
	copied, err := g.Beside(t.Context(), "copy")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []gallery.Imported{{Entries: 3}, {Already: 3}} {
		if done, err := copied.Import(t.Context(), bytes.NewReader(exported.Bytes())); err != nil || done != want {
			t.Errorf("import %d = %+v, %v, want %+v", i, done, err, want)
		}
	}
	want, _ := g.Entries(t.Context(), gallery.Query{Crops: true})
	got, err := copied.Entries(t.Context(), gallery.Query{Crops: true})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("imported entries, %v (-want +got):\n%s", err, diff)
	}
}

func TestImportNamesTheLineThatIsWrong(t *testing.T) {
	good := `{"id":"a","embedding":[1,2],"model":"planar"}` + "\n"
	for line, want := range map[string]string{
		`{"id":"a","embedding":[1,2],"model":"other"}`:               "different models",
		`{"id":"a","embedding":[1,2,3],"model":"planar"}`:            "3 numbers, want 2",
		`{"id":"a","embedding":[1,1e99],"model":"planar"}`:           "no number 1e99 is wanted at byte 29",
		`{"id":"a","embedding":[1,null],"model":"planar","key":"x"}`: "key",
		`{"id":"","embedding":[1,2],"model":"planar"}`:               "id is empty",
		`{"id":"a","embedding":[1,2],"model":"planar"`:               "not JSON",
		`[]`:        "not JSON",
		"\xff\xfe!": "not JSON",
		`{"id":"a","embedding":[1,2],"model":"planar","role":"king"}`:                              "role",
		`{"id":"a","embedding":[1,2],"model":"planar","expires":"2026-01-01T00:00:00Z"}`:           "expires",
		`{"id":"a","embedding":[1,2],"model":"planar","name":"` + strings.Repeat("x", 9999) + `"}`: "too long",
	} {
		g, _ := made(t)
		_, err := g.Import(t.Context(), strings.NewReader(good+line+"\n"+good))
		if err == nil || !strings.Contains(err.Error(), "line 2: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("import of %.80s: %v, want an error on line 2 about %q", line, err, want)
		}
	}
	g, _ := made(t)
	done, err := g.Import(t.Context(), strings.NewReader(good+"\n"+good+`{"id":"b","embedding":[1,2],"model":"planar"}`))
	if want := (gallery.Imported{Entries: 2, Already: 1}); err != nil || done != want {
		t.Errorf("import = %+v, %v, want %+v", done, err, want)
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"id":"a","embedding":[1,2],"model":"planar"}`))
	f.Add([]byte(`{"gallery":{}}` + "\n" + `{"entry":{"key":"00000000000000000000000000000000","role":"stranger","embedding":[1,2],"model":"planar","crop":"AAAA"}}`))
	f.Add([]byte(`{"entry":null,"log":{"parts":[{"body":1}]}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		store := gallery.Memory()
		if _, err := gallery.Create(t.Context(), store, planar(), settingsOf("g", gallery.Watch)); err != nil {
			t.Fatal(err)
		}
		g, err := gallery.Open(t.Context(), store, "g", planar())
		if err != nil {
			t.Fatal(err)
		}
		done, err := g.Import(t.Context(), bytes.NewReader(content))
		entries, listErr := g.Entries(t.Context(), gallery.Query{Crops: true})
		if err == nil && len(entries) != done.Entries || listErr != nil {
			t.Fatalf("import says %+v, and %d entries are there, %v", done, len(entries), listErr)
		}
		if len(entries) > 0 {
			identify(t, g, photo("p", at(0, 0)))
		}
	})
}

// linear embeds a crop as the number of its bytes.
func linear(_ context.Context, crops [][]byte) ([][]float32, error) {
	var rows [][]float32
	for _, crop := range crops {
		if string(crop) == "faceless" {
			rows = append(rows, nil)
			continue
		}
		rows = append(rows, []float32{float32(len(crop)), 0, 0})
	}
	return rows, nil
}

func TestMigrateEmbedsCropsAgain(t *testing.T) {
	to := gallery.Model{Hash: "linear", Dim: 3, Distance: distance.Euclidean(), File: "new.safetensors"}
	g, store := made(t)
	enroll(t, g, image("a", 0, 0), image("bb", 0, 1))
	if _, err := gallery.Open(t.Context(), store, "g", to); !errors.Is(err, gallery.ErrOtherModel) || !strings.Contains(err.Error(), "siam gallery migrate") {
		t.Errorf("Open with another model = %v, want a line that says how to migrate", err)
	}
	done, err := gallery.Migrate(t.Context(), store, "g", to, linear, false)
	if want := (gallery.Migration{From: "planar", To: "linear", Entries: 2}); err != nil || !reflect.DeepEqual(done, want) {
		t.Fatalf("Migrate = %+v, %v, want %+v", done, err, want)
	}
	s, err := gallery.FindGallery(t.Context(), store, "g")
	if err != nil || s.Model != "linear" || s.Dim != 3 || s.Calibration != nil || s.ModelThreshold != nil || s.ModelFile != "new.safetensors" {
		t.Errorf("settings = %+v, %v, want those of the new model and no calibration", s, err)
	}
	entries, _ := g.Entries(t.Context(), gallery.Query{Crops: true})
	for _, e := range entries {
		if e.Model != "linear" || e.Embedding[0] != float32(len(e.Crop)) {
			t.Errorf("entry = %+v, want the embedding of its crop", e)
		}
	}
	if _, err := g.Enroll(t.Context(), image("c", 0, 0)); err == nil {
		t.Errorf("Enroll with the old model = nil, want an error")
	}
}

func TestMigrateLosesNothingUnlessTold(t *testing.T) {
	to := gallery.Model{Hash: "linear", Dim: 3, Distance: distance.Euclidean()}
	g, store := made(t)
	faceless, cropless := image("b", 5, 0), image("c", 9, 0)
	faceless.Face.Crop, cropless.Face.Crop = []byte("faceless"), nil
	enroll(t, g, image("a", 0, 0), faceless, cropless)
	before, _ := g.Entries(t.Context(), gallery.Query{Crops: true})
	if done, err := gallery.Migrate(t.Context(), store, "g", to, linear, false); err == nil || len(done.Lost) != 2 || !strings.Contains(err.Error(), "--lose") {
		t.Errorf("Migrate = %+v, %v, want an error that two would be lost", done, err)
	}
	broken := errors.New("broken")
	if _, err := gallery.Migrate(t.Context(), store, "g", to, func(context.Context, [][]byte) ([][]float32, error) { return nil, broken }, true); !errors.Is(err, broken) {
		t.Errorf("Migrate with a model that fails = %v, want %v", err, broken)
	}
	if _, err := gallery.Migrate(t.Context(), store, "g", gallery.Model{Hash: "x", Dim: 4, Distance: distance.Euclidean()}, linear, true); !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("Migrate to embeddings of another length = %v, want %v", err, gallery.ErrBadEmbedding)
	}
	after, _ := g.Entries(t.Context(), gallery.Query{Crops: true})
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("entries changed (-before +after):\n%s", diff)
	}
	if done, err := gallery.Migrate(t.Context(), store, "g", to, linear, true); err != nil || done.Entries != 1 {
		t.Errorf("Migrate = %+v, %v, want one entry left", done, err)
	}
}

// While a gallery is migrated somebody enrolls another image by the old model: it is embedded again too.
func TestMigrateSeesWhatIsEnrolledMeanwhile(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0))
	calls := 0
	done, err := gallery.Migrate(t.Context(), store, "g", gallery.Model{Hash: "linear", Dim: 3, Distance: distance.Euclidean()}, func(ctx context.Context, crops [][]byte) ([][]float32, error) {
		if calls++; calls == 1 {
			enroll(t, g, image("late", 5, 5))
		}
		return linear(ctx, crops)
	}, false)
	if err != nil || done.Entries != 2 {
		t.Errorf("Migrate = %+v, %v, want both entries", done, err)
	}
}

func TestAcceptTakesACompatibleModel(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("a", 0, 0))
	next := planar()
	next.Hash = "planar 2"
	if err := gallery.Accept(t.Context(), store, "g", next); !errors.Is(err, gallery.ErrOtherModel) {
		t.Errorf("Accept of a model that does not say that it is compatible = %v, want %v", err, gallery.ErrOtherModel)
	}
	next.Compatible = []string{"planar"}
	if _, err := gallery.Open(t.Context(), store, "g", next); !errors.Is(err, gallery.ErrOtherModel) || !strings.Contains(err.Error(), "--compatible") {
		t.Errorf("Open = %v, want a line about --compatible", err)
	}
	if err := gallery.Accept(t.Context(), store, "g", next); err != nil {
		t.Fatal(err)
	}
	g2, err := gallery.Open(t.Context(), store, "g", next)
	if err != nil {
		t.Fatal(err)
	}
	enroll(t, g2, image("b", 9, 0))
	r := identify(t, g2, photo("p", at(0, 0)))[0]
	if says(t, r, "refer a desk"); r.Reason != "the gallery is not calibrated" {
		t.Errorf("reason = %q, want that the calibration went with the old model", r.Reason)
	}
}

func TestPurgeErasesWhatIsOlder(t *testing.T) {
	g, store := made(t)
	enroll(t, g, image("old", 0, 0))
	entries, _ := g.Entries(t.Context(), gallery.Query{})
	enroll(t, g, image("new", 5, 0))
	n, err := g.Purge(t.Context(), entries[0].When.Add(time.Microsecond))
	if err != nil || n != 1 {
		t.Errorf("Purge = %d, %v, want 1", n, err)
	}
	if ids, _ := g.List(t.Context()); len(ids) != 1 || ids[0].ID != "new" {
		t.Errorf("List = %v, want new alone", ids)
	}
	if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil {
		t.Error(err)
	}
}

func TestGalleriesThatAreNotThereAreNamed(t *testing.T) {
	g, store := made(t)
	for what, err := range map[string]error{
		"FindGallery": func() error { _, err := gallery.FindGallery(t.Context(), store, "h"); return err }(),
		"Open":        func() error { _, err := gallery.Open(t.Context(), store, "h", planar()); return err }(),
	} {
		if !errors.Is(err, gallery.ErrNotFound) || !strings.Contains(err.Error(), `"h"`) {
			t.Errorf("%s = %v, want %v with the name", what, err, gallery.ErrNotFound)
		}
	}
	if err := g.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Identify(t.Context(), nil, gallery.IdentifyOptions{}); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("Identify in a gallery that was dropped = %v, want %v", err, gallery.ErrNotFound)
	}
}

// searching is a store that searches itself, by comparing one by one.
type searching struct {
	gallery.Store
	asked       int
	unsupported bool
}

func (s *searching) Nearest(ctx context.Context, name string, probe []float32, k int) ([]gallery.Hit, error) {
	s.asked++
	if s.unsupported {
		return nil, errors.ErrUnsupported
	}
	v, err := s.Vectors(ctx, name, 0)
	var hits []gallery.Hit
	for i, ref := range v.Refs {
		hits = append(hits, gallery.Hit{Ref: ref, Distance: planar().Distance.Of(probe, v.Values[i*v.Dim:(i+1)*v.Dim])})
	}
	slices.SortFunc(hits, func(a, b gallery.Hit) int { return order.Compare(a.Distance, b.Distance) })
	return hits[:min(k, len(hits))], err
}

// A store that searches itself gives the answers that the search in memory gives, also where one id has all the nearest images.
func TestStoresThatSearchAreAsked(t *testing.T) {
	g, store := made(t)
	random := rand.New(rand.NewPCG(1, 2))
	var images []gallery.Enrolment
	for i := range 60 {
		images = append(images, image("crowd", float32(i)/1000, 0), image(fmt.Sprint(i), 4*random.Float32(), 4*random.Float32()))
	}
	enroll(t, g, images...)
	for _, unsupported := range []bool{false, true} {
		asked := &searching{Store: store, unsupported: unsupported}
		other, err := gallery.Open(t.Context(), asked, "g", planar())
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p := photo("p", at(4*random.Float32(), 4*random.Float32()), at(0, 0))
			got, want := identify(t, other, p), identify(t, g, p)
			if diff := cmp.Diff(want, got); diff != "" || len(got[1].Candidates) != 5 {
				t.Errorf("verdict by a store that searches (-in memory +by the store):\n%s", diff)
			}
		}
		if asked.asked == 0 {
			t.Errorf("the store was not asked")
		}
	}
}

// A camera that is broken, or a network that is, may give nothing but zeros: they are no stranger who passes.
func TestAnEmbeddingOfZerosHasNoVerdict(t *testing.T) {
	model := gallery.Model{Hash: "cosine", Dim: 2, Distance: distance.Cosine()}
	g, err := gallery.Create(t.Context(), gallery.Memory(), model, model.Settings("g", gallery.Watch))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Enroll(t.Context(), image("anna", 0, 0)); !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("Enroll = %v, want %v", err, gallery.ErrBadEmbedding)
	}
	enroll(t, g, image("anna", 0, 1))
	if _, err := g.Identify(t.Context(), []gallery.Photograph{photo("p", at(0, 0))}, gallery.IdentifyOptions{}); !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("Identify = %v, want %v", err, gallery.ErrBadEmbedding)
	}
}
