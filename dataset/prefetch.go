package dataset

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
)

// PrefetchOptions says which batches [Prefetch] makes, and with how many hands.
type PrefetchOptions struct {
	Start   int // the first step
	End     int // the step before which to stop; 0 means without end
	Workers int // how many batches are made at once; 0 means one per core
}

func (o PrefetchOptions) ended(step int) bool { return o.End > 0 && step >= o.End }

// Prefetch makes batches of any shape ahead of the loop that uses them, on several cores, and yields them in the order of their
// steps. fill makes the batch of one step in b, which is the zero value of B at first and an earlier batch later, so that its
// slices can be used again. It is called from several goroutines, each with a batch of its own; where what it makes depends on
// the step alone, it does not matter how many there are. It may leave b unfinished when ctx ends.
//
// A batch is valid until the loop asks for the next one. An error of fill, or a panic in it, comes at its step and is the last
// that is yielded; so is the context's error when that ends. At most two finished batches per worker wait. The workers end
// before the loop does, however it ends.
func Prefetch[B any](ctx context.Context, o PrefetchOptions, fill func(ctx context.Context, b *B, step int) error) iter.Seq2[*B, error] {
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return func(yield func(*B, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var workers sync.WaitGroup
		defer workers.Wait()
		defer cancel()
		lines := make([]line[B], o.Workers)
		for i := range lines {
			lines[i] = newLine[B]()
			workers.Go(func() { lines[i].work(ctx, o, o.Start+i, fill) })
		}
		for step := o.Start; !o.ended(step); step++ {
			from := lines[(step-o.Start)%len(lines)]
			made, err := from.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(made, nil) {
				return
			}
			from.empty <- made
		}
	}
}

// perWorker is how many finished batches each worker keeps ready.
const perWorker = 2

// line is one worker's two queues: batches to fill and batches filled. As many batches go round as either can hold.
type line[B any] struct {
	empty chan *B
	ready chan attempt[B]
}

type attempt[B any] struct {
	batch *B
	err   error
}

func newLine[B any]() line[B] {
	l := line[B]{make(chan *B, perWorker), make(chan attempt[B], perWorker)}
	for range perWorker {
		l.empty <- new(B)
	}
	return l
}

// work makes batches step, step + Workers, step + 2 Workers and so on.
func (l line[B]) work(ctx context.Context, o PrefetchOptions, step int, fill func(context.Context, *B, int) error) {
	for ; !o.ended(step); step += o.Workers {
		select {
		case <-ctx.Done():
			return
		case b := <-l.empty:
			l.ready <- attempt[B]{b, guarded(ctx, b, step, fill)}
		}
	}
}

// guarded makes an error of a panic.
func guarded[B any](ctx context.Context, b *B, step int, fill func(context.Context, *B, int) error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("make batch %d: panic: %w", step, r)
		default:
			err = fmt.Errorf("make batch %d: panic: %v", step, r)
		}
	}()
	return fill(ctx, b, step)
}

// next waits for the line's next batch. A batch that is ready when the context ends may be unfinished, so the context goes first.
func (l line[B]) next(ctx context.Context) (*B, error) {
	var f attempt[B]
	select {
	case <-ctx.Done():
	case f = <-l.ready:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.batch, f.err
}
