package safetensors

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A limit on file sizes fails a write half-way, as a full disk does.
func TestWriteFileOnAFullDiskKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := example().WriteFile(path); err != nil {
		t.Fatalf("WriteFile: %v", err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = withFileLimit(t, 1<<16, func() error {
		big := &File{Tensors: []Tensor{FromFloat32("w", []int{1 << 16}, make([]float32, 1<<16))}}
		return big.WriteFile(path)
	})
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("WriteFile on a full disk = %v, want an error that names %s", err, path)
	}
	if now, _ := os.ReadFile(path); string(now) != string(old) {
		t.Errorf("the old file has changed: %d bytes, want its %d", len(now), len(old))
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("folder holds %d files, want 1", len(entries))
	}
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
