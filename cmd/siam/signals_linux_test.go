package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// promptly is how soon after a signal a command has to have ended, with much to spare for a machine that is busy.
const promptly = 15 * time.Second

// TestASignalEndsEveryCommandAtWork sends each command a signal while it is at work that would take it minutes.
func TestASignalEndsEveryCommandAtWork(t *testing.T) {
	dir := t.TempDir()
	people := manyLargePhotographs(t, filepath.Join(dir, "alphabets", "people"))
	model, err := filepath.Abs("../../testdata/strokes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if output, err := process(noLimit, "gallery", "create", "--db", "sqlite:g.db", "--model", model, "--kind", "watch").CombinedOutput(); err != nil {
		t.Fatalf("gallery create: %v: %s", err, output)
	}
	before := namesIn(t, dir)
	for _, c := range []struct {
		signal os.Signal
		args   []string
	}{
		{os.Interrupt, []string{"embed", "--model", model, people, "--out", "e.npy", "--format", "npy"}},
		{syscall.SIGTERM, []string{"embed", "--model", model, people}},
		{syscall.SIGTERM, []string{"cluster", "--model", model, "--data", people, "--into", "groups", "--sheet", "groups.png"}},
		{os.Interrupt, []string{"map", "--model", model, "--data", people, "--out", "map.html"}},
		{syscall.SIGTERM, []string{"eval", "verify", "--model", model, "--data", people, "--report", "page.html"}},
		{os.Interrupt, []string{"eval", "retrieval", "--model", model, "--data", people}},
		{os.Interrupt, []string{"calibrate", "--model", model, "--data", people, "--out", "c.safetensors"}},
		{syscall.SIGTERM, []string{"train", "faces", "--data", people, "--out", "m.safetensors"}},
		{syscall.SIGTERM, []string{"gallery", "enroll", "--db", "sqlite:g.db", "--data", people}},
		{os.Interrupt, []string{"eval", "oneshot", "--baseline", "hausdorff", "--data", "alphabets"}},
	} {
		t.Run(strings.Join(c.args[:2], " "), func(t *testing.T) {
			code, stderr := signalled(t, c.signal, c.args)
			if lines := strings.Split(strings.TrimSpace(stderr), "\n"); code != exitFailed || !strings.Contains(lines[len(lines)-1], "interrupted") {
				t.Errorf("exit code %d, want %d; stderr:\n%s", code, exitFailed, stderr)
			}
			for name := range namesIn(t, dir) {
				if !before[name] && !strings.HasPrefix(name, "g.db") {
					t.Errorf("it left %s", name)
				}
			}
		})
	}
	// What was interrupted can be asked again, and the store is sound.
	for _, args := range [][]string{{"gallery", "list", "--db", "sqlite:g.db"}, {"gallery", "audit", "--db", "sqlite:g.db", "--log"}} {
		if output, err := process(noLimit, args...).CombinedOutput(); err != nil {
			t.Errorf("siam %v after a signal: %v: %s", args, err, output)
		}
	}
}

const noLimit = "100000000000"

// signalled starts siam, waits until it has worked for a while, and sends it a signal.
func signalled(t *testing.T, signal os.Signal, args []string) (code int, stderr string) {
	t.Helper()
	var errors bytes.Buffer
	siam := process(noLimit, args...)
	siam.Stderr = &errors
	if err := siam.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		siam.Wait() // the exit code says it all
		close(ended)
	}()
	waitForWork(t, siam, ended)
	if err := siam.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(promptly):
		siam.Process.Kill()
		<-ended
		t.Errorf("siam %v did not end within %v of a signal", args, promptly)
	}
	return siam.ProcessState.ExitCode(), errors.String()
}

// waitForWork waits until a process has used half a second of processor time: it takes less to begin.
func waitForWork(t *testing.T, cmd *exec.Cmd, ended <-chan struct{}) {
	t.Helper()
	const ticks = 50 // of a hundredth of a second each
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); err == nil && len(fields) > 12 {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			if user+system >= ticks {
				return
			}
		}
		select {
		case <-ended:
			t.Fatalf("%v ended before a signal: %v, %s", cmd.Args[1:], cmd.ProcessState, cmd.Stderr)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// manyLargePhotographs makes a folder of four people with a hundred photographs of twelve megapixels each, all one file.
func manyLargePhotographs(t *testing.T, dir string) string {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 4000, 3000))
	for y := range 3000 {
		for x := range 4000 {
			m.SetGray(x, y, color.Gray{uint8(x*y>>9 ^ x)})
		}
	}
	var encoded bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&encoded, m); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(dir, "p0", "000.png")
	for i := range 400 {
		name := filepath.Join(dir, fmt.Sprint("p", i%4), fmt.Sprintf("%03d.png", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if i == 0 {
			err = os.WriteFile(first, encoded.Bytes(), 0o644)
		} else {
			err = os.Link(first, name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func namesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}
