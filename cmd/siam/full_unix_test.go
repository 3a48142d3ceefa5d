//go:build unix

package main

import (
	"context"
	"io"
	"os/signal"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// fullCommand: full BYTES ARG... runs siam while the system refuses to let any file of this process grow beyond BYTES, which
// fails a write in its middle as a full disk does.
func fullCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: full BYTES ARG...")
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	ts.Check(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	limit := before
	limit.Cur = uint64(number(ts, args[0]))
	ts.Check(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	defer func() { ts.Check(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }()
	runSiam(ts, context.Background(), exitFailed, args[1:], io.Discard)
}
