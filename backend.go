package siam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go", GoMLX's own backend, to compare with
	"github.com/siam-go/siam/cpu"
)

// Backend is what computes: GoMLX's interface.
type Backend = compute.Backend

// Backends lists the backends in this build.
func Backends() []string {
	names := compute.List()
	slices.Sort(names)
	return names
}

// NewBackend opens a backend by name: "cpu" is ours, "go" is GoMLX's, and a build with -tags xla has "xla:cpu" and "xla:cuda".
// What follows a colon is the backend's own configuration. Threads limits the processor threads of "cpu"; 0 means all.
func NewBackend(name string, threads int) (backend Backend, err error) {
	if threads < 0 {
		return nil, fmt.Errorf("open backend %s: %d threads, want 0 (all) or more", name, threads)
	}
	kind, _, _ := strings.Cut(name, ":")
	if !slices.Contains(compute.List(), kind) {
		return nil, fmt.Errorf("open backend %s: this build has only %s", name, strings.Join(Backends(), ", "))
	}
	defer func() {
		if failure := recover(); failure != nil { // some backends panic when their library is missing
			err = fmt.Errorf("open backend %s: %v", name, failure)
		}
	}()
	if name == cpu.BackendName {
		return cpu.New(cpu.Options{Threads: threads})
	}
	backend, err = compute.NewWithConfig(name)
	if err != nil {
		return nil, fmt.Errorf("open backend %s: %w", name, err)
	}
	return backend, nil
}
