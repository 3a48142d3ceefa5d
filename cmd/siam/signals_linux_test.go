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

// promptly is how much processor time a command may use from a signal to its end. The clock would also count what other programs use.
const promptly = 10 * time.Second

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
	before := waitForWork(t, siam, ended)
	if err := siam.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(5*time.Minute, func() { siam.Process.Kill() })
	<-ended
	if used := siam.ProcessState.UserTime() + siam.ProcessState.SystemTime() - before; !hangs.Stop() || used > promptly {
		t.Errorf("siam %v worked for %v after a signal, want an end within %v", args, used, promptly)
	}
	return siam.ProcessState.ExitCode(), errors.String()
}

// waitForWork waits until a process is past its beginning: it has read a photograph and used half a second of processor time. It returns
// how much it has used.
func waitForWork(t *testing.T, cmd *exec.Cmd, ended <-chan struct{}) (used time.Duration) {
	t.Helper()
	photograph, err := os.Stat(filepath.Join("alphabets", "people", "p0", "000.png"))
	if err != nil {
		t.Fatal(err)
	}
	for {
		used, read := consumed(cmd.Process.Pid)
		if used >= time.Second/2 && read >= photograph.Size() {
			return used
		}
		select {
		case <-ended:
			t.Fatalf("%v ended before a signal: %v, %s", cmd.Args[1:], cmd.ProcessState, cmd.Stderr)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// consumed is how much processor time a process has used and how many bytes it has read; none once it has ended.
func consumed(pid int) (used time.Duration, read int64) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); err == nil && len(fields) > 12 {
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		used = time.Duration(user+system) * time.Second / 100
	}
	io, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	_, _ = fmt.Sscanf(string(io), "rchar: %d", &read)
	return used, read
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
