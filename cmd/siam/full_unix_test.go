//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
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
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// fullCommand: full BYTES ARG... runs siam in a process of its own for which the system fails a write in its middle, as a full
// disk does.
func fullCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: full BYTES ARG...")
	}
	self, err := os.Executable()
	ts.Check(err)
	check(ts, exitFailed, args[1:], func(rest []string, stdout, stderr io.Writer) int {
		cmd := exec.Command(self, rest...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), stdout, stderr
		cmd.Env = append(os.Environ(), fileLimit+"="+args[0])
		cmd.Run() // the exit code says it all
		return cmd.ProcessState.ExitCode()
	})
}
