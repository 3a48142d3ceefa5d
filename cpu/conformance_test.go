package cpu

import (
	"testing"

	"github.com/gomlx/compute/support/backendtest"
)

func TestBackendConforms(t *testing.T) {
	b, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	backendtest.RunAll(t, b, nil)
}
