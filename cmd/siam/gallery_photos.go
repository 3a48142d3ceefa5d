package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
)

// photoSource is image files, and how they are opened and decoded.
type photoSource struct {
	files  []string
	open   func(string) (fs.File, error)
	photos func(context.Context, []string, imgproc.Enough) iter.Seq2[imgproc.Photo, error]
}

// filesSource is files named by the paths that the system knows.
func filesSource(files []string) photoSource {
	return photoSource{files, func(name string) (fs.File, error) { return os.Open(name) }, dataset.Photos}
}

// folderPhotos is files of a folder or an archive.
func folderPhotos(folder dataset.Folder, files []string) photoSource {
	return photoSource{files, folder.FS.Open, func(ctx context.Context, files []string, enough imgproc.Enough) iter.Seq2[imgproc.Photo, error] {
		folder.Enough = enough
		return folder.Photos(ctx, files)
	}}
}

// photosAtOnce is how many photographs go through the model together.
const photosAtOnce = 16

// photographs reads image files and finds what is in them, some at a time. A file that cannot be read comes as an error with its name,
// and does not end the loop.
func (s *seeing) photographs(ctx context.Context, from photoSource, crops bool) iter.Seq2[gallery.Photograph, error] {
	return func(yield func(gallery.Photograph, error) bool) {
		var some []gallery.Photograph
		var images []imgproc.Photo
		var names []string   // of the images
		var failures []error // of some, in their places
		flush := func() bool {
			lists, err := s.model.GalleryFaces(ctx, s.pipeline, crops, images)
			if err != nil {
				yield(gallery.Photograph{}, judge.NamedError(err, names))
				return false
			}
			for i, photo := range some {
				if failures[i] == nil {
					photo.Faces, lists = lists[0], lists[1:]
				}
				if !yield(photo, failures[i]) {
					return false
				}
			}
			some, images, names, failures = some[:0], images[:0], names[:0], failures[:0]
			return true
		}
		files := from.files
		for image, err := range from.photos(ctx, files, s.model.GalleryEnough(s.pipeline)) {
			if ctx.Err() != nil {
				yield(gallery.Photograph{}, ctx.Err())
				return
			}
			photo := gallery.Photograph{Name: files[0]}
			files = files[1:]
			if err == nil {
				if photo.Hash, err = from.hash(photo.Name); err != nil {
					err = &dataset.FileError{File: photo.Name, Err: err}
				}
			}
			if err == nil {
				images, names = append(images, image), append(names, photo.Name)
			}
			some, failures = append(some, photo), append(failures, err)
			if len(some) == photosAtOnce && !flush() {
				return
			}
		}
		if len(some) > 0 {
			flush()
		}
	}
}

// hash is the SHA-256 of a file.
func (from photoSource) hash(name string) (string, error) {
	file, err := from.open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
