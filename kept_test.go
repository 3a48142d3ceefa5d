package siam_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
)

// Kept crops of photographs, embedded again, give what the photographs gave: as they are, and four times as large, where crops are shrunk.
func TestKeptCropsGiveTheEmbeddingsThatEnrolmentHad(t *testing.T) {
	model := faceModel(t)
	pipeline, err := model.Faces(nil)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := dataset.OpenFolder(realdata.Set(t, "lfw250"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(folder.FS, "lfw250/*/*_0001.jpg")
	if err != nil || len(files) < 24 {
		t.Fatalf("%d photographs, %v", len(files), err)
	}
	for times, most := range map[int]float32{1: 1e-6, 4: 0.01} {
		var photos []imgproc.Photo
		for _, file := range files[:24] {
			m := readPhoto(t, folder.FS, filepath.ToSlash(file))
			photos = append(photos, imgproc.Photos(imgproc.Resize(m, m.H*times, m.W*times))...)
		}
		lists, err := model.GalleryFaces(t.Context(), pipeline, true, photos)
		if err != nil {
			t.Fatal(err)
		}
		var crops [][]byte
		var before [][]float32
		bytes := 0
		for _, list := range lists {
			for _, f := range list {
				crops, before, bytes = append(crops, f.Crop), append(before, f.Embedding), bytes+len(f.Crop)
			}
		}
		after, err := model.GalleryEmbedder(pipeline)(t.Context(), crops)
		if err != nil {
			t.Fatal(err)
		}
		var drift []float32
		for i := range before {
			drift = append(drift, distance.Cosine().Of(before[i], after[i]))
		}
		slices.Sort(drift)
		t.Logf("%d× as large: %d crops of %d KiB in the mean, drift %.2g at the median, %.2g at most", times, len(crops), bytes/len(crops)>>10, drift[len(drift)/2], drift[len(drift)-1])
		if worst := drift[len(drift)-1]; worst > most {
			t.Errorf("%d× as large: an embedding moves by %v, want at most %v", times, worst, most)
		}
	}
}
