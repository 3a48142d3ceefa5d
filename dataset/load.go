package dataset

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/siam-go/siam/imgproc"
)

// load decodes the files named by the items' Source, paths inside f, on all cores, and makes each Source what messages
// call it. The error is that of the first item that has one, so that it does not depend on the number of cores.
func load(ctx context.Context, f Folder, items []Item) error {
	errs := make([]error, len(items))
	var next, failed atomic.Int64
	failed.Store(int64(len(items)))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < failed.Load() && ctx.Err() == nil; i = next.Add(1) - 1 {
				if errs[i] = loadItem(f, &items[i]); errs[i] != nil {
					lower(&failed, i)
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if first := failed.Load(); first < int64(len(items)) {
		return errs[first]
	}
	return nil
}

// lower makes v at most i.
func lower(v *atomic.Int64, i int64) {
	for old := v.Load(); i < old && !v.CompareAndSwap(old, i); old = v.Load() {
	}
}

func loadItem(f Folder, it *Item) error {
	file, err := f.FS.Open(it.Source)
	if err != nil {
		return f.failed(it.Source, err)
	}
	defer file.Close()
	if it.Image, err = imgproc.Decode(file); err != nil {
		return f.failed(it.Source, err)
	}
	it.Source = f.name(it.Source)
	return nil
}
