// Package parallel splits a loop over the processor's cores.
package parallel

import (
	"runtime"
	"sync"
)

// Ranges cuts [0, n) into consecutive ranges, one per core, and calls work(lo, hi) for each of them at the same time.
// It returns when all are done. Work that writes only to places of its own indices gives the same result on any number
// of cores.
func Ranges(n int, work func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		if n > 0 {
			work(0, n)
		}
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { work(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
