// Package parallel splits a loop over the processor's cores, and goes on without work whose context has ended.
package parallel

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// Ranges cuts [0, n) into consecutive ranges, one per core, and calls work(lo, hi) for each of them at the same time.
// It returns when all are done. Work that writes only to places of its own indices gives the same result on any number
// of cores.
//
// A panic of work is raised again in the caller, who can recover from it, as a [*Panic] with the place it came from; of several
// the first.
func Ranges(n int, work func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		if n > 0 {
			work(0, n)
		}
		return
	}
	var wg sync.WaitGroup
	var once sync.Once
	var failure *Panic
	for w := range workers {
		wg.Go(func() {
			defer func() {
				if value := recover(); value != nil {
					once.Do(func() { failure = &Panic{Value: value, Stack: debug.Stack()} })
				}
			}()
			work(w*n/workers, (w+1)*n/workers)
		})
	}
	wg.Wait()
	if failure != nil {
		panic(failure)
	}
}

// Panic is what one goroutine panicked with, for another.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

// Error shows the value and the stack.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap is the value, if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
