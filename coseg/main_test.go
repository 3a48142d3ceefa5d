package coseg

import (
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/cpu"
)

func backend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}
