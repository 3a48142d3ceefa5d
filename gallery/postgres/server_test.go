package postgres_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// started is the address of the server that the tests started, and why there is none.
var started struct{ address, why string }

func TestMain(m *testing.M) {
	stop := start()
	code := m.Run()
	stop()
	os.Exit(code)
}

// server is the address of a database for tests, which drop its tables of galleries. Several stores cannot stand side by side in it:
// servers in one process, such as PGlite, have one schema for all connections.
func server(t *testing.T) string {
	t.Helper()
	if started.address == "" {
		t.Skip(started.why)
	}
	return started.address
}

// start starts PGlite where it is installed, unless there is a server already.
func start() (stop func()) {
	if started.address = os.Getenv("SIAM_TEST_POSTGRES"); started.address != "" {
		return func() {}
	}
	program, err := exec.LookPath("pglite-server")
	if folder := os.Getenv("SIAM_TEST_PGLITE"); folder != "" {
		program, err = exec.LookPath(filepath.Join(folder, "node_modules", ".bin", "pglite-server"))
	}
	if err != nil {
		started.why = "no server to try stores on: SIAM_TEST_POSTGRES names no database with pgvector, SIAM_TEST_PGLITE no folder where npm installed @electric-sql/pglite-socket and @electric-sql/pglite-pgvector"
		return func() {}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		started.why = err.Error()
		return func() {}
	}
	at := listener.Addr().String()
	listener.Close()
	_, port, _ := net.SplitHostPort(at)
	cmd := exec.Command(program, "-p", port, "-m", "20", "-e", "@electric-sql/pglite-pgvector:vector")
	cmd.Dir = os.Getenv("SIAM_TEST_PGLITE")
	if err := cmd.Start(); err != nil {
		started.why = err.Error()
		return func() {}
	}
	started.address = fmt.Sprintf("postgres://postgres:postgres@%s/postgres?sslmode=disable", at)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if conn, err := net.Dial("tcp", at); err == nil {
			conn.Close()
			break
		}
	}
	return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
}
