package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func text(content string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}
}

// only fails unless dir holds one entry, name.
func only(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v, want %s alone", dir, entries, name)
	}
}

func TestWriteReplacesAFileAndLeavesNothingBeside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, want := range []string{"old", "new"} {
		if err := Write(path, text(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("after Write(%q) the file holds %q, %v", want, got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode = %v, %v, want rw-r--r--", info.Mode(), err)
	}
	only(t, dir, "a.txt")
}

func TestAFailedWriteKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	ours := errors.New("no more paper")
	err := Write(path, func(w io.Writer) error { return errors.Join(text("half")(w), ours) })
	if !errors.Is(err, ours) || !strings.Contains(err.Error(), path) {
		t.Errorf("Write = %v, want one that names %s and is %v", err, path, ours)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("the file holds %q, want what it held", got)
	}
	only(t, dir, "a.txt")
}

func TestErrorsNameThePathThatWasAskedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "nowhere", "a.txt"), filepath.Join(dir, "folder")} {
		err := Write(path, text("x"))
		if err == nil || !strings.HasPrefix(err.Error(), "write "+path+": ") || strings.Contains(err.Error(), suffix) {
			t.Errorf("Write = %v, want one that names %s and no temporary file", err, path)
		}
	}
	only(t, dir, "folder")
}

func TestFolderAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "above", "set")
	ours := errors.New("no more paper")
	fill := func(fail error) func(string) error {
		return func(partial string) error {
			return errors.Join(os.WriteFile(filepath.Join(partial, "1.txt"), []byte("one"), 0o644), fail)
		}
	}
	if err := Folder(path, fill(ours)); !errors.Is(err, ours) || !strings.Contains(err.Error(), path) {
		t.Errorf("Folder = %v, want one that names %s and is %v", err, path, ours)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("after a failure there is %v, want nothing", entries)
	}
	if err := Folder(path, fill(nil)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(path, "1.txt")); string(got) != "one" || err != nil {
		t.Errorf("the folder's file holds %q, %v, want one", got, err)
	}
	only(t, filepath.Dir(path), "set")
	if err := Folder(path, fill(nil)); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("Folder in the place of another = %v, want a refusal", err)
	}
}
