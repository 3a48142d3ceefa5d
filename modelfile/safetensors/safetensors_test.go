package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example() *File {
	return &File{
		Metadata: map[string]string{"b": "two\nlines", "a": "é"},
		Tensors: []Tensor{
			FromFloat32("w", []int{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 1e-30}),
			{Name: "state", DType: U64, Shape: []int{1}, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
			{Name: "empty", DType: F32, Shape: []int{0, 4}, Data: []byte{}},
			FromFloat32("scalar", []int{}, []float32{7}),
		},
	}
}

func encode(t testing.TB, f *File) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := f.Encode(&out); err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return out.Bytes()
}

// raw builds a file from a header as text.
func raw(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, data)...)
}

func TestDecodeReturnsWhatEncodeWrote(t *testing.T) {
	want := example()
	got, err := Decode(encode(t, want))
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode(Encode(f)) differs (-want +got):\n%s", diff)
	}
}

func TestHeaderIsAligned(t *testing.T) {
	data := encode(t, example())
	if n := binary.LittleEndian.Uint64(data); n%8 != 0 {
		t.Errorf("header length = %d, want a multiple of 8", n)
	}
}

func TestDecodeRejects(t *testing.T) {
	good := encode(t, example())
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"an empty file":        {nil, "only 0 bytes"},
		"an absurd length":     {append(binary.LittleEndian.AppendUint64(nil, 1<<60), good...), "not a safetensors file"},
		"a cut header":         {good[:40], "truncated"},
		"a cut tensor":         {good[:len(good)-1], "truncated"},
		"trailing bytes":       {append(bytes.Clone(good), 0), "after the last tensor"},
		"no JSON":              {raw("hello   ", 0), "no JSON object"},
		"broken JSON":          {raw(`{"a":`, 0), "damaged header"},
		"a gap":                {raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "starts at byte 1"},
		"an overlap":           {raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "starts at byte 1"},
		"a wrong size":         {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "does not fit"},
		"a negative dimension": {raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), "does not fit"},
		"an overflowing shape": {raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,0]}}`, 0), "does not fit"},
		"an unknown dtype":     {raw(`{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}`, 4), "unknown dtype"},
		"a key in capitals":    {raw(`{"a":{"Dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), "dtype"},
		"metadata of numbers":  {raw(`{"__metadata__":{"a":1}}`, 0), "metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Decode = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.safetensors")
	if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("ReadFile = %v, want an error that names %s", err, path)
	}
}

func TestEncodeRejectsTwoTensorsOfOneName(t *testing.T) {
	f := &File{Tensors: []Tensor{FromFloat32("w", []int{1}, []float32{1}), FromFloat32("w", []int{1}, []float32{2})}}
	if err := f.Encode(&bytes.Buffer{}); err == nil {
		t.Error("Encode with two tensors named w = nil, want an error")
	}
}

func TestWriteFileReplacesAndLeavesNothingBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	for _, value := range []float32{1, 2} {
		f := &File{Tensors: []Tensor{FromFloat32("w", []int{1}, []float32{value})}}
		if err := f.WriteFile(path); err != nil {
			t.Fatalf("WriteFile: %v", err)
		}
		got, err := ReadFile(path)
		if err != nil {
			t.Fatalf("ReadFile: %v", err)
		}
		if w, _ := got.Tensors[0].Float32(); w[0] != value {
			t.Errorf("read w = %v, want %v", w[0], value)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("folder holds %d files, want 1", len(entries))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, example()))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Decode(encode(t, file))
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded and decoded again: %v", err)
		}
		if diff := cmp.Diff(file, again); diff != "" {
			t.Errorf("second decoding differs (-first +second):\n%s", diff)
		}
	})
}
