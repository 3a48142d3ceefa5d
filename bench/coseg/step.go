package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/train"
)

// taken is what a training step takes.
type taken struct {
	Seconds float64 `json:"seconds"`
	Peak    float64 `json:"peak"` // bytes of the process
}

// stepApart takes training steps in a process of their own.
func stepApart(ctx context.Context, s settings) (t taken, err error) {
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	cmd := exec.CommandContext(ctx, self, "-step", "-threads", fmt.Sprint(s.threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(out, &t)
}

// printStep trains the published network of 512 pixels with Adam on one pair, two steps, and prints what the second took.
func printStep(ctx context.Context, s settings) error {
	backend, err := cpu.New(cpu.Options{Threads: s.threads})
	if err != nil {
		return err
	}
	defer backend.Finalize()
	trainer, err := train.New(backend, train.Task[*coseg.Batch](coseg.Pairs{Network: published()}), train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 1e-5, L2: 5e-4}, StepsPerEpoch: 1,
	})
	if err != nil {
		return err
	}
	pre := published().Spec.Preprocess
	masks := make([]float32, 2*pre.Height*pre.Width)
	weights := make([]float32, len(masks))
	for i := range weights {
		masks[i], weights[i] = float32(i/1000%2), 1
	}
	batch := &coseg.Batch{N: 1, Images: waves([]int{2, pre.Height, pre.Width, 3}), Masks: masks, Weights: weights}
	start := time.Now()
	var t taken
	for _, err := range trainer.Steps(ctx, repeated(batch, 2)) {
		if err != nil {
			return err
		}
		t.Seconds, start = time.Since(start).Seconds(), time.Now()
	}
	if t.Peak, err = peakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(t)
}

func repeated(b *coseg.Batch, times int) iter.Seq2[*coseg.Batch, error] {
	return func(yield func(*coseg.Batch, error) bool) {
		for range times {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// peakMemory is the most bytes that this process has held, as Linux tells it.
func peakMemory() (float64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	_, err = fmt.Sscan(rest, &kilobytes)
	return 1024 * kilobytes, err
}
