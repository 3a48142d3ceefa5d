package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
	"unsafe"
)

// turn is what one turn took, in seconds.
type turn struct {
	Wall      float64 `json:"wall"`
	Processor float64 `json:"processor"` // of all threads
	Recall    float64 `json:"recall"`
	FAISS     string  `json:"faiss"`
	Compiled  string  `json:"compiled"`
}

// timed measures work here.
func timed(work func() error) (turn, error) {
	start, used := time.Now(), processor()
	err := work()
	return turn{Wall: time.Since(start).Seconds(), Processor: processor() - used}, err
}

// peer is FAISS and hnswlib in a process that waits for its turns.
type peer struct {
	to   io.WriteCloser
	from *bufio.Reader
	cmd  *exec.Cmd
}

func startPeer(ctx context.Context, s settings, dir string, n int) (*peer, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	cmd := exec.CommandContext(ctx, s.python, "bench/search/peer.py", file("vectors"), file("probes"), file("exact"),
		strconv.Itoa(n), strconv.Itoa(dim), strconv.Itoa(s.threads), file("hnswlib.graph"))
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=PASSIVE", fmt.Sprintf("OMP_NUM_THREADS=%d", s.threads))
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &peer{to, bufio.NewReader(from), cmd}, cmd.Start()
}

// ask gives the peer a turn.
func (p *peer) ask(command string, args ...int) (t turn, err error) {
	for _, a := range args {
		command += " " + strconv.Itoa(a)
	}
	if _, err := fmt.Fprintln(p.to, command); err != nil {
		return t, err
	}
	line, err := p.from.ReadBytes('\n')
	if err != nil {
		return t, fmt.Errorf("peer, asked %q: %w: are python3-faiss and python3-hnswlib installed?", command, err)
	}
	return t, json.Unmarshal(line, &t)
}

func (p *peer) stop() error {
	p.to.Close()
	return p.cmd.Wait()
}

// writeNumbers writes numbers as they lie in memory.
func writeNumbers[T float32 | int32](file string, x []T) error {
	return os.WriteFile(file, unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*4), 0o644)
}
