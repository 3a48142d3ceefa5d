package modelfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/modelfile/safetensors"
)

// example is a model of an encoder that no program knows, with its hash.
func example() *File {
	f := &File{
		Kind:        Encoder,
		Spec:        json.RawMessage(`{"arch":"test","dim":2}`),
		Distance:    "cosine",
		Calibration: &Calibration{Threshold: 0.75, FMR: 0.01, FNMR: 0.1, Pairs: 1000, DataSet: "faces"},
		Provenance:  Provenance{Recipe: "test", Seed: 7, Steps: 12, Settings: map[string]string{"margin": "0.2"}, Compatible: []string{"abc"}},
		Weights: []Tensor{
			{"encoder/dense/bias", []int{2}, []float32{0.5, -1}},
			{"encoder/dense/weights", []int{3, 2}, []float32{1, 2, 3, 4, 5, 6.25}},
		},
		Networks: map[string][]byte{"detector": []byte("a network"), "encoder": []byte("another")},
	}
	if _, err := f.encode(); err != nil {
		panic(err)
	}
	return f
}

func written(t testing.TB, f *File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, path string) *File {
	t.Helper()
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadReturnsWhatWriteWrote(t *testing.T) {
	other := example()
	other.Kind, other.Calibration = "tracker", nil
	for _, want := range []*File{example(), other} {
		got := read(t, written(t, want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("model of kind %s read differs (-written +read):\n%s", want.Kind, diff)
		}
		if len(got.Hash) != 64 {
			t.Errorf("hash = %q, want 64 digits", got.Hash)
		}
	}
}

// The files in testdata/v1 were written by the program at commit bcc69a0, before this package was; see README.md there.
func TestFilesOfTheFirstVersionStayByteForByte(t *testing.T) {
	for name, hash := range map[string]string{
		"embedding": "10e44ef9a52d5f7d438bc90111a248fb988f1c2d71203bef315f296e036f22cd",
		"pairs":     "f5a53700b521cfc65d88c204742c6ac0559129bb017b82346a1d1c7e80eea59f",
	} {
		path := filepath.Join("..", "testdata", "v1", name+".safetensors")
		f := read(t, path)
		if f.Hash != hash || f.Kind != Encoder || len(f.Weights) < 30 {
			t.Errorf("%s: hash %s, kind %s and %d tensors, want %s, encoder and 32 or 34", name, f.Hash, f.Kind, len(f.Weights), hash)
		}
		if !bytes.Equal(content(t, written(t, f)), content(t, path)) {
			t.Errorf("%s written again has other bytes", name)
		}
	}
}

func TestHashChangesWithWhatEmbeddingsDependOn(t *testing.T) {
	base := example()
	for name, test := range map[string]struct {
		change func(*File)
		same   bool
	}{
		"the calibration": {func(f *File) { f.Calibration = nil }, true},
		"the provenance":  {func(f *File) { f.Provenance.Recipe = "other" }, true},
		"the kind":        {func(f *File) { f.Kind = "tracker" }, false},
		"the distance":    {func(f *File) { f.Distance = "euclidean" }, false},
		"the spec":        {func(f *File) { f.Spec = json.RawMessage(`{"arch":"test","dim":3}`) }, false},
		"one weight":      {func(f *File) { f.Weights[0].Values[0] += 1e-3 }, false},
		"a network":       {func(f *File) { f.Networks["detector"] = []byte("A network") }, false},
	} {
		f := example()
		test.change(f)
		written(t, f)
		if (f.Hash == base.Hash) != test.same {
			t.Errorf("after a change of %s the hash is equal: %v, want %v", name, f.Hash == base.Hash, test.same)
		}
	}
}

func TestReadRejectsEveryFlippedByte(t *testing.T) {
	path := written(t, example())
	good := content(t, path)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		if err == nil {
			t.Errorf("Read with byte %d of %d changed from %q = nil error", i, len(good), good[i])
		} else if text := err.Error(); !strings.Contains(text, path) || strings.Contains(text, "\n") {
			t.Errorf("error %q, want one line that names %s", text, path)
		}
	}
}

func TestReadRejectsEveryTruncation(t *testing.T) {
	path := written(t, example())
	good := content(t, path)
	for n := range good {
		if err := os.WriteFile(path, good[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Read of the first %d bytes = %v, want an error that names %s", n, err, path)
		}
	}
}

// edited is the file of the example after a change of its metadata, with the right checksum.
func edited(t *testing.T, change func(metadata map[string]string)) *safetensors.File {
	t.Helper()
	raw, err := example().encode()
	if err != nil {
		t.Fatal(err)
	}
	change(raw.Metadata)
	repair(raw)
	return raw
}

// repair gives a file the hash and the checksum of what it holds.
func repair(raw *safetensors.File) {
	raw.Metadata[keyHash] = contentHash(raw)
	raw.Metadata[keyChecksum] = checksum(raw.Metadata)
}

func TestReadExplainsOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct {
		file *safetensors.File
		want string
	}{
		"a foreign file":         {&safetensors.File{Metadata: map[string]string{"format": "pt"}}, "not a Siam model"},
		"a newer version":        {edited(t, func(m map[string]string) { m[keyVersion] = "2" }), "version"},
		"a spec that is a list":  {edited(t, func(m map[string]string) { m[keySpec] = "[]" }), "no JSON object"},
		"an unknown calibration": {edited(t, func(m map[string]string) { m[keyCalibration] = `{"quantum":1}` }), "quantum"},
	} {
		path := filepath.Join(dir, name)
		if err := test.file.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Read of %s = %v, want an error with %q", name, err, test.want)
		}
	}
	if _, err := Read(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of a missing file = %v, want %v", err, fs.ErrNotExist)
	}
}

func TestWriteRefusesAModelWithoutKindOrSpec(t *testing.T) {
	for name, change := range map[string]func(*File){
		"no kind":     func(f *File) { f.Kind = "" },
		"no spec":     func(f *File) { f.Spec = nil },
		"broken JSON": func(f *File) { f.Spec = json.RawMessage(`{"arch":`) },
	} {
		f := example()
		change(f)
		if err := f.Write(filepath.Join(t.TempDir(), "model")); err == nil {
			t.Errorf("Write of a model with %s = nil error", name)
		}
	}
}

func TestDecodeSpecRefusesSettingsItDoesNotKnow(t *testing.T) {
	f := example()
	var whole struct {
		Arch string
		Dim  int
	}
	if err := f.DecodeSpec(&whole); err != nil || whole.Arch != "test" || whole.Dim != 2 {
		t.Errorf("DecodeSpec = %v, %v, want test with 2", whole, err)
	}
	var part struct{ Arch string }
	if err := f.DecodeSpec(&part); err == nil || !strings.Contains(err.Error(), "dim") {
		t.Errorf("DecodeSpec without dim = %v, want an error that names it", err)
	}
}

// Whatever is read can be written, and is then what was read. Hash and checksum are repaired, or hardly any input would get past
// them.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{written(f, example()), filepath.Join("..", "testdata", "v1", "pairs.safetensors")} {
		f.Add(content(f, seed))
		f.Add(content(f, seed)[:200])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := safetensors.Decode(data)
		if err != nil || raw.Metadata == nil {
			return
		}
		repair(raw)
		first, err := decode(raw)
		if err != nil {
			return
		}
		var written [2]bytes.Buffer
		for i := range written {
			if raw, err = first.encode(); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			if err := raw.Encode(&written[i]); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			if first, err = decode(raw); err != nil {
				t.Fatalf("what was written cannot be read: %v", err)
			}
		}
		if !bytes.Equal(written[0].Bytes(), written[1].Bytes()) {
			t.Error("a model that was read, written and read again is written otherwise")
		}
	})
}
