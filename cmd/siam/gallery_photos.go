package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
)

// photosAtOnce is how many photographs are decoded at a time.
const photosAtOnce = 16

// photographs reads image files, some at a time, and finds what is in them. A file that is no image comes as an error with its name,
// and does not end the loop.
func (s *seeing) photographs(ctx context.Context, files []string, read func(string) ([]byte, error), crops bool) iter.Seq2[gallery.Photograph, error] {
	return func(yield func(gallery.Photograph, error) bool) {
		for some := range slices.Chunk(files, photosAtOnce) {
			photos, images, failures := readPhotographs(some, read)
			lists, err := s.model.GalleryFaces(ctx, s.pipeline, crops, images)
			if err != nil {
				yield(gallery.Photograph{Name: some[0]}, err)
				return
			}
			for i, photo := range photos {
				if failures[i] == nil {
					photo.Faces, lists = lists[0], lists[1:]
				}
				if !yield(photo, failures[i]) {
					return
				}
			}
		}
	}
}

// readPhotographs reads and decodes files; those that fail have no image.
func readPhotographs(files []string, read func(string) ([]byte, error)) (photos []gallery.Photograph, images []imgproc.Image, failures []error) {
	photos, failures = make([]gallery.Photograph, len(files)), make([]error, len(files))
	for i, file := range files {
		photos[i].Name = file
		content, err := read(file)
		if err != nil {
			failures[i] = readFailure(file, err)
			continue
		}
		image, err := imgproc.Decode(bytes.NewReader(content))
		if err != nil {
			failures[i] = fmt.Errorf("read image %s: %w", file, err)
			continue
		}
		sum := sha256.Sum256(content)
		photos[i].Hash = hex.EncodeToString(sum[:])
		images = append(images, image)
	}
	return photos, images, failures
}

func readFailure(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read image %s: there is no such file", file)
	}
	return fmt.Errorf("read image %s: %w", file, err)
}

// mainFaces leaves each photograph with its main face, and says in words what is wrong where there are several or none.
func mainFaces(photo gallery.Photograph) (main gallery.Face, note string, err error) {
	switch n := len(photo.Faces); n {
	case 0:
		return main, "", fmt.Errorf("no face was found in %s: take a photograph that shows one", photo.Name)
	case 1:
	default:
		note = fmt.Sprintf("it shows %d faces; the largest was taken", n)
	}
	largest := slices.MaxFunc(photo.Faces, func(a, b gallery.Face) int {
		return compareAreas(a.Box, b.Box)
	})
	return largest, note, nil
}

func compareAreas(a, b *[4]float32) int {
	if a == nil || b == nil {
		return 0
	}
	return int(a[2]*a[3] - b[2]*b[3])
}

func readFile(name string) ([]byte, error) { return os.ReadFile(name) }
