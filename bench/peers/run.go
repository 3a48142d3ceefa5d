package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// mode is one engine on one net. layout is PyTorch's, or ours for Siam.
type mode struct {
	net, precision, layout string
}

const ours = "siam"

// result is what both engines print.
type result struct {
	Engine         string  `json:"engine"`
	TrainPairs     float64 `json:"train_pairs_per_s"`
	EmbedImages    float64 `json:"embed_images_per_s"`
	LatencyMicros  float64 `json:"latency_us"`
	PeakMemory     float64 `json:"peak_memory_bytes"`
	InstructionSet string  `json:"instruction_set"`
}

func (m mode) String() string { return fmt.Sprintf("%-5s %s %-13s", m.net, m.precision, m.layout) }

func (r result) String() string {
	return fmt.Sprintf("%8.1f pairs/s %8.0f images/s %8.0f µs %6.0f MiB", r.TrainPairs, r.EmbedImages, r.LatencyMicros, r.PeakMemory/(1<<20))
}

// run gives an engine its turn, in a process of its own.
func (m mode) run(ctx context.Context, s settings, siam string) (result, error) {
	name, args := siam, []string{"bench", m.net, "--precision", m.precision}
	if m.layout != ours {
		name, args = s.python, []string{"bench/peers/torch_siamese.py", m.net}
		if m.precision == "bf16" {
			args = append(args, "--bf16")
		}
		if m.layout == "channels_last" {
			args = append(args, "--channels-last")
		}
	}
	args = append(args, "--threads", strconv.Itoa(s.threads))
	if s.steps > 0 {
		args = append(args, "--steps", strconv.Itoa(s.steps))
	}
	var r result
	out, err := output(ctx, name, args...)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("reading what %s printed: %w", name, err)
	}
	return r, nil
}

// output is what a command prints; its error has the command's own message.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running %s: %w: %s", cmd, err, bytes.TrimSpace(message.Bytes()))
	}
	return out, nil
}

// buildSiam compiles the command into a folder that remove takes away.
func buildSiam(ctx context.Context) (file string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "siam-peers-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder for the siam command: %w", err)
	}
	remove = func() { os.RemoveAll(dir) }
	file = filepath.Join(dir, "siam")
	if _, err := output(ctx, "go", "build", "-o", file, "./cmd/siam"); err != nil {
		remove()
		return "", nil, err
	}
	return file, remove, nil
}
