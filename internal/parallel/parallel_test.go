package parallel

import (
	"errors"
	"io"
	"runtime"
	"strings"
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

func TestPanicOfWorkIsRaisedInTheCaller(t *testing.T) {
	for _, cores := range []int{1, 4} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		for _, value := range []any{"text", io.EOF} {
			raised := panicOf(func() {
				Ranges(8, func(lo, hi int) {
					if lo <= 5 && 5 < hi {
						panic(value)
					}
				})
			})
			if p, ok := raised.(*Panic); ok {
				if !strings.Contains(p.Error(), "TestPanicOfWorkIsRaisedInTheCaller") {
					t.Errorf("panic of work on %d cores does not say where it came from: %v", cores, p)
				}
				if err, isError := value.(error); isError && !errors.Is(p, err) {
					t.Errorf("panic %v of work on %d cores is raised as %v", value, cores, p)
				}
				raised = p.Value
			}
			if raised != value {
				t.Errorf("panic %v of work on %d cores is raised as %v", value, cores, raised)
			}
		}
	}
}

// panicOf is what do panics with, nil if it does not.
func panicOf(do func()) (value any) {
	defer func() { value = recover() }()
	do()
	return nil
}
