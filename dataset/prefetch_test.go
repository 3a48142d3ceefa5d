package dataset

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// word is a batch of a shape of its own.
type word struct {
	step  int
	bytes []byte
}

// spell makes a word of a length of its own for each step, in the slice of an earlier one.
func spell(_ context.Context, w *word, step int) error {
	w.step, w.bytes = step, w.bytes[:0]
	for i := range step%5 + 1 {
		w.bytes = append(w.bytes, byte('a'+(step*i)%26))
	}
	return nil
}

func TestPrefetchYieldsEveryStepInOrder(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7, 40} {
		step := 3
		for got, err := range Prefetch(t.Context(), PrefetchOptions{Start: 3, End: 30, Workers: workers}, spell) {
			var want word
			spell(t.Context(), &want, step)
			if err != nil || got.step != step || !slices.Equal(got.bytes, want.bytes) {
				t.Fatalf("%d workers, step %d: %+v, %v, want %+v", workers, step, got, err, want)
			}
			step++
		}
		if step != 30 {
			t.Errorf("%d workers: %d steps, want 3 to 29", workers, step-3)
		}
	}
	for range Prefetch(t.Context(), PrefetchOptions{Start: 5, End: 5}, spell) {
		t.Error("a batch of no steps, want none")
	}
}

func TestPrefetchHoldsAFewBatchesOnly(t *testing.T) {
	const workers = 3
	var made atomic.Int64
	seen := map[*word]bool{}
	for w := range Prefetch(t.Context(), PrefetchOptions{End: 50, Workers: workers}, func(_ context.Context, w *word, step int) error {
		made.Add(1)
		w.step = step
		return nil
	}) {
		seen[w] = true
		if ahead := made.Load() - int64(w.step); ahead > perWorker*workers {
			t.Fatalf("%d batches made at step %d, want at most %d ahead", made.Load(), w.step, perWorker*workers)
		}
	}
	if len(seen) > perWorker*workers {
		t.Errorf("%d different batches, want at most %d that are used again", len(seen), perWorker*workers)
	}
}

func TestPrefetchEndsWithAnErrorInItsPlace(t *testing.T) {
	broken := errors.New("broken")
	failing := func(how func()) func(context.Context, *word, int) error {
		return func(_ context.Context, w *word, step int) error {
			if w.step = step; step == 11 {
				how()
				return broken
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		how  func()
		is   error
		text string
	}{
		"an error":           {func() {}, broken, "broken"},
		"a panic":            {func() { panic("no such row") }, nil, "make batch 11: panic: no such row"},
		"a panic of runtime": {func() { _ = make([]int, 3)[len(name3):] }, nil, "make batch 11: panic: runtime error: slice bounds out of range [5:3]"},
		"a panic with error": {func() { panic(broken) }, broken, "make batch 11: panic: broken"},
	} {
		steps, last := 0, error(nil)
		for _, err := range Prefetch(t.Context(), PrefetchOptions{Workers: 4}, failing(c.how)) {
			if last = err; err == nil {
				steps++
			}
		}
		if steps != 11 || last == nil || last.Error() != c.text || c.is != nil && !errors.Is(last, c.is) {
			t.Errorf("%s: %d steps, then %v, want 11, then %s", name, steps, last, c.text)
		}
	}
}

const name3 = "three"

// TestPrefetchLeavesNoWorkers ends loops in every way there is: at the end, by break, by a panic in the loop, by the context.
func TestPrefetchLeavesNoWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	ends := map[string]func(step int) bool{
		"all":     func(int) bool { return true },
		"break":   func(step int) bool { return step < 4 },
		"panic":   func(step int) bool { return step < 4 || panicked() },
		"context": func(step int) bool { return step < 4 || stop(cancel) },
	}
	for _, name := range []string{"all", "break", "panic", "context"} {
		var last error
		func() {
			defer func() { _ = recover() }()
			for w, err := range Prefetch(ctx, PrefetchOptions{End: 20, Workers: 5}, spell) {
				if last = err; err != nil || !ends[name](w.step) {
					break
				}
			}
		}()
		if wantError := name == "context"; errors.Is(last, context.Canceled) != wantError {
			t.Errorf("%s: last error %v", name, last)
		}
		if n := goroutines(before); n > before {
			t.Errorf("%s: %d goroutines, want the %d from before", name, n, before)
		}
	}
}

func panicked() bool { panic("in the loop") }

func stop(cancel func()) bool { cancel(); return true }

// goroutines counts them, once those that have done their work are gone.
func goroutines(want int) int {
	for range 60000 { // a minute, which a busy machine may need
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}
