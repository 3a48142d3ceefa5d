package gallerytest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
	"pgregory.net/rapid"
)

// RunRandom makes random changes to a store and to one in memory: both fail or neither, and both hold the same afterwards.
func RunRandom(t *testing.T, open func(t *testing.T, place string) gallery.Store) {
	store := open(t, t.TempDir())
	defer store.Close()
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		w := &walk{store: store, memory: gallery.Memory(), name: fmt.Sprintf("random %d", run)}
		w.both(t, r, gallery.Change{Settings: w.settings(0)})
		r.Repeat(map[string]func(*rapid.T){
			"put":    func(r *rapid.T) { w.both(t, r, gallery.Change{Put: w.entries(r)}) },
			"erase":  func(r *rapid.T) { w.both(t, r, gallery.Change{Erase: rapid.SliceOfN(someID, 1, 2).Draw(r, "ids")}) },
			"delete": func(r *rapid.T) { w.both(t, r, gallery.Change{Delete: []string{w.key(r)}}) },
			"move": func(r *rapid.T) {
				w.both(t, r, gallery.Change{Move: []gallery.Move{{From: someID.Draw(r, "from"), To: someID.Draw(r, "to"), Merge: rapid.Bool().Draw(r, "merge")}}})
			},
			"expire": func(r *rapid.T) { w.both(t, r, gallery.Change{Expire: someTime.Draw(r, "now")}) },
			"settings": func(r *rapid.T) {
				w.both(t, r, gallery.Change{Settings: w.settings(rapid.Int64Range(0, 6).Draw(r, "revision"))})
			},
			"several": func(r *rapid.T) {
				w.both(t, r, gallery.Change{Delete: []string{w.key(r)}, Move: []gallery.Move{{From: "a", To: someID.Draw(r, "to"), Merge: true}}, Put: w.entries(r)})
			},
			"": func(r *rapid.T) { w.compare(t, r) },
		})
	})
}

var (
	someID   = rapid.SampledFrom([]string{"a", "b", "c", "ä"})
	someTime = rapid.Map(rapid.Int64Range(1, 5), func(n int64) time.Time { return time.Unix(n*1000, 0).UTC() })
	someRole = rapid.SampledFrom([]gallery.Role{gallery.Enrolled, gallery.Enrolled, gallery.Stranger, gallery.Waiting})
)

// walk is one sequence of changes.
type walk struct {
	store, memory gallery.Store
	name          string
	keys          []string        // that were put once
	seen          gallery.Vectors // of the store, kept up to date by what is new
}

func (w *walk) settings(revision int64) *gallery.Settings {
	s := settings(w.name)
	s.Revision = revision
	return &s
}

func (w *walk) key(r *rapid.T) string {
	if len(w.keys) == 0 {
		return fmt.Sprintf("%032x", 0)
	}
	return rapid.SampledFrom(w.keys).Draw(r, "key")
}

func (w *walk) entries(r *rapid.T) []gallery.Entry {
	var all []gallery.Entry
	for range rapid.IntRange(1, 3).Draw(r, "entries") {
		e := gallery.Entry{
			Key: fmt.Sprintf("%032x", rapid.Uint16().Draw(r, "new key")), Role: someRole.Draw(r, "role"), ID: someID.Draw(r, "id"),
			Model: "model-1", When: someTime.Draw(r, "when"), Crop: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(r, "crop"),
			Embedding: rapid.SliceOfN(rapid.Float32Range(-1, 1), dim, dim).Draw(r, "embedding"),
		}
		switch e.Role {
		case gallery.Stranger:
			e.ID = ""
		case gallery.Waiting:
			e.Expires = someTime.Draw(r, "expires")
		}
		w.keys = append(w.keys, e.Key)
		all = append(all, e)
	}
	return all
}

func (w *walk) both(t *testing.T, r *rapid.T, c gallery.Change) {
	c.Gallery = w.name
	got, want := w.store.Apply(t.Context(), c), w.memory.Apply(t.Context(), c)
	if (got == nil) != (want == nil) {
		r.Fatalf("Apply(%+v) = %v, in memory %v", c, got, want)
	}
}

func (w *walk) compare(t *testing.T, r *rapid.T) {
	got, want := everything(t, r, w.store, w.name), everything(t, r, w.memory, w.name)
	if !reflect.DeepEqual(got, want) {
		r.Fatalf("the store holds %+v, want %+v", got, want)
	}
	v, err := w.store.Vectors(t.Context(), w.name, w.seen.Revision)
	all, wholeErr := w.memory.Vectors(t.Context(), w.name, 0)
	if err != nil || wholeErr != nil {
		r.Fatalf("Vectors: %v, %v", err, wholeErr)
	}
	if v.Since > 0 {
		v.Refs, v.Values = append(w.seen.Refs, v.Refs...), append(w.seen.Values, v.Values...)
	}
	w.seen = v
	embedding := map[gallery.Ref][dim]float32{}
	for i, ref := range v.Refs {
		embedding[ref] = [dim]float32(v.Values[i*dim:])
	}
	if len(v.Refs) != len(all.Refs) {
		r.Fatalf("%d vectors, want %d", len(v.Refs), len(all.Refs))
	}
	for i, ref := range all.Refs {
		if embedding[ref] != [dim]float32(all.Values[i*dim:]) {
			r.Fatalf("vector of %+v is %v, want %v", ref, embedding[ref], all.Values[i*dim:(i+1)*dim])
		}
	}
}

func everything(t *testing.T, r *rapid.T, store gallery.Store, name string) (all []gallery.Entry) {
	for e, err := range store.Entries(t.Context(), name, gallery.Query{Crops: true}) {
		if err != nil {
			r.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
