// Package gallerytest holds the test that every store of galleries must pass.
package gallerytest

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/siam-go/siam/gallery"
)

// Run tries a store against the contract of [gallery.Store]. open makes an empty store, or, called again with the same place, opens
// the one that is there; a store that lives in memory only ignores places.
func Run(t *testing.T, open func(t *testing.T, place string) gallery.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"an empty store has no galleries", emptyStore},
		{"a gallery is made once", madeOnce},
		{"settings are replaced at their revision only", replacedAtRevision},
		{"entries come back by key as they were put", comeBack},
		{"entries are asked for by role, id, key and time", askedFor},
		{"vectors are the enrolled and the strangers", vectorsOf},
		{"vectors since a revision add up to all", vectorsSince},
		{"a change that fails at its end changes nothing", nothingHalf},
		{"an erased id leaves entries, log and vectors", erased},
		{"what has waited long enough is gone", expired},
		{"ids are renamed and merged", renamed},
		{"embeddings are replaced with the model or not at all", replaced},
		{"embeddings that do not fit are refused", refused},
		{"galleries do not see each other", apart},
		{"a gallery is dropped with all it holds", dropped},
		{"the log is one chain", chained},
		{"old lines of the log are forgotten and the chain holds", forgotten},
		{"goroutines do not lose each other's changes", together},
		{"a context that has ended ends all calls", ended},
		{"a closed store fails", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := open(t, t.TempDir())
			t.Cleanup(func() { store.Close() })
			test.run(t, &fixture{Store: store, random: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)})
		})
	}
}

const dim = 5

// fixture makes what a store is tried with.
type fixture struct {
	gallery.Store
	random *rand.Rand
	now    time.Time
}

// Settings are those of a gallery of embeddings of 5 numbers.
func settings(name string) gallery.Settings {
	threshold := float32(0.5)
	return gallery.Settings{Name: name, Kind: gallery.Watch, Model: "model-1", Dim: dim, Distance: "euclidean", ModelThreshold: &threshold,
		Representation: gallery.Nearest, Created: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}
}

func (f *fixture) entry(id string) gallery.Entry {
	f.now = f.now.Add(time.Second)
	e := gallery.Entry{Key: gallery.NewKey(f.now), Role: gallery.Enrolled, ID: id, Model: "model-1", Source: "abc", Name: "a.png", When: f.now}
	for range dim {
		e.Embedding = append(e.Embedding, float32(f.random.NormFloat64()))
	}
	return e
}

func (f *fixture) entries(ids ...string) []gallery.Entry {
	var all []gallery.Entry
	for _, id := range ids {
		all = append(all, f.entry(id))
	}
	return all
}

// gallery makes a gallery that holds entries.
func (f *fixture) gallery(t *testing.T, name string, entries ...gallery.Entry) {
	t.Helper()
	s := settings(name)
	f.apply(t, gallery.Change{Gallery: name, Settings: &s})
	if len(entries) > 0 {
		f.apply(t, gallery.Change{Gallery: name, Put: entries})
	}
}

func (f *fixture) apply(t *testing.T, c gallery.Change) {
	t.Helper()
	if err := f.Apply(t.Context(), c); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

// fails expects a change to fail with an error of a kind.
func (f *fixture) fails(t *testing.T, c gallery.Change, want error) {
	t.Helper()
	if err := f.Apply(t.Context(), c); !errors.Is(err, want) {
		t.Errorf("Apply = %v, want an error that is %q", err, want)
	}
}

func (f *fixture) list(t *testing.T, name string, q gallery.Query) []gallery.Entry {
	t.Helper()
	var all []gallery.Entry
	for e, err := range f.Entries(t.Context(), name, q) {
		if err != nil {
			t.Fatalf("Entries: %v", err)
		}
		all = append(all, e)
	}
	return all
}

func (f *fixture) holds(t *testing.T, name string, q gallery.Query, want []gallery.Entry) {
	t.Helper()
	if diff := cmp.Diff(want, f.list(t, name, q), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("entries of %q that fit %+v (-want +got):\n%s", name, q, diff)
	}
}

func (f *fixture) vectors(t *testing.T, name string, since int64) gallery.Vectors {
	t.Helper()
	v, err := f.Vectors(t.Context(), name, since)
	if err != nil {
		t.Fatalf("Vectors: %v", err)
	}
	if len(v.Values) != len(v.Refs)*v.Dim || v.Dim != dim || v.Revision < 1 {
		t.Fatalf("Vectors has %d numbers for %d entries of %d, revision %d", len(v.Values), len(v.Refs), v.Dim, v.Revision)
	}
	return v
}

func (f *fixture) log(t *testing.T) []gallery.Line {
	t.Helper()
	var lines []gallery.Line
	for l, err := range f.Log(t.Context(), 1) {
		if err != nil {
			t.Fatalf("Log: %v", err)
		}
		lines = append(lines, l)
	}
	if _, err := gallery.VerifyLog(f.Log(t.Context(), 1)); err != nil {
		t.Errorf("VerifyLog: %v", err)
	}
	return lines
}

func emptyStore(t *testing.T, f *fixture) {
	if all, err := f.Galleries(t.Context()); len(all) != 0 || err != nil {
		t.Errorf("Galleries = %v, %v, want none", all, err)
	}
	if len(f.log(t)) != 0 {
		t.Errorf("the log has lines, want none")
	}
	if _, err := f.Vectors(t.Context(), "none", 0); !errors.Is(err, gallery.ErrNotFound) {
		t.Errorf("Vectors of no gallery = %v, want %v", err, gallery.ErrNotFound)
	}
	for _, err := range f.Entries(t.Context(), "none", gallery.Query{}) {
		if !errors.Is(err, gallery.ErrNotFound) {
			t.Errorf("Entries of no gallery = %v, want %v", err, gallery.ErrNotFound)
		}
	}
	f.fails(t, gallery.Change{Gallery: "none", Put: f.entries("a")}, gallery.ErrNotFound)
}

func madeOnce(t *testing.T, f *fixture) {
	f.gallery(t, "zoo")
	f.gallery(t, "ärmel/../'; drop table entries;-- 🙂 שלום")
	s := settings("zoo")
	s.Kind = gallery.Access
	f.fails(t, gallery.Change{Gallery: "zoo", Settings: &s}, gallery.ErrExists)
	all, err := f.Galleries(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("Galleries = %v, %v, want 2", all, err)
	}
	want := settings("zoo")
	want.Revision = 1
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if all[1].Name < all[0].Name {
		t.Errorf("galleries %q, %q are not in order", all[0].Name, all[1].Name)
	}
}

func replacedAtRevision(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	s := settings("g")
	s.Revision = 1
	s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 0.25, Refer: 0.5}, Strangers: 7, When: f.now}
	f.apply(t, gallery.Change{Gallery: "g", Settings: &s})
	f.fails(t, gallery.Change{Gallery: "g", Settings: &s}, gallery.ErrConflict)
	got, err := gallery.FindGallery(t.Context(), f, "g")
	s.Revision = 2
	if diff := cmp.Diff(s, got); err != nil || diff != "" {
		t.Errorf("settings, %v (-want +got):\n%s", err, diff)
	}
	s.Name = "none"
	f.fails(t, gallery.Change{Gallery: "none", Settings: &s}, gallery.ErrNotFound)
}

func comeBack(t *testing.T, f *fixture) {
	long := strings.Repeat("ü", gallery.MaxID/2)
	entries := f.entries("anna", "../../etc/passwd", "'; DROP TABLE entries; --", "👩‍👩‍👧", "שלום עליכם", long, "anna")
	entries[0].Crop = []byte("\x00crop\xff")
	distance := float32(0.125)
	entries[1].Role, entries[1].Note, entries[1].Distance = gallery.Waiting, "between the thresholds", &distance
	entries[2].Role, entries[2].ID = gallery.Stranger, ""
	f.gallery(t, "g", entries[3], entries[1], entries[0], entries[2])
	f.apply(t, gallery.Change{Gallery: "g", Put: entries[4:]})
	f.holds(t, "g", gallery.Query{Crops: true}, entries)
	crop := entries[0].Crop
	entries[0].Crop = nil
	f.holds(t, "g", gallery.Query{}, entries)
	entries[0].Crop = crop
	f.fails(t, gallery.Change{Gallery: "g", Put: entries[:1]}, gallery.ErrExists)
}

func askedFor(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "a", "a")
	e[1].Role, e[2].Role = gallery.Waiting, gallery.Waiting
	f.gallery(t, "g", e...)
	f.holds(t, "g", gallery.Query{ID: "a"}, []gallery.Entry{e[0], e[2], e[3]})
	f.holds(t, "g", gallery.Query{Role: gallery.Waiting}, e[1:3])
	f.holds(t, "g", gallery.Query{ID: "a", Role: gallery.Enrolled}, []gallery.Entry{e[0], e[3]})
	f.holds(t, "g", gallery.Query{Key: e[2].Key}, e[2:3])
	f.holds(t, "g", gallery.Query{Before: e[2].When}, e[:2])
	f.holds(t, "g", gallery.Query{ID: "nobody"}, nil)
	for range f.Entries(t.Context(), "g", gallery.Query{}) { // a loop that calls the store, and ends early
		f.apply(t, gallery.Change{Gallery: "g", Put: f.entries("c")})
		break
	}
}

func vectorsOf(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "c")
	e[1].Role = gallery.Waiting
	e[2].Role, e[2].ID = gallery.Stranger, ""
	f.gallery(t, "g", e...)
	v := f.vectors(t, "g", 0)
	want := []gallery.Ref{{Key: e[0].Key, ID: "a", Role: gallery.Enrolled}, {Key: e[2].Key, Role: gallery.Stranger}}
	if !reflect.DeepEqual(v.Refs, want) {
		t.Errorf("Vectors are of %v, want %v", v.Refs, want)
	}
	if diff := cmp.Diff(append(e[0].Embedding, e[2].Embedding...), v.Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// After every change the vectors since an earlier revision, added to those, are all that a fresh reader gets.
func vectorsSince(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	known := f.vectors(t, "g", 0)
	changes := []gallery.Change{
		{Put: f.entries("a", "b", "c")}, {Put: f.entries("a")}, {}, {Erase: []string{"b"}}, {Put: f.entries("b", "d")},
		{Move: []gallery.Move{{From: "c", To: "e"}}}, {Put: f.entries("f")},
	}
	for i, c := range changes {
		c.Gallery = "g"
		f.apply(t, c)
		v := f.vectors(t, "g", known.Revision)
		if v.Since > 0 && v.Since != known.Revision {
			t.Fatalf("after change %d: vectors since %d, asked since %d", i, v.Since, known.Revision)
		}
		if v.Since > 0 {
			v.Refs, v.Values = append(known.Refs, v.Refs...), append(known.Values, v.Values...)
		}
		all := f.vectors(t, "g", 0)
		if !reflect.DeepEqual(v.Refs, all.Refs) || !reflect.DeepEqual(v.Values, all.Values) || v.Revision != all.Revision {
			t.Errorf("after change %d: vectors since %d lead to %v, want %v", i, known.Revision, v.Refs, all.Refs)
		}
		if c.TouchesEntries() != (all.Revision > known.Revision) {
			t.Errorf("after change %d: revision %d, was %d", i, all.Revision, known.Revision)
		}
		known = all
	}
}

func nothingHalf(t *testing.T, f *fixture) {
	e := f.entries("a", "b")
	f.gallery(t, "g", e...)
	f.apply(t, gallery.Change{Gallery: "g", Events: []gallery.Event{{Time: f.now, Gallery: "g", Action: "enroll", Parts: []gallery.Part{gallery.NewPart("a.png", "a")}}}})
	before := f.log(t)
	late := gallery.Change{
		Gallery: "g", Erase: []string{"a"}, Move: []gallery.Move{{From: "b", To: "x"}}, ForgetLog: f.now.AddDate(1, 0, 0),
		Put: append(f.entries("c", "d"), e[1]), Events: []gallery.Event{{Time: f.now, Action: "late"}},
	}
	f.fails(t, late, gallery.ErrExists)
	f.fails(t, gallery.Change{Gallery: "g", Erase: []string{"a", "nobody"}}, gallery.ErrNotFound)
	f.fails(t, gallery.Change{Gallery: "g", Delete: []string{e[0].Key, gallery.NewKey(f.now)}}, gallery.ErrNotFound)
	f.holds(t, "g", gallery.Query{}, e)
	if diff := cmp.Diff(before, f.log(t)); diff != "" {
		t.Errorf("the log changed (-before +after):\n%s", diff)
	}
}

func erased(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "a", "a")
	e[2].Role = gallery.Waiting
	f.gallery(t, "g", e...)
	event := func(parts ...gallery.Part) gallery.Event {
		return gallery.Event{Time: f.now, Gallery: "g", Who: "tester", Action: "identify", Parts: parts}
	}
	f.apply(t, gallery.Change{Gallery: "g", Events: []gallery.Event{
		event(gallery.NewPart("it was a", "a"), gallery.NewPart("or b", "b"), gallery.NewPart("a or b", "b", "a"), gallery.NewPart("nobody"))}})
	f.apply(t, gallery.Change{Gallery: "g", Erase: []string{"a"}, Events: []gallery.Event{{Time: f.now, Gallery: "g", Who: "tester", Action: "remove"}}})
	f.holds(t, "g", gallery.Query{}, e[1:2])
	if v := f.vectors(t, "g", 0); len(v.Refs) != 1 || v.Refs[0].ID != "b" {
		t.Errorf("Vectors are of %v, want b alone", v.Refs)
	}
	lines := f.log(t)
	if len(lines) != 2 || lines[1].Action != "remove" {
		t.Fatalf("log = %+v, want 2 lines", lines)
	}
	for i, gone := range []bool{true, false, true, false} {
		if p := lines[0].Parts[i]; (p.Body == nil) != gone || (p.Salt == "") != gone || gone && len(p.About) > 0 {
			t.Errorf("part %d of the log = %+v, want erased: %v", i, p, gone)
		}
	}
	f.apply(t, gallery.Change{Gallery: "g", Delete: []string{e[1].Key}})
	f.holds(t, "g", gallery.Query{}, nil)
	if v := f.vectors(t, "g", 0); len(v.Refs) != 0 {
		t.Errorf("Vectors are of %v, want none", v.Refs)
	}
}

func expired(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "", "c")
	for i := 1; i < 4; i++ {
		e[i].Role, e[i].Expires = gallery.Waiting, f.now.AddDate(0, 0, i)
	}
	f.gallery(t, "g", e...)
	f.apply(t, gallery.Change{Gallery: "g", Expire: f.now})
	f.holds(t, "g", gallery.Query{}, e)
	f.apply(t, gallery.Change{Gallery: "g", Expire: f.now.AddDate(0, 0, 2)})
	f.holds(t, "g", gallery.Query{}, []gallery.Entry{e[0], e[3]})
}

func renamed(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "a", "c")
	e[2].Role = gallery.Waiting
	f.gallery(t, "g", e...)
	f.apply(t, gallery.Change{Gallery: "g", Events: []gallery.Event{{Time: f.now, Gallery: "g", Action: "enroll", Parts: []gallery.Part{gallery.NewPart("x", "a")}}}})
	move := func(from, to string, merge bool) gallery.Change {
		return gallery.Change{Gallery: "g", Move: []gallery.Move{{From: from, To: to, Merge: merge}}}
	}
	f.fails(t, move("a", "b", false), gallery.ErrExists)
	f.fails(t, move("nobody", "x", false), gallery.ErrNotFound)
	f.fails(t, move("a", "nobody", true), gallery.ErrNotFound)
	f.apply(t, move("a", "z", false))
	f.apply(t, move("b", "c", true))
	e[0].ID, e[1].ID, e[2].ID = "z", "c", "z"
	f.holds(t, "g", gallery.Query{}, e)
	f.apply(t, gallery.Change{Gallery: "g", Erase: []string{"z"}})
	if p := f.log(t)[0].Parts[0]; p.Body != nil {
		t.Errorf("what the log said about an id before it was renamed = %s, want it erased with the id", p.Body)
	}
}

func replaced(t *testing.T, f *fixture) {
	e := f.entries("a", "b", "c")
	e[1].Role = gallery.Waiting
	e[0].Crop = []byte("crop")
	f.gallery(t, "g", e...)
	s := settings("g")
	s.Model, s.Revision = "model-2", 1
	var fresh []gallery.NewEmbedding
	for i := range e {
		fresh = append(fresh, gallery.NewEmbedding{Key: e[i].Key, Model: "model-2", Embedding: f.entry("x").Embedding})
	}
	f.fails(t, gallery.Change{Gallery: "g", Settings: &s, Embeddings: fresh[:2]}, gallery.ErrConflict)
	f.fails(t, gallery.Change{Gallery: "g", Settings: &s, Embeddings: append(fresh[:3:3], gallery.NewEmbedding{Key: gallery.NewKey(f.now), Model: "model-2", Embedding: fresh[0].Embedding})}, gallery.ErrConflict)
	f.holds(t, "g", gallery.Query{Crops: true}, e)
	revision := f.vectors(t, "g", 0).Revision
	f.apply(t, gallery.Change{Gallery: "g", Settings: &s, Embeddings: fresh})
	for i := range e {
		e[i].Model, e[i].Embedding = "model-2", fresh[i].Embedding
	}
	f.holds(t, "g", gallery.Query{Crops: true}, e)
	if v := f.vectors(t, "g", revision); v.Since != 0 || len(v.Refs) != 2 || v.Values[0] != e[0].Embedding[0] {
		t.Errorf("Vectors since the model changed = %+v, want all of them", v)
	}
	f.fails(t, gallery.Change{Gallery: "g", Put: f.entries("a")}, gallery.ErrOtherModel)
}

func refused(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	bad := func(change func(*gallery.Entry)) gallery.Change {
		e := f.entry("a")
		change(&e)
		return gallery.Change{Gallery: "g", Put: []gallery.Entry{f.entry("b"), e}}
	}
	nan := float32(0)
	nan /= nan
	f.fails(t, bad(func(e *gallery.Entry) { e.Embedding[2] = nan }), gallery.ErrBadEmbedding)
	f.fails(t, bad(func(e *gallery.Entry) { e.Embedding = e.Embedding[1:] }), gallery.ErrBadEmbedding)
	f.fails(t, bad(func(e *gallery.Entry) { e.Embedding = nil }), gallery.ErrBadEmbedding)
	f.fails(t, bad(func(e *gallery.Entry) { e.Model = "model-2" }), gallery.ErrOtherModel)
	for _, id := range []string{"", " ", "a\x00b", "a\nb", "\xff", strings.Repeat("x", 10000), "\u202edcba"} {
		if err := f.Apply(t.Context(), bad(func(e *gallery.Entry) { e.ID = id })); err == nil {
			t.Errorf("an entry with id %.20q was put, want an error", id)
		}
	}
	f.holds(t, "g", gallery.Query{}, nil)
}

func apart(t *testing.T, f *fixture) {
	a, b := f.entries("x", "y"), f.entries("x")
	f.gallery(t, "a", a...)
	f.gallery(t, "b", b...)
	f.fails(t, gallery.Change{Gallery: "b", Delete: []string{a[0].Key}}, gallery.ErrNotFound)
	f.apply(t, gallery.Change{Gallery: "b", Erase: []string{"x"}})
	f.holds(t, "a", gallery.Query{}, a)
	f.holds(t, "b", gallery.Query{}, nil)
	if v := f.vectors(t, "a", 0); len(v.Refs) != 2 {
		t.Errorf("Vectors of the other gallery are of %v, want both", v.Refs)
	}
}

func dropped(t *testing.T, f *fixture) {
	f.gallery(t, "a", f.entries("x", "y")...)
	f.gallery(t, "b", f.entries("x")...)
	f.apply(t, gallery.Change{Gallery: "a", Events: []gallery.Event{{Time: f.now, Gallery: "a", Action: "enroll", Parts: []gallery.Part{gallery.NewPart("x", "x")}}}})
	f.apply(t, gallery.Change{Gallery: "a", Drop: true, Events: []gallery.Event{{Time: f.now, Gallery: "a", Action: "drop"}}})
	if all, err := f.Galleries(t.Context()); err != nil || len(all) != 1 || all[0].Name != "b" {
		t.Errorf("Galleries = %v, %v, want b alone", all, err)
	}
	if lines := f.log(t); len(lines) != 2 || lines[0].Parts[0].Body != nil {
		t.Errorf("log = %+v, want 2 lines and what they said about the gallery's ids erased", lines)
	}
	f.gallery(t, "a")
	f.holds(t, "a", gallery.Query{}, nil)
}
