package bench

import (
	"sync"
	"time"

	"github.com/siam-go/siam/internal/kernel"
)

// streamFloats is how many numbers a thread reads again and again: more than caches hold.
const streamFloats = 24 << 20

// Bandwidth measures how many thousand million bytes a second so many threads together read from memory at most: the limit of
// products that need few multiplications for what they read.
func Bandwidth(threads int) float64 {
	data := make([][]float32, threads)
	for i := range data {
		data[i] = make([]float32, streamFloats)
		for j := range data[i] {
			data[i][j] = 1 // so that the system provides the memory
		}
	}
	best := time.Hour
	for range 5 {
		start := time.Now()
		var all sync.WaitGroup
		for _, x := range data {
			all.Go(func() { kernel.Reduce(kernel.ReduceSum, x) })
		}
		all.Wait()
		best = min(best, time.Since(start))
	}
	return float64(4*threads*streamFloats) / best.Seconds() / 1e9
}
