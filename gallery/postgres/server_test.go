package postgres_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
)

// started is the server that the tests share, or why there is none.
var started struct {
	once    sync.Once
	address string
	stop    func()
	err     error
}

func TestMain(m *testing.M) {
	gallerytest.Process(func(ctx context.Context, address string) (gallery.Store, error) {
		return postgres.Open(ctx, address, postgres.Options{})
	})
	code := m.Run()
	if started.stop != nil {
		started.stop()
	}
	os.Exit(code)
}

// server is the address of a database for tests.
func server(t *testing.T) string {
	t.Helper()
	started.once.Do(func() { started.address, started.stop, started.err = gallerytest.StartPostgres() })
	if started.err != nil {
		t.Skip(started.err)
	}
	return started.address
}
