package batch

import (
	"context"
	"sync/atomic"
)

// UntilAllGo makes a context for work that is done for several callers at once: it ends when the contexts of all of them have ended, and
// no later than stop is called.
func UntilAllGo[T any](all []T, of func(T) context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var gone atomic.Int64
	stops := []func() bool{}
	for _, one := range all {
		stops = append(stops, context.AfterFunc(of(one), func() {
			if gone.Add(1) == int64(len(all)) {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
