//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// fileLimit makes this test program siam itself, unable to let any file grow beyond so many bytes.
const fileLimit = "SIAM_TEST_FILE_LIMIT"

func TestMain(m *testing.M) {
	if bytes, err := strconv.ParseUint(os.Getenv(fileLimit), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}); err != nil {
			panic(err)
		}
		main()
	}
	os.Exit(m.Run())
}

// process is siam as a process of its own.
func process(limit string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), fileLimit+"="+limit)
	return cmd
}

// fullCommand: full BYTES ARG... runs siam in a process for which the system fails a write in its middle, as a full disk does.
func fullCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: full BYTES ARG...")
	}
	check(ts, exitFailed, args[1:], func(rest []string, stdout, stderr io.Writer) int {
		cmd := process(args[0], rest...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), stdout, stderr
		cmd.Run() // the exit code says it all
		return cmd.ProcessState.ExitCode()
	})
}

func TestCtrlCLeavesACheckpoint(t *testing.T) {
	t.Chdir(t.TempDir())
	generate := process(noLimit, "data", "generate", "alphabets", "--alphabets", "4", "--characters", "4", "--drawers", "3", "--out", "alphabets")
	if output, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v: %s", err, output)
	}
	arguments := append([]string{"train", "oneshot-triplet", "--data", "alphabets", "--out", "m.safetensors"}, tiny...)
	train := process(noLimit, append(arguments, "--set", "steps=1000000")...)
	stderr, err := train.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := train.Start(); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		last = lines.Text()
		if strings.HasPrefix(last, "step 1 of") {
			if err := train.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	train.Wait() // the exit code says it all
	if code := train.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("exit code after Ctrl-C %d, want %d", code, exitFailed)
	}
	if want := "interrupted; checkpoint m.safetensors.checkpoint is saved, go on with --resume"; !strings.HasSuffix(last, want) {
		t.Errorf("its last line is %q, want one that ends in %q", last, want)
	}
	left, err := filepath.Glob("*safetensors*")
	if want := []string{"m.safetensors.checkpoint", "m.safetensors.progress"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left behind: %v, %v, want %v", left, err, want)
	}
	if progress, err := os.ReadFile("m.safetensors.progress"); err != nil || !strings.Contains(string(progress), `"state":"stopped"`) {
		t.Errorf("the file of progress is %s, %v, want one that says stopped", progress, err)
	}
}
