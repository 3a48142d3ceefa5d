package batch

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errClosed = errors.New("closed for the test")

// recorder squares numbers and notes the size of every batch, which takes a second, by the clock of synctest.
type recorder struct {
	mu      sync.Mutex
	running bool
	sizes   []int
}

func (r *recorder) square(items []int, read func()) ([]int, error) {
	r.enter(len(items))
	time.Sleep(10 * time.Millisecond)
	items = slices.Clone(items)
	read()
	time.Sleep(990 * time.Millisecond)
	r.leave()
	squares := make([]int, len(items))
	for i, v := range items {
		squares[i] = v * v
	}
	return squares, nil
}

func (r *recorder) enter(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		panic("two batches at once")
	}
	r.running, r.sizes = true, append(r.sizes, n)
}

func (r *recorder) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = false
}

func (r *recorder) checkSizes(t *testing.T, want ...int) {
	t.Helper()
	if !slices.Equal(r.sizes, want) {
		t.Errorf("batches have %v items, want %v", r.sizes, want)
	}
}

// ask wants the squares of items.
func ask(t *testing.T, q *Queue[int, int], items ...int) {
	t.Helper()
	got, err := q.Do(t.Context(), items)
	if err != nil {
		t.Errorf("Do(%v): %v", items, err)
	}
	if len(got) != len(items) {
		t.Errorf("Do(%v) = %v", items, got)
		return
	}
	for i, v := range items {
		if got[i] != v*v {
			t.Errorf("Do(%v)[%d] = %d, want %d", items, i, got[i], v*v)
		}
	}
}

func TestLoneCallerWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		start := time.Now()
		for range 5 {
			ask(t, q, 1, 2, 3)
		}
		ask(t, q, slices.Repeat([]int{4}, 20)...)
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("8 batches of a second took %v", took)
		}
		r.checkSizes(t, 3, 3, 3, 3, 3, 8, 8, 4)
	})
}

func TestCallsThatWaitAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		var wait sync.WaitGroup
		wait.Go(func() { ask(t, q, 100) })
		synctest.Wait()
		for i := range 20 {
			wait.Go(func() { ask(t, q, i) })
			synctest.Wait()
		}
		wait.Wait()
		r.checkSizes(t, 1, 8, 8, 4)
	})
}

func TestCallersThatComeAgainAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		var wait sync.WaitGroup
		for i := range 4 {
			wait.Go(func() {
				for k := range 3 {
					ask(t, q, 10*i+k)
					time.Sleep(time.Duration(i) * time.Millisecond) // less than a quarter of a batch
				}
			})
			synctest.Wait()
		}
		wait.Wait()
		// The first runs alone. It comes again while the others of the first second are still to run, and from then on all are together.
		r.checkSizes(t, 1, 4, 4, 3)
	})
}

func TestCallersOfAWaveAreJoinedAfterAPauseToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		for range 3 {
			var wait sync.WaitGroup
			for i := range 6 {
				wait.Go(func() {
					time.Sleep(time.Duration(30*i) * time.Millisecond) // all within a quarter of a batch
					ask(t, q, i)
				})
			}
			wait.Wait()
			time.Sleep(time.Minute)
		}
		// Nothing is known of the first wave. In the second the first waits for five, as many as came together; after the one alone, for four.
		r.checkSizes(t, 1, 5, 5, 1, 4, 2)
	})
}

func TestCompanyThatStaysAwayIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		var wait sync.WaitGroup
		for i := range 3 {
			wait.Go(func() { ask(t, q, i) })
			synctest.Wait()
		}
		wait.Wait() // batches of 1 and 2
		start := time.Now()
		ask(t, q, 7)
		if took := time.Since(start); took != time.Second+time.Second/4 {
			t.Errorf("the next call took %v, want a quarter of a batch and a batch", took)
		}
		start = time.Now()
		ask(t, q, 8)
		if took := time.Since(start); took != time.Second {
			t.Errorf("the call after it took %v, want a batch", took)
		}
	})
}

func TestDeadlineIsHeardInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(2, r.square, errClosed)
		var wait sync.WaitGroup
		for i := range 9 {
			wait.Go(func() { ask(t, q, i) })
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := q.Do(ctx, []int{1, 2, 3})
		if took := time.Since(start); took != 50*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do behind others returns %v after %v, want %v after 50ms", err, took, context.DeadlineExceeded)
		}
		wait.Wait()
		r.checkSizes(t, 1, 2, 2, 2, 2)
	})
}

func TestDeadlineOfWhatOthersComputeIsHeard(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{
		1500 * time.Millisecond: 1500 * time.Millisecond,
		1005 * time.Millisecond: 1010 * time.Millisecond, // its items are being read
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{}
			q := New(2, r.square, errClosed)
			var wait sync.WaitGroup
			wait.Go(func() { ask(t, q, 1) })
			synctest.Wait()
			// Its first item comes into a batch with another's, its other ones wait.
			wait.Go(func() { ask(t, q, 2) })
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			start := time.Now()
			_, err := q.Do(ctx, []int{3, 4, 5})
			if took := time.Since(start); took != want || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Do with a deadline after %v returns %v after %v, want %v after %v", after, err, took, context.DeadlineExceeded, want)
			}
			wait.Wait()
			ask(t, q, 6)
			r.checkSizes(t, 1, 2, 1)
		})
	}
}

func TestLeaderThatLeavesHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(4, r.square, errClosed)
		var wait sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		wait.Go(func() {
			if _, err := q.Do(ctx, []int{1, 2, 3, 4, 5, 6, 7, 8}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Do of the leader: %v, want %v", err, context.DeadlineExceeded)
			}
		})
		synctest.Wait()
		wait.Go(func() { ask(t, q, 9) })
		wait.Wait()
		r.checkSizes(t, 4, 1)
	})
}

func TestClosedQueueRefusesAndClosingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(2, r.square, errClosed)
		var wait sync.WaitGroup
		wait.Go(func() { ask(t, q, 1, 2) })
		synctest.Wait()
		for range 3 {
			wait.Go(func() {
				if _, err := q.Do(t.Context(), []int{3}); !errors.Is(err, errClosed) {
					t.Errorf("Do of one that waits: %v, want %v", err, errClosed)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		wait.Go(q.Close)
		q.Close()
		if took := time.Since(start); took != time.Second {
			t.Errorf("Close took %v, want the second of the batch that runs", took)
		}
		if _, err := q.Do(t.Context(), []int{3}); !errors.Is(err, errClosed) {
			t.Errorf("Do after Close: %v, want %v", err, errClosed)
		}
		wait.Wait()
		r.checkSizes(t, 2)
	})
}

func TestClosingWhileCompanyIsAwaitedDoesNotWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		q := New(8, r.square, errClosed)
		var wait sync.WaitGroup
		for i := range 3 {
			wait.Go(func() { ask(t, q, i) })
			synctest.Wait()
		}
		wait.Wait()
		wait.Go(func() {
			if _, err := q.Do(t.Context(), []int{3}); !errors.Is(err, errClosed) {
				t.Errorf("Do: %v, want %v", err, errClosed)
			}
		})
		synctest.Wait()
		start := time.Now()
		q.Close()
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v, want no time", took)
		}
		wait.Wait()
	})
}

func TestErrorsAndPanicsAreThoseOfTheirBatch(t *testing.T) {
	run := func(items []int, _ func()) ([]int, error) {
		switch items[0] {
		case 1:
			return nil, errors.New("one is bad")
		case 2:
			panic("two is worse")
		case 3:
			return items[:0], nil
		}
		return items, nil
	}
	q := New(4, run, errClosed)
	for item, want := range map[int]string{1: "one is bad", 2: "two is worse", 3: "0 results for 1 items"} {
		if _, err := q.Do(t.Context(), []int{item}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Do(%d) error = %v, want %q", item, err, want)
		}
	}
	if got, err := q.Do(t.Context(), []int{4}); err != nil || !slices.Equal(got, []int{4}) {
		t.Errorf("Do(4) after failures = %v, %v, want [4]", got, err)
	}
	if got, err := q.Do(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Do of nothing = %v, %v, want nothing", got, err)
	}
}

// Many callers with calls of many sizes, some of which give up: every answer is right or the caller's own error, and no batch is
// too large.
func TestEveryCallerGetsItsOwn(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{}
			q := New(7, r.square, errClosed)
			var wait sync.WaitGroup
			for g := range uint64(12) {
				wait.Go(func() { randomCalls(t, q, rand.New(rand.NewPCG(seed, g))) })
			}
			wait.Wait()
			q.Close()
			for _, n := range r.sizes {
				if n < 1 || n > 7 {
					t.Errorf("a batch has %d items, want 1 to 7", n)
				}
			}
		})
	}
}

func randomCalls(t *testing.T, q *Queue[int, int], random *rand.Rand) {
	for range 10 {
		items := make([]int, random.IntN(16))
		for i := range items {
			items[i] = random.IntN(1000)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(20))*time.Second)
		got, err := q.Do(ctx, items)
		ended := ctx.Err()
		cancel()
		switch {
		case err != nil && !errors.Is(err, ended):
			t.Errorf("Do(%v): %v", items, err)
		case err == nil:
			for i, v := range items {
				if got[i] != v*v {
					t.Errorf("Do(%v)[%d] = %d, want %d", items, i, got[i], v*v)
				}
			}
		}
		time.Sleep(time.Duration(random.IntN(3)) * time.Second)
	}
}
