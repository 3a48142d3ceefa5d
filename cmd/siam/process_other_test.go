//go:build !unix

package main

import "github.com/rogpeppe/go-internal/testscript"

func fullCommand(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("full needs a system with RLIMIT_FSIZE; guard it with [unix]")
}
