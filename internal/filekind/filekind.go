// Package filekind tells what a file is that somebody named in place of another, for an error that says so: from its first bytes, whatever
// it is called.
package filekind

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"unicode/utf8"
)

// Kind is what a file is, as an error says it after "it is"; "" for what is not known.
type Kind string

// What files are.
const (
	Unknown     Kind = ""
	Missing     Kind = "not there"
	Folder      Kind = "a folder"
	Device      Kind = "no file but a pipe, a socket or a device"
	Empty       Kind = "empty"
	Picture     Kind = "a picture"
	Film        Kind = "a film"
	Model       Kind = "a Siam model"
	Checkpoint  Kind = "the checkpoint of a training"
	Safetensors Kind = "another program's safetensors file"
	ONNX        Kind = "an ONNX network"
	Torch       Kind = "a PyTorch file"
	Pickle      Kind = "a Python pickle, such as PyTorch writes"
	HDF5        Kind = "an HDF5 file, such as Keras writes"
	TFLite      Kind = "a TensorFlow Lite network"
	GGUF        Kind = "a GGUF network"
	NumPy       Kind = "a NumPy array"
	WebPage     Kind = "a web page"
	Pointer     Kind = "a pointer of Git LFS"
	Zip         Kind = "a ZIP archive"
	Gzip        Kind = "a gzip archive"
	Tar         Kind = "a tar archive"
	OtherPack   Kind = "an archive of another kind (RAR, 7z, xz, bzip2 or Zstandard)"
	Database    Kind = "a SQLite database"
	PDF         Kind = "a PDF"
	JSON        Kind = "a JSON file"
	Text        Kind = "a text"
)

// magics are how files begin; '?' stands for any byte.
var magics = []struct {
	begin string
	kind  Kind
}{
	{"\x89PNG", Picture}, {"\xff\xd8\xff", Picture}, {"GIF8", Picture}, {"RIFF????WEBP", Picture}, {"II*\x00", Picture}, {"MM\x00*", Picture},
	{"BM????\x00\x00\x00\x00", Picture}, {"????ftyphe", Picture}, {"????ftypavi", Picture}, {"????ftypmif1", Picture}, {"8BPS", Picture},
	{"????ftyp", Film}, {"RIFF????AVI ", Film}, {"\x1aE\xdf\xa3", Film},
	{"\x80\x02", Pickle}, {"\x80\x03", Pickle}, {"\x80\x04", Pickle}, {"\x80\x05", Pickle}, {"\x89HDF", HDF5}, {"????TFL3", TFLite}, {"GGUF", GGUF},
	{"\x93NUMPY", NumPy}, {"version https://git-lfs", Pointer}, {"SQLite format 3\x00", Database}, {"%PDF", PDF},
	{"\x1f\x8b", Gzip}, {"Rar!", OtherPack}, {"7z\xbc\xaf", OtherPack}, {"\xfd7zXZ", OtherPack}, {"BZh", OtherPack}, {"(\xb5/\xfd", OtherPack},
}

// headBytes are enough to tell the kinds apart.
const headBytes = 1 << 20

// Of says what a file is.
func Of(name string) Kind {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return Missing
	case info.IsDir():
		return Folder
	case !info.Mode().IsRegular():
		return Device
	}
	f, err := os.Open(name)
	if err != nil {
		return Unknown
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, _ := io.ReadFull(f, head) // a short file is told by what there is of it
	return OfHead(head[:n])
}

// OfHead says what a file is that begins so.
func OfHead(head []byte) Kind {
	head = head[:min(len(head), headBytes)]
	if len(head) == 0 {
		return Empty
	}
	for _, m := range magics {
		if begins(head, m.begin) {
			return m.kind
		}
	}
	switch {
	case begins(head, "PK\x03\x04") || begins(head, "PK\x05\x06"):
		if bytes.Contains(head, []byte("/data.pkl")) {
			return Torch
		}
		return Zip
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return Tar
	case isSafetensors(head):
		return ofSafetensors(head)
	case isONNX(head):
		return ONNX
	case isText(head):
		return ofText(head)
	}
	return Unknown
}

func begins(head []byte, with string) bool {
	if len(head) < len(with) {
		return false
	}
	for i := range len(with) {
		if with[i] != '?' && with[i] != head[i] {
			return false
		}
	}
	return true
}

// isSafetensors: the length of a header, and the header's JSON.
func isSafetensors(head []byte) bool {
	return len(head) > 9 && binary.LittleEndian.Uint64(head) < 1<<30 && string(head[8:10]) == `{"`
}

func ofSafetensors(head []byte) Kind {
	switch {
	case len(head) < headBytes && binary.LittleEndian.Uint64(head) > uint64(len(head)-8):
		return Model // cut short in its header, and nobody knows whose it was
	case bytes.Contains(head, []byte(`"siam"`)):
		return Model
	case bytes.Contains(head, []byte(`"siam_checkpoint`)):
		return Checkpoint
	}
	return Safetensors
}

// isONNX: a protocol buffer that begins with the version of its format, and a field that a network may have next.
func isONNX(head []byte) bool {
	return len(head) > 3 && head[0] == 0x08 && head[1] > 0 && head[1] < 32 && bytes.IndexByte([]byte("\x12\x1a\x22\x2a\x32\x3a\x42"), head[2]) >= 0
}

// isText: UTF-8 that may be cut at its end, without control characters.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size <= 1 && len(head) > utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' {
			return false
		}
		head = head[size:]
	}
	return true
}

func ofText(head []byte) Kind {
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")) || bytes.HasPrefix(text, []byte("<html")):
		return WebPage
	case bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("[")):
		return JSON
	}
	return Text
}
