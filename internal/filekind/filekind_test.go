package filekind

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsToldByItsContent(t *testing.T) {
	header := func(json string) string { return string([]byte{byte(len(json)), 0, 0, 0, 0, 0, 0, 0}) + json }
	tar := make([]byte, 512)
	copy(tar[257:], "ustar")
	for content, want := range map[string]Kind{
		"": Empty, "\x89PNG\r\n\x1a\n": Picture, "\xff\xd8\xff\xe0": Picture, "RIFF\x00\x00\x00\x00WEBPVP8 ": Picture, "\x00\x00\x00\x18ftypheic": Picture,
		"\x00\x00\x00\x18ftypisom": Film, "PK\x03\x04 model/data.pkl": Torch, "PK\x03\x04 a/1.png": Zip, "\x80\x02}q\x00": Pickle, "\x1f\x8b\x08": Gzip, string(tar): Tar,
		"Rar!\x1a\x07": OtherPack, header(`{"__metadata__":{"siam":"1"}}`): Model, header(`{"__metadata__":{"siam_checkpoint":"1"}}`): Checkpoint,
		header(`{"w":{"dtype":"F32"}}`): Safetensors, header(`{"w":{"dtype":"F32"}}`)[:20]: Model, "\x08\x07\x12\x04siam:\x10": ONNX, "SQLite format 3\x00": Database,
		"<!DOCTYPE html><html>": WebPage, "\n <HTML>": WebPage, "version https://git-lfs.github.com/spec/v1\n": Pointer, ` {"a": 1}`: JSON, "[1]": JSON,
		"BM is how this text begins": Text, "P2 is one too, caf\xc3": Text, "\x00\x01\x02\x03": Unknown, "caf\xe9 in Latin-1": Unknown,
	} {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := Of(file); got != want {
			t.Errorf("Of(%q) = %q, want %q", content, got, want)
		}
	}
	if folder, none := Of(t.TempDir()), Of(filepath.Join(t.TempDir(), "none")); folder != Folder || none != Missing {
		t.Errorf("a folder is %q, nothing is %q, want %q and %q", folder, none, Folder, Missing)
	}
}
