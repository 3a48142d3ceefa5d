package atomicfile

import (
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A limit on file sizes fails a write half-way, as a full disk does.
func TestAFullDiskKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	err := withFileLimit(t, 1<<16, func() error {
		return Write(path, func(w io.Writer) error {
			_, err := w.Write(make([]byte, 1<<21))
			return err
		})
	})
	if err == nil || err.Error() != "write "+path+": file too large" || strings.Contains(err.Error(), suffix) {
		t.Errorf("Write on a full disk = %v, want %s: file too large", err, path)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("the file holds %d bytes, want what it held", len(got))
	}
	only(t, dir, "a.txt")
}

func withFileLimit(t *testing.T, limit uint64, do func() error) error {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Skipf("no file limit here: %v", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: before.Max}); err != nil {
		t.Skipf("no file limit here: %v", err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatalf("lift the file limit: %v", err)
		}
	}()
	return do()
}
