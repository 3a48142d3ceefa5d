package siam_test

import (
	"encoding/json"
	"image"
	"os"
	"testing"

	"github.com/siam-go/siam"
)

// Files that the program wrote at commit bcc69a0 give the numbers that it gave; see testdata/README.md.
func TestFilesOfTheFirstVersionGiveTheirNumbers(t *testing.T) {
	text, err := os.ReadFile("testdata/v1/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var files []struct {
		File, Hash string
		Images     []string
		Embeddings [][]float32
		Distances  []float32 // of the first image to the others
	}
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Fatalf("%d files, want 2", len(files))
	}
	for _, want := range files {
		m, err := siam.Open("testdata/v1/" + want.File)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if m.File().Hash != want.Hash {
			t.Errorf("hash of %s = %s, want %s", want.File, m.File().Hash, want.Hash)
		}
		var images []image.Image
		for _, name := range want.Images {
			images = append(images, readImage("testdata/"+name))
		}
		got := embed(t, m, images...)
		for i := range want.Embeddings {
			for j, v := range want.Embeddings[i] {
				if !near(float64(got[i][j]), float64(v)) {
					t.Errorf("%s: embedding of %s[%d] = %v, want %v", want.File, want.Images[i], j, got[i][j], v)
				}
			}
		}
		for i, v := range want.Distances {
			if d := m.Distance(got[0], got[i+1]); !near(float64(d), float64(v)) {
				t.Errorf("%s: distance to %s = %v, want %v", want.File, want.Images[i+1], d, v)
			}
		}
	}
}
