package gallerytest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// StartPostgres gives the address of a database for tests, which drop its tables of galleries: the one named by SIAM_TEST_POSTGRES, or
// PGlite, which it starts where npm has installed it into the folder SIAM_TEST_PGLITE, or it lies in PATH. Several stores cannot stand
// side by side in it: servers in one process, such as PGlite, have one schema for all connections.
func StartPostgres() (address string, stop func(), err error) {
	if address := os.Getenv("SIAM_TEST_POSTGRES"); address != "" {
		return address, func() {}, nil
	}
	program, err := exec.LookPath("pglite-server")
	if folder := os.Getenv("SIAM_TEST_PGLITE"); folder != "" {
		program, err = exec.LookPath(filepath.Join(folder, "node_modules", ".bin", "pglite-server"))
	}
	if err != nil {
		return "", nil, errors.New("no server to try stores on: SIAM_TEST_POSTGRES names no database with pgvector, SIAM_TEST_PGLITE no folder where npm installed @electric-sql/pglite-socket and @electric-sql/pglite-pgvector")
	}
	port := strconv.Itoa(freePorts(1))
	cmd := exec.Command(program, "-p", port, "-m", "20", "-e", "@electric-sql/pglite-pgvector:vector")
	cmd.Dir = os.Getenv("SIAM_TEST_PGLITE")
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	if err := Within(2*time.Minute, func() bool { return dials(port) }); err != nil {
		stop()
		return "", nil, fmt.Errorf("PGlite does not answer: %w", err)
	}
	return fmt.Sprintf("postgres://postgres:postgres@%s/postgres?sslmode=disable", net.JoinHostPort("127.0.0.1", port)), stop, nil
}
