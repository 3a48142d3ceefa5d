package gallery_test

import (
	"fmt"
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

func TestWhatWasRemovedIsNotInTheGraph(t *testing.T) {
	g, _, folder := approximately(t, 60, 0.9)
	for len(idsOf(t, g)) > 0 {
		gone := idsOf(t, g)[0]
		if err := g.Remove(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		if files, _ := os.ReadDir(folder); len(files) > 0 {
			t.Fatalf("the graph of before the removal is still there")
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
