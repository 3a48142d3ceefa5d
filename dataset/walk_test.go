package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWalkFollowsLinksAndEndsInCircles(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, file := range []string{filepath.Join(dir, "a", "1"), filepath.Join(other, "deep", "2")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		filepath.Join(dir, "b"): other, filepath.Join(dir, "c"): dir, filepath.Join(dir, "d"): filepath.Join(other, "deep", "2"),
		filepath.Join(dir, "e"): filepath.Join(dir, "nowhere"), filepath.Join(other, "back"): dir, filepath.Join(dir, "f"): other,
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	var got []string
	err := Walk(os.DirFS(dir), func(file string, d fs.DirEntry) error {
		if !d.IsDir() {
			got = append(got, file)
		}
		return nil
	})
	if want := []string{"a/1", "d", "b/deep/2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("files %v, %v; want %v", got, err, want)
	}
}
