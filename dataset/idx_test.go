package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// idxFile is an IDX file of bytes with these dimensions.
func idxFile(content []byte, dims ...uint32) []byte {
	raw := binary.BigEndian.AppendUint32(nil, 0x0800|uint32(len(dims)))
	for _, dim := range dims {
		raw = binary.BigEndian.AppendUint32(raw, dim)
	}
	return append(raw, content...)
}

func packed(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	must[int](t)(w.Write(raw))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// threeNumbers are images of 2×2 pixels of a 1, a 0 and a 1, as MNIST's test set is packed.
func threeNumbers(t *testing.T) fstest.MapFS {
	images := idxFile([]byte{0, 255, 10, 0, 1, 2, 3, 4, 250, 0, 0, 0}, 3, 2, 2)
	return fstest.MapFS{
		"mnist/t10k-images-idx3-ubyte.gz": {Data: packed(t, images)},
		"mnist/t10k-labels-idx1-ubyte.gz": {Data: packed(t, idxFile([]byte{1, 0, 1}, 3))},
	}
}

func TestReadIDXGivesDarkInkOnLightPaper(t *testing.T) {
	for name, read := range map[string]func(Folder) (*Set, error){
		"ReadIDX":        func(f Folder) (*Set, error) { return ReadIDX(t.Context(), f) },
		"ReadEvaluation": func(f Folder) (*Set, error) { return ReadEvaluation(t.Context(), f, AlphabetOptions{}) },
		"ReadLabelled":   func(f Folder) (*Set, error) { return ReadLabelled(t.Context(), f, AlphabetOptions{}) },
	} {
		s := must[*Set](t)(read(Folder{FS: threeNumbers(t), Path: "numbers.tar.gz"}))
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var labels []int
		for _, it := range s.Items {
			labels = append(labels, it.Label)
		}
		if !slices.Equal(labels, []int{1, 0, 1}) || len(s.Classes) != 2 || s.Classes[1].Name != "1" || s.Classes[0].Group != s.Classes[1].Group {
			t.Errorf("%s: labels %v of classes %v, want 1, 0, 1 of 0 and 1 in one group", name, labels, s.Classes)
		}
		if got := s.Items[0].Image; got.H != 2 || got.W != 2 || !slices.Equal(got.Pix, []uint8{255, 0, 245, 255}) {
			t.Errorf("%s: first image %v, want 255, 0, 245, 255", name, got)
		}
	}
}

func TestReadIDXReadsRealMNIST(t *testing.T) {
	s := must[*Set](t)(ReadIDX(t.Context(), realFolder(t, "mnist_t10k")))
	if len(s.Items) != 10000 || len(s.Classes) != 10 || s.Items[0].Image.H != 28 || s.Items[0].Label != 7 {
		t.Errorf("%d images of %d classes, the first of %d rows and label %d, want 10000 of 10, 28 and 7",
			len(s.Items), len(s.Classes), s.Items[0].Image.H, s.Items[0].Label)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	images, labels := "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
	whole, three := idxFile(make([]byte, 12), 3, 2, 2), idxFile([]byte{1, 0, 1}, 3)
	for name, test := range map[string]struct {
		files fstest.MapFS
		want  string
	}{
		"no files":          {fstest.MapFS{}, "no images"},
		"no labels":         {fstest.MapFS{images: {Data: whole}}, "missing"},
		"too few labels":    {fstest.MapFS{images: {Data: whole}, labels: {Data: idxFile([]byte{1}, 1)}}, "3 images, but 1 labels"},
		"a short file":      {fstest.MapFS{images: {Data: whole[:20]}, labels: {Data: three}}, "has 4 bytes"},
		"a short header":    {fstest.MapFS{images: {Data: whole[:7]}, labels: {Data: three}}, "no IDX file"},
		"swapped files":     {fstest.MapFS{images: {Data: three}, labels: {Data: whole}}, "no IDX file"},
		"a huge dimension":  {fstest.MapFS{images: {Data: idxFile(nil, 1<<31, 1<<31, 1<<31)}, labels: {Data: three}}, "a dimension of"},
		"a damaged archive": {fstest.MapFS{images + ".gz": {Data: packed(t, whole)[:15]}}, "damaged"},
	} {
		_, err := ReadIDX(t.Context(), Folder{FS: test.files, Path: "numbers"})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "numbers") {
			t.Errorf("%s: ReadIDX = %v, want an error with %q that names the place", name, err, test.want)
		}
	}
}
