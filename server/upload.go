package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/siam-go/siam/imgproc"
)

// upload is an image of a request.
type upload struct {
	name  string
	data  []byte
	photo imgproc.Photo
}

// decodeAll decodes the images of a request. They are held, see [Server.hold], until release is called: a few bytes of a file may be
// millions of pixels.
func (s *Server) decodeAll(ctx context.Context, files []huma.FormFile, enough imgproc.Enough) (uploads []upload, release func(), err error) {
	pixels := 0
	uploads = make([]upload, len(files))
	for i, file := range files {
		u := &uploads[i]
		u.name = nameOf(file, i)
		if u.data, err = io.ReadAll(file); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", u.name, err)
		}
		n, err := s.pixels(u.data, enough)
		if err != nil {
			return nil, nil, refuse(http.StatusUnprocessableEntity, "%s: %s", u.name, err)
		}
		pixels += n
	}
	if release, err = s.hold(ctx, pixels); err != nil {
		return nil, nil, err
	}
	for i := range uploads {
		u := &uploads[i]
		if u.photo, err = s.decode(ctx, u.data, enough); err != nil {
			release()
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			return nil, nil, refuse(http.StatusUnprocessableEntity, "%s: %s", u.name, err)
		}
	}
	return uploads, release, nil
}

// heldImages is how many of the largest images requests may hold decoded, together.
const heldImages = 4

// hold waits until so many pixels may be held. A request that wants no more than its share of them, of as many requests as are at work at
// most, waits for nobody.
func (s *Server) hold(ctx context.Context, pixels int) (release func(), err error) {
	most := heldImages * s.MaxPixels
	switch {
	case pixels > most:
		return nil, refuse(http.StatusRequestEntityTooLarge, "the images have %d pixels together, more than the %d that are held at once: send fewer or smaller ones", pixels, most)
	case pixels <= most/s.Queue:
		return func() {}, nil
	}
	if err := s.held.Acquire(ctx, int64(pixels)); err != nil {
		return nil, err
	}
	return func() { s.held.Release(int64(pixels)) }, nil
}

// pixels is how many pixels an image has as it is held, if these are not too many.
func (s *Server) pixels(data []byte, enough imgproc.Enough) (int, error) {
	if len(data) == 0 {
		return 0, errors.New("the file is empty")
	}
	n := imgproc.Pixels(data, enough)
	if n > s.MaxPixels {
		return 0, fmt.Errorf("%d pixels are more than the %d that are decoded here: send it smaller", n, s.MaxPixels)
	}
	return n, nil
}

// decode decodes an image, one per processor core at a time.
func (s *Server) decode(ctx context.Context, data []byte, enough imgproc.Enough) (imgproc.Photo, error) {
	select {
	case s.decoding <- struct{}{}:
		defer func() { <-s.decoding }()
		return imgproc.DecodeBytes(data, enough)
	case <-ctx.Done():
		return imgproc.Photo{}, ctx.Err()
	}
}

// nameOf is what people call a file of a request.
func nameOf(file huma.FormFile, i int) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, file.Filename)
	if name = strings.ToValidUTF8(name, ""); name == "" || len(name) > 255 {
		return fmt.Sprintf("image %d", i+1)
	}
	return name
}
