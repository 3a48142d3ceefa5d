//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // whose size is read
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/siam-go/siam/client"
)

// photograph is how long a photograph takes to its verdict, and how large it is, in megapixels: the median of some, once warm.
func (b *run) photograph(ctx context.Context, p program) (took time.Duration, megapixels float64, err error) {
	data, err := os.ReadFile(b.photo)
	if err != nil {
		return 0, 0, err
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, fmt.Errorf("-photo %s: %w", b.photo, err)
	}
	h, err := p.house(ctx, "photographs", b.photoModel, 1000)
	if err != nil {
		return 0, 0, err
	}
	s, err := p.serve(ctx, h)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	var times []time.Duration
	for i := range 12 {
		begin := time.Now()
		if _, err := s.Identify(ctx, "main", client.Image{Name: filepath.Base(b.photo), Data: data}); err != nil {
			return 0, 0, err
		}
		if i >= 2 {
			times = append(times, time.Since(begin))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], float64(size.Width*size.Height) / 1e6, nil
}
