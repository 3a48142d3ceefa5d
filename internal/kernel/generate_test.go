package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"
)

func TestTileIsLaidOutAsTheAssemblyReadsIt(t *testing.T) {
	if got := unsafe.Offsetof(tile{}.slope); got != 19*8 {
		t.Errorf("tile.slope is at byte %d, want 152: all fields before it are words, in the order of asm/gemm", got)
	}
	if got := unsafe.Sizeof(segment{}); got != 16 {
		t.Errorf("a segment has %d bytes, want 16", got)
	}
}

// TestGeneratedAssemblyIsUpToDate runs the generators again. It needs their modules in the module cache.
func TestGeneratedAssemblyIsUpToDate(t *testing.T) {
	generated := map[string]string{"gemm": "gemm_amd64.s", "winograd": "winograd_amd64.s"}
	for name, file := range generated {
		t.Run(name, func(t *testing.T) {
			again := filepath.Join(t.TempDir(), file)
			run := exec.Command("go", "-C", "../../asm", "run", "./"+name, "-out", again)
			run.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOARCH=", "GOOS=")
			if output, err := run.CombinedOutput(); err != nil {
				t.Skipf("the generator does not run here (try go generate): %v: %.200s", err, output)
			}
			if got, want := body(t, again), body(t, file); got != want {
				t.Errorf("%s differs from what asm/%s generates, run go generate", file, name)
			}
		})
	}
}

// body is a generated file without its first line, which holds the command.
func body(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range data {
		if c == '\n' {
			return string(data[i:])
		}
	}
	return ""
}
