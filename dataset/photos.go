package dataset

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"github.com/siam-go/siam/imgproc"
	"golang.org/x/sync/semaphore"
)

// FileError says why one file of many cannot be used; the others can.
type FileError struct {
	File string // as the caller named it
	Err  error  // names the file too
}

// Error is the error of the file.
func (e *FileError) Error() string { return e.Err.Error() }

// Unwrap is the error of the file.
func (e *FileError) Unwrap() error { return e.Err }

// Photos decodes images, named by their paths inside f, and yields one pair for each, in order. Files are decoded on all cores while
// the loop uses earlier ones, and only so many ahead that memory does not depend on how many there are. Each is as fine as f.Enough
// wants. A file that cannot be read yields a [FileError] in its place, and the loop may go on; when ctx ends, its error is the last.
// The loop does not wait then for files that are being decoded.
func (f Folder) Photos(ctx context.Context, files []string) iter.Seq2[imgproc.Photo, error] {
	return photos(ctx, files, f.Enough, func(name string) ([]byte, error) {
		data, err := f.bytes(name)
		if err != nil {
			return nil, f.failed(name, err)
		}
		return data, nil
	}, f.failed)
}

// Photos is [Folder.Photos] of files named by the paths that the system knows.
func Photos(ctx context.Context, files []string, enough imgproc.Enough) iter.Seq2[imgproc.Photo, error] {
	return photos(ctx, files, enough, imgproc.ReadBytes, func(name string, err error) error { return fmt.Errorf("read image %s: %w", name, err) })
}

// photos decodes so many at once that no more than [imgproc.MaxPixels] are held while that lasts.
func photos(ctx context.Context, files []string, enough imgproc.Enough, read func(string) ([]byte, error), failed func(string, error) error) iter.Seq2[imgproc.Photo, error] {
	room := semaphore.NewWeighted(imgproc.MaxPixels)
	return inOrder(ctx, len(files), func(i int) (imgproc.Photo, error) {
		data, err := read(files[i])
		if err != nil {
			return imgproc.Photo{}, &FileError{files[i], err}
		}
		pixels := int64(imgproc.Pixels(data, enough))
		if err := room.Acquire(ctx, pixels); err != nil {
			return imgproc.Photo{}, err
		}
		defer room.Release(pixels)
		photo, err := imgproc.DecodeBytes(data, enough)
		if err != nil {
			return photo, &FileError{files[i], failed(files[i], err)}
		}
		return photo, nil
	})
}

// inOrder makes n values on all cores, a few ahead of the loop that uses them, and yields them in order. It yields the errors of
// produce and its panics in their places, and last the error of ctx.
func inOrder[T any](ctx context.Context, n int, produce func(i int) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for one := range begun(ctx, n, produce) {
			select {
			case got := <-one:
				if !yield(got.value, got.err) {
					return
				}
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
		}
		if err := ctx.Err(); err != nil {
			yield(*new(T), err)
		}
	}
}

// made is what became of one of many.
type made[T any] struct {
	value T
	err   error
}

// begun begins to make values as far ahead as memory allows, and hands out where each will arrive. It ends with ctx.
func begun[T any](ctx context.Context, n int, produce func(i int) (T, error)) <-chan chan made[T] {
	cores := runtime.GOMAXPROCS(0)
	waiting, working := make(chan chan made[T], cores), make(chan struct{}, cores)
	go func() {
		defer close(waiting)
		for i := range n {
			one := make(chan made[T], 1)
			select {
			case working <- struct{}{}:
			case <-ctx.Done():
				return
			}
			go func() {
				defer func() { <-working }()
				one <- unharmed(func() (T, error) { return produce(i) })
			}()
			select {
			case waiting <- one:
			case <-ctx.Done():
				return
			}
		}
	}()
	return waiting
}

// unharmed makes an error of a panic, which would end the process.
func unharmed[T any](work func() (T, error)) (m made[T]) {
	defer func() {
		if failure := recover(); failure != nil {
			m.err = fmt.Errorf("panic: %v", failure)
		}
	}()
	m.value, m.err = work()
	return m
}
