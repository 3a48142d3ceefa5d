package weaviate_test

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/weaviate"
)

// started is the cluster that the tests share, or why there is none.
var started struct {
	once sync.Once
	*gallerytest.Weaviate
	err error
}

func TestMain(m *testing.M) {
	gallerytest.Process(func(ctx context.Context, address string) (gallery.Store, error) {
		return weaviate.Open(ctx, address, weaviate.Options{})
	})
	code := m.Run()
	if started.Weaviate != nil {
		started.Stop()
	}
	os.Exit(code)
}

// servers starts three nodes, once.
func servers(t *testing.T) *gallerytest.Weaviate {
	t.Helper()
	started.once.Do(func() { started.Weaviate, started.err = gallerytest.StartWeaviate() })
	if started.err != nil {
		t.Skip(started.err)
	}
	return started.Weaviate
}
