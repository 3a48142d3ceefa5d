package parallel

import (
	"runtime"
	"sync/atomic"
	"testing"
)

func TestRangesCoverEveryIndexOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, n := range []int{0, 1, 3, 4, 5, 1000} {
		seen := make([]int32, n)
		Ranges(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				atomic.AddInt32(&seen[i], 1)
			}
		})
		for i, times := range seen {
			if times != 1 {
				t.Errorf("Ranges(%d) visited %d %d times, want 1", n, i, times)
			}
		}
	}
}
