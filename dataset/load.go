package dataset

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/imgproc"
)

// ReadImages decodes images, named by their paths inside f, on all cores. The error is that of the first file that has one.
func (f Folder) ReadImages(ctx context.Context, files []string) ([]imgproc.Image, error) {
	images := make([]imgproc.Image, len(files))
	err := each(ctx, len(files), func(i int) (err error) {
		images[i], err = f.readImage(files[i])
		return err
	})
	return images, err
}

// ReadFiles is [Folder.ReadImages] of files named by the paths that the system knows.
func ReadFiles(ctx context.Context, names []string) ([]imgproc.Image, error) {
	images := make([]imgproc.Image, len(names))
	err := each(ctx, len(names), func(i int) (err error) {
		images[i], err = imgproc.ReadFile(names[i])
		return err
	})
	return images, err
}

// load decodes the files named by the items' Source, paths inside f, and makes each Source what messages call it.
func load(ctx context.Context, f Folder, items []Item) error {
	return each(ctx, len(items), func(i int) (err error) {
		items[i].Image, err = f.readImage(items[i].Source)
		items[i].Source = f.name(items[i].Source)
		return err
	})
}

func (f Folder) readImage(name string) (imgproc.Image, error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return imgproc.Image{}, f.failed(name, err)
	}
	defer file.Close()
	m, err := imgproc.Decode(file)
	if err != nil {
		return m, f.failed(name, err)
	}
	return m, nil
}

// each calls work for every number below n, on all cores, until one fails. The error is that of the lowest number that has one, so
// that it does not depend on the number of cores.
func each(ctx context.Context, n int, work func(i int) error) error {
	errs := make([]error, n)
	var next, failed atomic.Int64
	failed.Store(int64(n))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < failed.Load() && ctx.Err() == nil; i = next.Add(1) - 1 {
				if errs[i] = unharmed(work, int(i)); errs[i] != nil {
					lower(&failed, i)
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if first := failed.Load(); first < int64(n) {
		return errs[first]
	}
	return nil
}

// unharmed makes an error of a panic, which would end the process.
func unharmed(work func(i int) error, i int) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("panic: %v", failure)
		}
	}()
	return work(i)
}

// lower makes v at most i.
func lower(v *atomic.Int64, i int64) {
	for old := v.Load(); i < old && !v.CompareAndSwap(old, i); old = v.Load() {
	}
}
