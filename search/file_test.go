package search

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/distance"
)

// written is a graph's file, its keys and vectors.
func written(t testing.TB, n, d int) (file []byte, keys []string, vectors []float32) {
	t.Helper()
	keys, vectors = numbered(n), gauss(1, n, d, 0, 1)
	var b bytes.Buffer
	if err := graphOf(t, distance.SquaredEuclidean(), d, vectors, GraphOptions{Links: 3, Seed: 1}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), keys, vectors
}

func TestEveryDamagedByteIsNoticed(t *testing.T) {
	file, keys, vectors := written(t, 12, 3)
	for i := range file {
		for _, damaged := range [][]byte{slices.Concat(file[:i], []byte{file[i] ^ 0x40}, file[i+1:]), file[:i], slices.Concat(file, file[:i+1])} {
			if _, _, err := ReadGraph(bytes.NewReader(damaged), distance.SquaredEuclidean(), 3, keys, vectors); !errors.Is(err, ErrGraphFile) {
				t.Fatalf("damage at byte %d of %d: error %v, want ErrGraphFile", i, len(file), err)
			}
		}
	}
}

func TestGraphOfAnotherSearchOrVersionIsRefused(t *testing.T) {
	file, keys, vectors := written(t, 12, 3)
	newer := slices.Clone(file)
	newer[len(graphMagic)]++
	for want, read := range map[string]func() error{
		"version 2, want 1": func() error {
			_, _, err := ReadGraph(bytes.NewReader(newer), distance.SquaredEuclidean(), 3, keys, vectors)
			return err
		},
		"distance squared_euclidean, want 3 and cosine": func() error {
			_, _, err := ReadGraph(bytes.NewReader(file), distance.Cosine(), 3, keys, vectors)
			return err
		},
		"it is of 3 numbers": func() error {
			_, _, err := ReadGraph(bytes.NewReader(file), distance.SquaredEuclidean(), 4, keys[:9], vectors)
			return err
		},
	} {
		if err := read(); !errors.Is(err, ErrGraphFile) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want ErrGraphFile with %q", err, want)
		}
	}
}

func TestGraphFileFollowsTheVectors(t *testing.T) {
	const d = 6
	path := filepath.Join(t.TempDir(), "graph")
	keys, vectors := numbered(300), gauss(1, 300, d, 0, 1)
	if err := graphOf(t, distance.SquaredEuclidean(), d, vectors, GraphOptions{Links: 4, Seed: 1}).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	now := slices.Clone(vectors[10*d:]) // ten are gone, one is another, one is new
	now[5] += 1
	now = append(now, make([]float32, d)...)
	nowKeys := append(slices.Clone(keys[10:]), "new")
	g, changed, err := ReadGraphFile(path, distance.SquaredEuclidean(), d, nowKeys, now)
	if err != nil || changed != 13 || g.Len() != 291 {
		t.Fatalf("ReadGraphFile = %d vectors, %d changes, %v, want 291 and 13 (11 taken away, 2 added)", g.Len(), changed, err)
	}
	found, err := g.Nearest(t.Context(), 291, now[:d])
	if err != nil || found[0][0] != (Found{keys[10], 0}) || len(found[0]) != 291 || len(g.Unreachable()) > 0 {
		t.Errorf("the nearest of 291 found = %v, %v, want %s", found[0][0], err, keys[10])
	}
	if _, _, err := ReadGraphFile(path+"x", distance.SquaredEuclidean(), d, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading no file = %v", err)
	}
}

func TestWhatIsErasedFromTheFileIsInItNoMore(t *testing.T) {
	const n, d = 400, 6
	path := filepath.Join(t.TempDir(), "graph")
	keys, vectors := numbered(n), gauss(1, n, d, 0, 1)
	if err := graphOf(t, distance.SquaredEuclidean(), d, vectors, GraphOptions{Links: 4, Breadth: 40, Seed: 1}).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{399, 200, 3, 0} { // the last ones go
		before, _ := os.Stat(path)
		kept := keys[:left]
		erased, err := EraseFromFile(path, func(key string) bool { return slices.Contains(kept, key) })
		if err != nil || erased == 0 {
			t.Fatalf("EraseFromFile with %d left = %d, %v", left, erased, err)
		}
		content, _ := os.ReadFile(path)
		for i, key := range keys {
			if bytes.Contains(content, []byte(key)) != (i < left) {
				t.Fatalf("with %d left, the file holds key %d: %v", left, i, i >= left)
			}
		}
		if again, err := EraseFromFile(path, func(key string) bool { return slices.Contains(kept, key) }); again != 0 || err != nil {
			t.Errorf("erasing again = %d, %v, want nothing to do", again, err)
		}
		g, changed, err := ReadGraphFile(path, distance.SquaredEuclidean(), d, kept, vectors[:left*d])
		if err != nil || changed == 0 || g.Len() != left || len(g.Unreachable()) > 0 {
			t.Fatalf("with %d left (file of %d bytes before): %d vectors, %d changes, %v, %v cannot be reached", left, before.Size(), g.Len(), changed, err, g.Unreachable())
		}
		hits, of, err := g.Recall(t.Context(), 10, rowsOf(vectors, d)...)
		if err != nil || float64(hits) < 0.98*float64(of) {
			t.Errorf("with %d left, found %d of %d, %v", left, hits, of, err)
		}
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	for _, path := range []string{"/dev/zero", t.TempDir()} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if _, _, err := ReadGraphFile(path, distance.SquaredEuclidean(), 3, nil, nil); !errors.Is(err, ErrGraphFile) {
			t.Errorf("reading %s = %v, want ErrGraphFile", path, err)
		}
		if _, err := EraseFromFile(path, func(string) bool { return true }); !errors.Is(err, ErrGraphFile) {
			t.Errorf("erasing from %s = %v, want ErrGraphFile", path, err)
		}
	}
}

func FuzzReadGraph(f *testing.F) {
	file, keys, vectors := written(f, 12, 3)
	f.Add(file[:len(file)-sha256.Size])
	f.Add([]byte(graphMagic))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body) // damage that the sum does not show
		g, _, err := ReadGraph(bytes.NewReader(append(body, sum[:]...)), distance.SquaredEuclidean(), 3, keys, vectors)
		if err != nil {
			return
		}
		if found, err := g.Nearest(t.Context(), 12, vectors[:3]); err != nil || len(found[0]) != 12 {
			t.Errorf("Nearest in a graph that was read = %v, %v, want all 12", found, err)
		}
	})
}
