package gallery_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

// approximately is a gallery of n images that is searched approximately, with its graph in a folder.
func approximately(t *testing.T, n int, recall float64) (g *gallery.Gallery, store gallery.Store, folder string) {
	t.Helper()
	store = gallery.Memory()
	folder = filepath.Join(t.TempDir(), "graphs")
	s := settingsOf("g", gallery.Watch)
	s.Approximate = &gallery.Approximate{Recall: recall}
	s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 1, Refer: 2}}
	if _, err := gallery.Create(t.Context(), store, planar(), s); err != nil {
		t.Fatal(err)
	}
	g, err := gallery.Open(t.Context(), store, "g", planar(), gallery.IndexIn(folder))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	var images []gallery.Enrolment
	for i := range n {
		images = append(images, image(fmt.Sprintf("p%04d", i/2), 1000*rng.Float32(), 1000*rng.Float32()))
		images[i].Hash = fmt.Sprint("hash ", i)
	}
	enroll(t, g, images...)
	return g, store, folder
}

func TestApproximateGalleriesKeepTheirGraphAndFindWhatExactOnesFind(t *testing.T) {
	g, store, folder := approximately(t, 800, 0.95)
	r, err := g.AuditRecall(t.Context())
	if err != nil || r.Value < 0.95 || r.Unreachable != 0 || r.Vectors != 800 || r.N != 800 {
		t.Fatalf("AuditRecall = %+v, %v, want 0.95 or more of 800 and all reachable", r, err)
	}
	files, _ := os.ReadDir(folder)
	if len(files) != 1 || filepath.Join(folder, files[0].Name()) != r.File {
		t.Fatalf("%d files in %s, want the graph", len(files), folder)
	}
	again, err := gallery.Open(t.Context(), store, "g", planar(), gallery.IndexIn(folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.File, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := again.Identify(t.Context(), []gallery.Photograph{photo("a", at(500, 500))}, gallery.IdentifyOptions{Candidates: 5})
	if err != nil || len(results[0].Candidates) != 5 {
		t.Fatalf("Identify with a damaged graph = %+v, %v, want 5 candidates", results, err)
	}
	exact, err := gallery.Open(t.Context(), store, "g", planar())
	if err != nil {
		t.Fatal(err)
	}
	want, err := exact.Identify(t.Context(), []gallery.Photograph{photo("a", at(500, 500))}, gallery.IdentifyOptions{Candidates: 5})
	if err != nil || results[0].ID != want[0].ID || *results[0].Distance != *want[0].Distance {
		t.Errorf("found %v, another program %v, %v, want the same", results[0].Verdict, want[0].Verdict, err)
	}
}

// graphIn is the one file in a folder of graphs.
func graphIn(t *testing.T, folder string) []byte {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files in %s, %v, want the graph", len(files), folder, err)
	}
	content, err := os.ReadFile(filepath.Join(folder, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWhatWasRemovedIsNotInTheGraph(t *testing.T) {
	g, store, folder := approximately(t, 60, 0.9)
	for turn := 0; len(idsOf(t, g)) > 0; turn++ {
		if _, err := g.Identify(t.Context(), []gallery.Photograph{photo("a", at(500, 500))}, gallery.IdentifyOptions{}); err != nil {
			t.Fatal(err)
		}
		gone := idsOf(t, g)[0]
		own, err := g.Entries(t.Context(), gallery.Query{ID: gone})
		if err != nil {
			t.Fatal(err)
		}
		by := g
		if turn%2 == 1 { // a program that knows nothing of the model
			if by, err = gallery.OpenNamed(t.Context(), store, "g", gallery.IndexIn(folder)); err != nil {
				t.Fatal(err)
			}
		}
		if err := by.Remove(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		content := graphIn(t, folder)
		for _, e := range own {
			if bytes.Contains(content, []byte(e.Key)) {
				t.Fatalf("a key of %s is in the graph's file still", gone)
			}
		}
		results, err := g.Identify(t.Context(), []gallery.Photograph{photo("a", at(500, 500))}, gallery.IdentifyOptions{Candidates: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range results[0].Candidates {
			if c.ID == gone {
				t.Fatalf("%s was removed and found", gone)
			}
		}
		if left := len(idsOf(t, g)); len(results[0].Candidates) != left {
			t.Fatalf("found %d ids, want %d", len(results[0].Candidates), left)
		}
	}
	if err := g.Remove(t.Context(), "nobody"); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("removing nobody = %v", err)
	}
	if err := g.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(folder); len(files) > 0 {
		t.Error("the graph of a gallery that was dropped is still there")
	}
}

func TestAGraphThatCannotBeKeptStopsNoVerdict(t *testing.T) {
	g, _, folder := approximately(t, 200, 0.9)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // a file in the way
		t.Fatal(err)
	}
	enroll(t, g, image("new", 1, 1))
	results, err := g.Identify(t.Context(), []gallery.Photograph{photo("a", at(1, 1))}, gallery.IdentifyOptions{})
	if err != nil || results[0].ID != "new" {
		t.Fatalf("Identify = %+v, %v, want new", results, err)
	}
	if err := g.Remove(t.Context(), "new"); err != nil {
		t.Errorf("Remove = %v", err)
	}
	if r, err := g.AuditRecall(t.Context()); err != nil || r.Unkept == "" || r.File != "" {
		t.Errorf("AuditRecall = %+v, %v, want it to say that the graph is not kept", r, err)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	enroll(t, g, image("newer", 2, 2))
	if r, err := g.AuditRecall(t.Context()); err != nil || r.Unkept != "" || len(graphIn(t, folder)) == 0 {
		t.Errorf("AuditRecall with the folder back = %+v, %v, want the graph kept", r, err)
	}
}

// Two programs with one store and one folder change it by turns, and are ended at any moment; their answers are those of comparing with
// all that is enrolled, but for what the recall allows, and nothing removed is among them.
func TestApproximateGalleriesAgreeWithExactOnesAfterAnyChanges(t *testing.T) {
	first, store, folder := approximately(t, 300, 0.9)
	rng := rand.New(rand.NewPCG(7, 0))
	reopen := func() *gallery.Gallery {
		g, err := gallery.Open(t.Context(), store, "g", planar(), gallery.IndexIn(folder))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	programs := []*gallery.Gallery{first, reopen()}
	missed, of := 0, 0
	for step := range 150 {
		p := rng.IntN(2)
		g := programs[p]
		switch ids := idsOf(t, g); rng.IntN(6) {
		case 0, 1:
			enroll(t, g, image(fmt.Sprint("new ", step), 1000*rng.Float32(), 1000*rng.Float32()))
		case 2, 3:
			if err := g.Remove(t.Context(), ids[rng.IntN(len(ids))]); err != nil {
				t.Fatal(err)
			}
		case 4:
			if err := g.Rename(t.Context(), ids[0], ids[len(ids)-1], true); err != nil {
				t.Fatal(err)
			}
		case 5:
			programs[p] = reopen()
			if files, _ := os.ReadDir(folder); len(files) == 1 && rng.IntN(2) == 0 {
				if err := os.Truncate(filepath.Join(folder, files[0].Name()), rng.Int64N(2000)); err != nil {
					t.Fatal(err)
				}
			}
		}
		x, y := 1000*rng.Float32(), 1000*rng.Float32()
		results, err := programs[rng.IntN(2)].Identify(t.Context(), []gallery.Photograph{photo("a", at(x, y))}, gallery.IdentifyOptions{Candidates: 10})
		if err != nil {
			t.Fatal(err)
		}
		nearest := map[string]float32{}
		entries, err := first.Entries(t.Context(), gallery.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			d := planar().Distance.Of([]float32{x, y}, e.Embedding)
			if was, known := nearest[e.ID]; !known || d < was {
				nearest[e.ID] = d
			}
		}
		all := slices.Sorted(maps.Values(nearest))
		for _, c := range results[0].Candidates {
			if is, there := nearest[c.ID]; !there || c.Distance < is {
				t.Fatalf("step %d: found %q at %v, is there: %v, at %v", step, c.ID, c.Distance, there, is)
			}
			if c.Distance > all[9] {
				missed++
			}
		}
		of += 10
	}
	if float64(missed) > 0.1*float64(of) {
		t.Errorf("%d of %d nearest ids were missed, want at most a tenth", missed, of)
	}
}

// forgetful is a store that searches itself, and finds four of five.
type forgetful struct{ gallery.Store }

func (forgetful) Approximate() bool { return true }

func (f forgetful) Nearest(ctx context.Context, name string, probe []float32, k int) ([]gallery.Hit, error) {
	v, err := f.Vectors(ctx, name, 0)
	if err != nil {
		return nil, err
	}
	var hits []gallery.Hit
	for i, r := range v.Refs {
		hits = append(hits, gallery.Hit{Ref: r, Distance: planar().Distance.Of(probe, v.Values[2*i:2*i+2])})
	}
	slices.SortFunc(hits, func(a, b gallery.Hit) int { return cmp.Compare(a.Distance, b.Distance) })
	var found []gallery.Hit
	for i, h := range hits {
		if i%5 != 2 && len(found) < k {
			found = append(found, h)
		}
	}
	return found, nil
}

func TestWhatAStoresSearchMissesEntersTheRates(t *testing.T) {
	c := crowd{rand.New(rand.NewPCG(1, 2)), 30, 0.3}
	exact, store := made(t)
	c.enroll(t, exact, 60, three)
	strangers := c.strangers(340, 1)
	g, err := gallery.Open(t.Context(), forgetful{store}, "g", planar())
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.AuditRecall(t.Context())
	if err != nil || r == nil || r.N != 180 || math.Abs(r.Value-0.8) > 1e-9 {
		t.Fatalf("AuditRecall = %+v, %v, want 0.8 by 180 probes", r, err)
	}
	o := gallery.CalibrateOptions{FPIR: 0.05, Miss: 0.05, Strangers: strangers}
	before, after := calibrate(t, exact, o), calibrate(t, g, o)
	if want := 1 - (1-before.FNIR.Value)*0.8; math.Abs(after.FNIR.Value-want) > 1e-9 || after.Recall == nil {
		t.Errorf("FNIR with that search = %v, recall %v, want %v", after.FNIR.Value, after.Recall, want)
	}
}

func idsOf(t *testing.T, g *gallery.Gallery) []string {
	t.Helper()
	var ids []string
	list, err := g.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range list {
		ids = append(ids, id.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestApproximateSearchesThatCannotBeAreRefused(t *testing.T) {
	store := gallery.Memory()
	m := planar()
	m.Distance = distance.L1()
	s := m.Settings("g", gallery.Watch)
	s.Approximate = &gallery.Approximate{Recall: 0.99}
	if _, err := gallery.Create(t.Context(), store, m, s); err == nil {
		t.Error("a gallery by L1 was made for approximate search, want an error")
	}
	s = settingsOf("g", gallery.Watch)
	s.Approximate = &gallery.Approximate{Recall: 1.5}
	if _, err := gallery.Create(t.Context(), store, planar(), s); err == nil {
		t.Error("a recall of 1.5 was taken, want an error")
	}
	if g, _ := made(t); true {
		if r, err := g.AuditRecall(t.Context()); r != nil || err != nil {
			t.Errorf("AuditRecall of an exact gallery = %v, %v, want nil", r, err)
		}
	}
}
