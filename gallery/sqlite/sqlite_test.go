package sqlite_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/sqlite"
)

func TestSQLiteKeepsTheContract(t *testing.T) {
	for name, key := range map[string][]byte{"plain": nil, "encrypted": bytes.Repeat([]byte("k"), 32)} {
		t.Run(name, func(t *testing.T) {
			gallerytest.Run(t, func(t *testing.T, place string) gallery.Store {
				store, err := sqlite.Open(t.Context(), filepath.Join(place, "with ?#% spaces.db"), sqlite.Options{Create: true, Key: key})
				if err != nil {
					t.Fatal(err)
				}
				return store
			})
		})
	}
}

func TestSQLiteHoldsWhatMemoryHolds(t *testing.T) {
	gallerytest.RunRandom(t, func(t *testing.T, place string) gallery.Store {
		store, err := sqlite.Open(t.Context(), filepath.Join(place, "g.db"), sqlite.Options{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}
