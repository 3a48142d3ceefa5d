package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/recipe"
	"github.com/spf13/cobra"
)

// speed is what siam bench prints.
type speed struct {
	Engine         string  `json:"engine"`
	Net            string  `json:"net"`
	Precision      string  `json:"precision"`
	Threads        int     `json:"threads"`
	BatchPairs     int     `json:"batch_pairs"`
	TrainPairs     float64 `json:"train_pairs_per_s"`
	EmbedImages    float64 `json:"embed_images_per_s"`
	LatencyMicros  float64 `json:"latency_us"`                  // of one image
	PeakMemory     int64   `json:"peak_memory_bytes,omitempty"` // of this process, where the system tells
	InstructionSet string  `json:"instruction_set"`
}

// benchFlags are the flags of siam bench.
type benchFlags struct {
	pairs, steps int
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench conv4|koch|faces",
		Short: "how fast this machine trains and embeds",
		Long: `Trains on pairs of noise and embeds the same images, and prints one JSON object: pairs and images a second, the time that one
image alone takes, and the memory it took. Each is the median over the counted steps, after three that warm up. The peer in
bench/peers does the same work in PyTorch.`,
		Args: wants("conv4|koch|faces"),
		RunE: func(cmd *cobra.Command, args []string) error {
			work, err := recipe.WorkloadOf(args[0])
			if err != nil {
				return usageError{err}
			}
			if cmd.Flags().Changed("batch") {
				work.Pairs = f.pairs
			}
			if cmd.Flags().Changed("steps") {
				work.Steps = f.steps
			}
			return a.bench(cmd.Context(), args[0], work)
		},
	}
	cmd.Flags().IntVar(&f.pairs, "batch", 0, "pairs of a step (default 128 for conv4, 16 for koch, 64 for faces)")
	cmd.Flags().IntVar(&f.steps, "steps", 0, "steps that count (default 30 for conv4, 8 for koch, 20 for faces)")
	return cmd
}

func (a *app) bench(ctx context.Context, net string, work recipe.Workload) error {
	work.Seed = a.seed
	if work.Pairs < 1 || work.Steps < 1 {
		return usagef("%d steps of %d pairs: want at least 1 of each", work.Steps, work.Pairs)
	}
	backend, err := a.newBackend()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	a.say("measuring %d steps of %d pairs", work.Steps, work.Pairs)
	measured, err := work.Measure(ctx, backend)
	if err != nil {
		return err
	}
	return a.printSpeed(net, work, measured)
}

func (a *app) printSpeed(net string, work recipe.Workload, measured recipe.Speed) error {
	s := speed{
		Engine:         "siam " + thisBuild().Version,
		Net:            net,
		Precision:      a.precision,
		Threads:        a.threads,
		BatchPairs:     work.Pairs,
		TrainPairs:     measured.TrainPairs,
		EmbedImages:    measured.EmbedImages,
		LatencyMicros:  float64(measured.Latency) / float64(time.Microsecond),
		PeakMemory:     peakMemory(),
		InstructionSet: kernel.Active(),
	}
	if s.Threads == 0 {
		s.Threads = runtime.GOMAXPROCS(0)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the result as JSON: %w", err)
	}
	_, err = a.stdout.Write(append(encoded, '\n'))
	return err
}

// peakMemory is the most bytes this process ever held in memory; 0 where the system does not tell as Linux does.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kibibytes int64
	if _, err := fmt.Sscan(string(rest), &kibibytes); err != nil {
		return 0
	}
	return kibibytes << 10
}
