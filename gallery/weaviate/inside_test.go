package weaviate

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
)

// The ledger hides entries of an erased id that were written before, and shows those of one that was enrolled anew.
func TestTheLedgerHidesWhatWasErasedBefore(t *testing.T) {
	s := &store{now: newState(), salt: "salt"}
	g := gallery.Settings{Name: "g", Dim: 1}
	put := func(id, object string) {
		s.now.fold(record{Gallery: "g", Settings: &g, Put: []slip{{Key: object, Object: object}}})
		s.now.shelf("g").keep(object, gallery.Entry{ID: id, Key: object, Embedding: []float32{1}})
	}
	put("anna", "1")
	put("bert", "2")
	s.now.fold(record{Gallery: "g", Settings: &g, Erased: []erasure{{hashed("salt", "g", "anna"), 5}}}) // and the entry stays, as it must not
	put("anna", "3")
	s.cluster = &cluster{}
	if err := s.load(t.Context(), "g", s.now.Galleries["g"]); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range s.now.Galleries["g"].rows {
		keys = append(keys, r.Key)
	}
	if want := []string{"2", "3"}; !slices.Equal(keys, want) {
		t.Errorf("entries %v, want %v", keys, want)
	}
	if hashed("salt", "g", "anna") == hashed("other", "g", "anna") || hashed("salt", "g", "anna") == hashed("salt", "h", "anna") {
		t.Error("hashes of an id are the same in two stores or galleries")
	}
}

// Swept deletes what no change names from a store at an address, and says what is left of it; for tests outside.
func Swept(t *testing.T, opened gallery.Store) (before, after []string) {
	t.Helper()
	s := opened.(*store)
	orphan, err := s.object(fresh(), "an embedding that nobody names")
	if err == nil {
		err = s.put(t.Context(), []object{orphan})
	}
	if err != nil {
		t.Fatal(err)
	}
	names := func() (all []string) {
		page, err := s.page(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page {
			all = append(all, o.Additional.ID)
		}
		return all
	}
	before = names()
	if err := s.sweep(t.Context(), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, there, err := s.get(t.Context(), orphan.ID); there || err != nil {
		t.Errorf("the object that nobody names is there: %v, %v", there, err)
	}
	return before, names()
}

// TakeTurn takes the next turn and does nothing with it, as a program that is killed does; for tests outside.
func TakeTurn(t *testing.T, opened gallery.Store) {
	t.Helper()
	if _, err := opened.(*store).take(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The answer of a server that fails is one line.
func TestMessagesOfServersAreOneLine(t *testing.T) {
	if got := (answer{http.StatusTeapot, []byte("{\n \"error\": 1\n}")}).message(); got != `HTTP 418 { "error": 1 }` {
		t.Errorf("message = %q", got)
	}
}
