package gallery_test

import (
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	gallerytest.Run(t, func(*testing.T, string) gallery.Store { return gallery.Memory() })
}
