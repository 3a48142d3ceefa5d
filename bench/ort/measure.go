package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/onnx"
)

const (
	turnSeconds = 0.15 // of an engine's turn, about
	mostRuns    = 40   // of a turn
	// settle is the time between turns, in which an engine's threads stop looking for work.
	settle = 30 * time.Millisecond
)

// row is what was measured of a network at one batch size, in seconds.
type row struct {
	network      bench.Network
	batch        int
	ours, theirs float64 // of the fastest run
	imported     float64 // reading the file, folding its constants, compiling it for one image and running it
	version      string  // of ONNX Runtime
}

// measure gives both engines their turns.
func measure(ctx context.Context, s settings, network bench.Network, path string, batch int) (row, error) {
	r := row{network: network, batch: batch, ours: math.Inf(1), theirs: math.Inf(1)}
	run, imported, err := load(ctx, s.threads, network, path)
	if err != nil {
		return r, err
	}
	defer run.Close()
	r.imported = imported
	theirs, err := startRuntime(ctx, path, s.threads, []int{batch, 3, network.Height, network.Width})
	if err != nil {
		return r, err
	}
	defer theirs.stop()
	r.version = theirs.version
	images := network.Images(batch)
	if r.ours, err = fastest(ctx, run, images, 1); err != nil {
		return r, err
	}
	for range s.turns {
		runs := min(max(int(turnSeconds/r.ours), 1), mostRuns)
		ours, err := fastest(ctx, run, images, runs)
		if err != nil {
			return r, err
		}
		time.Sleep(settle)
		other, err := theirs.fastest(runs)
		if err != nil {
			return r, err
		}
		time.Sleep(settle)
		r.ours, r.theirs = min(r.ours, ours), min(r.theirs, other)
	}
	return r, nil
}

// load reads a network, folds its constants, compiles it for one image and runs it once.
func load(ctx context.Context, threads int, network bench.Network, path string) (run *onnx.Network, seconds float64, err error) {
	backend, err := cpu.New(cpu.Options{Threads: threads})
	if err != nil {
		return nil, 0, err
	}
	one := network.Images(1)
	start := time.Now()
	m, err := onnx.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	var outputs []string
	for _, v := range m.Outputs() {
		outputs = append(outputs, v.Name)
	}
	if run, err = onnx.NewNetwork(backend, m, outputs...); err != nil {
		return nil, 0, err
	}
	_, err = run.Run(ctx, one)
	return run, time.Since(start).Seconds(), err
}

// fastest is the shortest of some runs here, in seconds.
func fastest(ctx context.Context, run *onnx.Network, images onnx.Array, runs int) (float64, error) {
	best := math.Inf(1)
	for range runs {
		start := time.Now()
		if _, err := run.Run(ctx, images); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start).Seconds())
	}
	return best, nil
}

// process is time.js at work.
type process struct {
	version string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// startRuntime loads a network in ONNX Runtime.
func startRuntime(ctx context.Context, path string, threads int, shape []int) (*process, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	sides := make([]string, len(shape))
	for i, n := range shape {
		sides[i] = strconv.Itoa(n)
	}
	cmd := exec.CommandContext(ctx, "node", "time.js", path, strconv.Itoa(threads), strings.Join(sides, "x"))
	cmd.Dir, cmd.Stderr = filepath.Join("bench", "ort"), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start ONNX Runtime: %w", err)
	}
	p := &process{cmd: cmd, in: in, out: bufio.NewReader(out)}
	line, _ := p.out.ReadString('\n')
	if _, err := fmt.Sscanf(line, "ready %s", &p.version); err != nil {
		p.stop()
		return nil, errors.New("ONNX Runtime does not start; install it: ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix bench/ort")
	}
	return p, nil
}

// fastest is the shortest of some runs there, in seconds.
func (p *process) fastest(runs int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, runs); err != nil {
		return 0, fmt.Errorf("ask ONNX Runtime: %w", err)
	}
	var seconds []float64
	if err := json.NewDecoder(p.out).Decode(&seconds); err != nil {
		return 0, fmt.Errorf("read the times of ONNX Runtime: %w", err)
	}
	return slices.Min(seconds), nil
}

func (p *process) stop() {
	p.in.Close()
	p.cmd.Wait()
}
