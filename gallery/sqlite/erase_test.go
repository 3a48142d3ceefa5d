package sqlite_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
)

// open makes a store in a folder of its own, and a gallery of embeddings of dim numbers in it.
func open(t *testing.T, dim int, o sqlite.Options) (store gallery.Store, path string) {
	t.Helper()
	o.Create = true
	path = filepath.Join(t.TempDir(), "g.db")
	store, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := gallery.Settings{Name: "g", Kind: gallery.Watch, Model: "model", Dim: dim, Distance: "euclidean", Representation: gallery.Nearest}
	apply(t, store, gallery.Change{Settings: &s})
	return store, path
}

func apply(t *testing.T, store gallery.Store, c gallery.Change) {
	t.Helper()
	c.Gallery = "g"
	if err := store.Apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func entry(random *rand.Rand, id string, dim, crop int) gallery.Entry {
	e := gallery.Entry{Key: fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64()), Role: gallery.Enrolled, ID: id, Model: "model", Name: id + ".png", When: time.UnixMicro(1).UTC()}
	for range dim {
		e.Embedding = append(e.Embedding, float32(random.NormFloat64()))
	}
	for range crop {
		e.Crop = append(e.Crop, byte(random.Uint32()))
	}
	return e
}

// pieces are what may be left of a blob: every 12 bytes of it.
func pieces(found map[string]string, what string, blob []byte) {
	for ; len(blob) >= 12; blob = blob[12:] {
		found[string(blob[:12])] = what
	}
}

// traces looks for pieces of blobs in a store's files.
func traces(t *testing.T, path string, of map[string]string) map[string]bool {
	t.Helper()
	left := map[string]bool{}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			continue
		}
		for i := 0; i+12 <= len(content); i++ {
			if what, known := of[string(content[i:i+12])]; known {
				left[what+" in g.db"+suffix] = true
			}
		}
	}
	return left
}

func bytesOf(e []float32) []byte {
	var blob []byte
	for _, v := range e {
		blob = binary.LittleEndian.AppendUint32(blob, math.Float32bits(v))
	}
	return blob
}

// Nothing of what was erased is left in the files, however entries came and went.
func TestErasedBytesLeaveTheFiles(t *testing.T) {
	for _, size := range []struct{ dim, crop int }{{128, 0}, {16, 100}, {3, 40}} {
		t.Run(fmt.Sprintf("%d numbers and crops of %d bytes", size.dim, size.crop), func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, uint64(size.dim)))
			store, path := open(t, size.dim, sqlite.Options{})
			gone, ids, there := map[string]string{}, []string{}, map[string][]gallery.Entry{}
			for round := range 25 {
				var put []gallery.Entry
				for i := range 40 {
					id := fmt.Sprintf("secret-person-%d-%d", round, i/2)
					e := entry(random, id, size.dim, size.crop)
					put, there[id] = append(put, e), append(there[id], e)
					if i%2 == 0 {
						ids = append(ids, id)
					}
				}
				about := gallery.Event{Action: "enroll", Gallery: "g", Parts: []gallery.Part{gallery.NewPart(map[string]string{"id": put[0].ID}, put[0].ID)}}
				apply(t, store, gallery.Change{Put: put, Events: []gallery.Event{about}})
				random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
				apply(t, store, gallery.Change{Erase: ids[:19]})
				for _, id := range ids[:19] {
					pieces(gone, "the id "+id, []byte(id))
					for _, e := range there[id] {
						pieces(gone, "an embedding of "+id, bytesOf(e.Embedding))
						pieces(gone, "a crop of "+id, e.Crop)
					}
				}
				for _, id := range ids[19:] { // ids have beginnings in common
					for ; len(id) >= 12; id = id[12:] {
						delete(gone, id[:12])
					}
				}
				ids = ids[19:]
				if left := traces(t, path, gone); len(left) > 0 {
					t.Fatalf("round %d: %d traces are left of what was erased, such as %v", round, len(left), first(left))
				}
			}
		})
	}
}

func first(left map[string]bool) string {
	for what := range left {
		return what
	}
	return ""
}
