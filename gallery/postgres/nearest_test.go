package postgres_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/postgres"
)

const dim = 16

// fill makes a gallery of n enrolled entries, some alike, and of a few that are not searched.
func fill(t *testing.T, store gallery.Store, name, by string, n int) []gallery.Entry {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(n), 5))
	entries := make([]gallery.Entry, n)
	for i := range entries {
		e := gallery.Entry{Key: fmt.Sprintf("%032x", i), Role: gallery.Enrolled, ID: fmt.Sprint("id ", i/2), Model: "m", When: time.UnixMicro(5).UTC()}
		for range dim {
			e.Embedding = append(e.Embedding, float32(random.NormFloat64()))
		}
		switch {
		case i%10 == 1: // as near as another one
			e.Embedding = entries[i-1].Embedding
		case i%10 == 2:
			e.Role, e.ID = gallery.Stranger, ""
		case i%10 == 3:
			e.Role = gallery.Waiting
		case i == 4 && by != "cosine": // which has no direction of zeros
			e.Embedding = make([]float32, dim)
		}
		entries[i] = e
	}
	s := gallery.Settings{Name: name, Kind: gallery.Watch, Model: "m", Dim: dim, Distance: by, Representation: gallery.Nearest}
	if err := store.Apply(t.Context(), gallery.Change{Gallery: name, Settings: &s, Put: entries}); err != nil {
		t.Fatal(err)
	}
	return entries
}

// nearest is what a search finds, by brute force.
func nearest(t *testing.T, entries []gallery.Entry, by string, probe []float32, k int) (hits []gallery.Hit) {
	t.Helper()
	d, err := distance.ByName(by)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Role != gallery.Waiting {
			hits = append(hits, gallery.Hit{Ref: gallery.Ref{Key: e.Key, ID: e.ID, Role: e.Role}, Distance: d.Of(probe, e.Embedding)})
		}
	}
	slices.SortFunc(hits, func(a, b gallery.Hit) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Key, b.Key))
	})
	return hits[:min(k, len(hits))]
}

func probes(entries []gallery.Entry) [][]float32 {
	random := rand.New(rand.NewPCG(3, 3))
	all := [][]float32{make([]float32, dim), entries[0].Embedding, entries[7].Embedding}
	for range 3 {
		p := make([]float32, dim)
		for j := range p {
			p[j] = float32(random.NormFloat64())
		}
		all = append(all, p)
	}
	return all
}

// What the server finds is what brute force finds, in a gallery that is 1 % of all entries, too.
func TestTheServerFindsTheNearest(t *testing.T) {
	server(t)
	store := open(postgres.Options{})(t, t.TempDir())
	defer store.Close()
	fill(t, store, "large", "euclidean", 5000)
	for _, by := range []string{"euclidean", "squared_euclidean", "cosine", "l1"} {
		entries := fill(t, store, by, by, 50)
		for i, probe := range probes(entries) {
			for _, k := range []int{1, 10, 45, 100} {
				hits, err := store.(gallery.Searcher).Nearest(t.Context(), by, probe, k)
				if want := nearest(t, entries, by, probe, k); err != nil || !reflect.DeepEqual(hits, want) {
					t.Errorf("%s: the %d nearest to probe %d are %v, %v, want %v", by, k, i, hits, err, want)
				}
			}
		}
	}
	searcher := store.(gallery.Searcher)
	fill(t, store, "snr", "snr", 5)
	if _, err := searcher.Nearest(t.Context(), "snr", make([]float32, dim), 1); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Nearest by snr = %v, want %v", err, errors.ErrUnsupported)
	}
	if _, err := searcher.Nearest(t.Context(), "large", make([]float32, 3), 1); !errors.Is(err, gallery.ErrBadEmbedding) {
		t.Errorf("Nearest to an embedding of another length = %v, want %v", err, gallery.ErrBadEmbedding)
	}
}

// An index finds as many as were asked for, in a small gallery beside a large one, and most of the nearest.
func TestAnIndexFindsEnough(t *testing.T) {
	server(t)
	store := open(postgres.Options{Approximate: true})(t, t.TempDir())
	defer store.Close()
	fill(t, store, "large", "euclidean", 2000)
	small := fill(t, store, "small", "euclidean", 20)
	for _, probe := range probes(small) {
		for _, k := range []int{5, 18, 100} {
			hits, err := store.(gallery.Searcher).Nearest(t.Context(), "small", probe, k)
			if want := nearest(t, small, "euclidean", probe, k); err != nil || len(hits) != len(want) || hits[0].Distance != want[0].Distance {
				t.Errorf("the %d nearest are %v, %v, want %v", k, hits, err, want)
			}
		}
	}
	s := settings(t, store, "small")
	s.Model, s.Dim = "other", 3
	var fresh []gallery.NewEmbedding
	for _, e := range small {
		fresh = append(fresh, gallery.NewEmbedding{Key: e.Key, Model: "other", Embedding: []float32{1, 2, 3}})
	}
	if err := store.Apply(t.Context(), gallery.Change{Gallery: "small", Settings: &s, Embeddings: fresh}); err != nil {
		t.Errorf("another model with embeddings of another length: %v", err)
	}
	if hits, err := store.(gallery.Searcher).Nearest(t.Context(), "small", []float32{1, 2, 3}, 4); err != nil || len(hits) != 4 || hits[0].Distance != 0 {
		t.Errorf("Nearest by the other model = %v, %v, want 4 at distance 0", hits, err)
	}
}

func settings(t *testing.T, store gallery.Store, name string) gallery.Settings {
	t.Helper()
	all, err := store.Galleries(t.Context())
	at := slices.IndexFunc(all, func(s gallery.Settings) bool { return s.Name == name })
	if err != nil || at < 0 {
		t.Fatalf("Galleries = %v, %v, want %s among them", all, err, name)
	}
	return all[at]
}
