package bench

import (
	"sync"
	"time"

	"github.com/siam-go/siam/internal/kernel"
)

// Limit measures, for about the given time, how many thousand million float32 operations a second so many threads together do
// when they do nothing but multiply and add: the limit of every product.
func Limit(threads int, within time.Duration) float64 {
	speeds := make([]float64, threads)
	var all sync.WaitGroup
	for i := range speeds {
		all.Go(func() { speeds[i] = kernel.PeakGFLOPS(within) })
	}
	all.Wait()
	var sum float64
	for _, s := range speeds {
		sum += s
	}
	return sum
}
