package encoder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/encoder/safetensors"
)

func exampleFile(t testing.TB) *File {
	spec := specs()["resnet"]
	return &File{
		Spec:        spec,
		Distance:    "squared_euclidean",
		Calibration: &Calibration{Threshold: 0.75, FMR: 0.01, FNMR: 0.1, Pairs: 1000, DataSet: "faces"},
		Provenance:  Provenance{Recipe: "test", Seed: 7, Steps: 12, Settings: map[string]string{"margin": "0.2"}},
		Weights:     weights(t, backend(t), spec, 3),
	}
}

func written(t testing.TB, f *File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := f.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFileReturnsWhatWriteFileWrote(t *testing.T) {
	want := exampleFile(t)
	got, err := ReadFile(written(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("model read differs (-written +read):\n%s", diff)
	}
	if len(got.Hash) != 64 {
		t.Errorf("hash = %q, want 64 digits", got.Hash)
	}
}

func TestHashChangesWithWhatEmbeddingsDependOn(t *testing.T) {
	base := exampleFile(t)
	written(t, base)
	for name, test := range map[string]struct {
		change func(*File)
		same   bool
	}{
		"the calibration": {func(f *File) { f.Calibration = nil }, true},
		"the provenance":  {func(f *File) { f.Provenance.Recipe = "other" }, true},
		"the distance":    {func(f *File) { f.Distance = "cosine" }, false},
		"the spec":        {func(f *File) { f.Spec.Preprocess.Invert = !f.Spec.Preprocess.Invert }, false},
		"one weight":      {func(f *File) { f.Weights[0].Values[0] += 1e-3 }, false},
	} {
		f := exampleFile(t)
		test.change(f)
		written(t, f)
		if (f.Hash == base.Hash) != test.same {
			t.Errorf("after a change of %s the hash is equal: %v, want %v", name, f.Hash == base.Hash, test.same)
		}
	}
}

func TestReadFileRejectsEveryFlippedByte(t *testing.T) {
	path := written(t, exampleFile(t))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(good); i += 1 + i/200 { // all of the header, some of the weights
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile(path)
		if err == nil {
			t.Errorf("ReadFile with byte %d of %d changed from %q = nil error", i, len(good), good[i])
		} else if text := err.Error(); !strings.Contains(text, path) || strings.Contains(text, "\n") {
			t.Errorf("error %q, want one line that names %s", text, path)
		}
	}
}

func TestReadFileRejectsEveryTruncation(t *testing.T) {
	path := written(t, exampleFile(t))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(good); n += 1 + n/10 {
		if err := os.WriteFile(path, good[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("ReadFile of the first %d bytes = %v, want an error that names %s", n, err, path)
		}
	}
}

func TestReadFileExplainsOtherFiles(t *testing.T) {
	dir := t.TempDir()
	foreign := &safetensors.File{Metadata: map[string]string{"format": "pt"}}
	newer := must(exampleFile(t).encode())
	newer.Metadata[keyVersion] = "2"
	newer.Metadata[keyChecksum] = checksum(newer.Metadata)
	setting := must(exampleFile(t).encode())
	setting.Metadata[keySpec] = strings.Replace(setting.Metadata[keySpec], "{", `{"quantum":true,`, 1)
	setting.Metadata[keyHash] = contentHash(setting)
	setting.Metadata[keyChecksum] = checksum(setting.Metadata)
	for name, test := range map[string]struct {
		file *safetensors.File
		want string
	}{
		"foreign": {foreign, "not a Siam model"},
		"newer":   {newer, "version"},
		"setting": {setting, "quantum"},
	} {
		path := filepath.Join(dir, name)
		if err := test.file.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ReadFile of %s = %v, want an error with %q", name, err, test.want)
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "missing")); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("ReadFile of a missing file = %v, want not-exist", err)
	}
}

func unwrapAll(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if os.IsNotExist(err) {
			return err
		}
		err = inner.Unwrap()
	}
}

func TestWeightsOfAnotherArchitectureAreRejected(t *testing.T) {
	b := backend(t)
	conv4 := weights(t, b, Conv4(16), 1)
	renamed := slices.Clone(conv4)
	renamed[0].Name = "encoder/conv9/bias"
	reshaped := slices.Clone(conv4)
	reshaped[1].Shape = []int{9, 1, 1, 64}
	for name, test := range map[string]struct {
		weights []Tensor
		want    string
	}{
		"another net's": {weights(t, b, Koch35(), 1), "encoder/"},
		"one missing":   {conv4[1:], "encoder/conv1/bias, which are missing"},
		"one renamed":   {renamed, "conv1/bias, which are missing"},
		"one reshaped":  {reshaped, "shape [9 1 1 64], want [3 3 1 64]"},
		"one too many":  {append(slices.Clone(conv4), Tensor{"encoder/more", []int{1}, []float32{0}}), "encoder/more belong to no layer"},
	} {
		_, err := NewEmbedder(b, Conv4(16), test.weights)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("NewEmbedder with weights of which %s = %v, want one line with %q", name, err, test.want)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	path := written(f, exampleFile(f))
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:200])
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := safetensors.Decode(data)
		if err != nil {
			return
		}
		if model, err := decode(raw); err == nil && model.Spec.Check() != nil {
			t.Errorf("decode accepts a model whose spec fails: %v", model.Spec.Check())
		}
	})
}
