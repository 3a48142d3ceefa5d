package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestGeneratedVectorLoopsAreUpToDate(t *testing.T) {
	for _, isa := range []string{"avx2", "avx512"} {
		t.Run(isa, func(t *testing.T) {
			file := "vector_" + isa + "_amd64.s"
			again := filepath.Join(t.TempDir(), file)
			run := exec.Command("go", "-C", "../../asm", "run", "./vector", "-isa", isa, "-out", again)
			run.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOARCH=", "GOOS=")
			if output, err := run.CombinedOutput(); err != nil {
				t.Skipf("the generator does not run here (try go generate): %v: %.200s", err, output)
			}
			if got, want := body(t, again), body(t, file); got != want {
				t.Errorf("%s differs from what asm/vector generates, run go generate", file)
			}
		})
	}
}
