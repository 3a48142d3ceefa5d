//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// cost is what one run of siam took.
type cost struct {
	clock, processor float64 // seconds
	peak             int64   // bytes
	faces            int
}

// embed runs siam on photographs.
func (b *run) embed(files []string) (cost, error) {
	cmd := exec.Command(b.siam, append([]string{"embed", "--faces", "--model", b.model, "--format", "csv", "--quiet"}, files...)...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return cost{}, fmt.Errorf("siam embed: %w", err)
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("this system does not tell how much memory a program took")
	}
	state := cmd.ProcessState
	return cost{
		clock: time.Since(began).Seconds(), processor: (state.UserTime() + state.SystemTime()).Seconds(),
		peak: used.Maxrss << 10, faces: bytes.Count(out, []byte("\n")),
	}, nil
}
