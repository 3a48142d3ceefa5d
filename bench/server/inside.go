//go:build linux

package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"math/rand/v2"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/search"
)

// inProcess is how many images a second are embedded in batches of 32, alone, and with a search of each batch among the gallery's
// embeddings after it, which is what a server can at most do.
func (b *run) inProcess(ctx context.Context) (alone, searched float64, err error) {
	model, err := siam.Open(b.model)
	if err != nil {
		return 0, 0, err
	}
	defer model.Close()
	random := rand.New(rand.NewPCG(3, 4))
	images := make([]image.Image, 32)
	for i := range images {
		if images[i], err = png.Decode(bytes.NewReader(face(random))); err != nil {
			return 0, 0, err
		}
	}
	dim := model.Spec().Dim
	vectors := make([]float32, 0, b.entries*dim)
	for range b.entries {
		vectors = append(vectors, direction(random, dim)...)
	}
	exact, err := search.NewCompact(model.NamedDistance(), dim, vectors)
	if err != nil {
		return 0, 0, err
	}
	for _, look := range []struct {
		rate   *float64
		search bool
	}{{&alone, false}, {&searched, true}} {
		n, begin := -len(images), time.Now()
		for time.Since(begin) < 5*time.Second {
			embeddings, err := model.Embed(ctx, images...)
			if err == nil && look.search {
				_, err = exact.Nearest(ctx, 20, embeddings...)
			}
			if err != nil {
				return 0, 0, err
			}
			if n += len(images); n == 0 { // the first is not counted
				begin = time.Now()
			}
		}
		*look.rate = float64(n) / time.Since(begin).Seconds()
	}
	return alone, searched, nil
}
