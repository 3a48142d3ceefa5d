package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
)

const benchDim = 256

// BenchmarkEnroll enrolls 100,000 embeddings of 256 numbers, 512 in each change, as siam gallery enroll does.
func BenchmarkEnroll(b *testing.B) {
	for name, key := range map[string][]byte{"plain": nil, "encrypted": make([]byte, 32)} {
		b.Run(name, func(b *testing.B) {
			entries := benchEntries(100_000)
			for b.Loop() {
				store := benchStore(b, key)
				for some := range slices.Chunk(entries, 512) {
					if err := store.Apply(b.Context(), gallery.Change{Gallery: "g", Put: some}); err != nil {
						b.Fatal(err)
					}
				}
				store.Close()
			}
		})
	}
}

// BenchmarkVectors reads the 10,000 embeddings of a gallery, as every siam gallery identify does.
func BenchmarkVectors(b *testing.B) {
	for name, key := range map[string][]byte{"plain": nil, "encrypted": make([]byte, 32)} {
		b.Run(name, func(b *testing.B) {
			store := benchStore(b, key)
			if err := store.Apply(b.Context(), gallery.Change{Gallery: "g", Put: benchEntries(10_000)}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if v, err := store.Vectors(b.Context(), "g", 0); err != nil || len(v.Refs) != 10_000 {
					b.Fatal(len(v.Refs), err)
				}
			}
		})
	}
}

func benchStore(b *testing.B, key []byte) gallery.Store {
	store, err := sqlite.Open(b.Context(), b.TempDir()+"/g.db", sqlite.Options{Create: true, Key: key})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	s := gallery.Settings{Name: "g", Kind: gallery.Watch, Model: "model", Dim: benchDim, Distance: "cosine", Representation: gallery.Nearest}
	if err := store.Apply(b.Context(), gallery.Change{Gallery: "g", Settings: &s}); err != nil {
		b.Fatal(err)
	}
	return store
}

func benchEntries(n int) []gallery.Entry {
	random := rand.New(rand.NewPCG(1, 2))
	entries := make([]gallery.Entry, n)
	for i := range entries {
		entries[i] = entry(random, fmt.Sprintf("person %d", i/2), benchDim, 0)
		entries[i].Key = fmt.Sprintf("%032x", i)
	}
	return entries
}
