package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Every unit of every task is done once, however many threads there are and whether helpers are awake, asleep or gone.
func TestTeamsDoEveryUnitOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 7} {
		fr := &frame{}
		fr.team.threads, fr.team.frame, fr.team.patience = threads, fr, []int{spins, 0}[threads%2]
		for round := range 400 {
			units := round%37 + 1
			counts := make([]atomic.Int32, units)
			k := &task{units: units, chunk: round%5 + 1, wakes: round%3 > 0, spell: round % 4, run: func(_ *frame, thread, lo, hi int) {
				if thread < 0 || thread >= threads {
					t.Errorf("a task ran on thread %d of %d", thread, threads)
				}
				for u := lo; u < hi; u++ {
					counts[u].Add(1)
				}
			}}
			fr.team.run(k)
			for u := range counts {
				if n := counts[u].Load(); n != 1 {
					t.Fatalf("%d threads, round %d: unit %d of %d was done %d times, want once", threads, round, u, units, n)
				}
			}
			switch {
			case round%200 == 100:
				time.Sleep(2 * idle) // helpers end
			case round%50 == 25:
				time.Sleep(time.Millisecond) // they sleep
			}
		}
		if fr.err != nil {
			t.Fatal(fr.err)
		}
	}
}

func TestLongTasksLetOthersHaveATurn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	fr := &frame{}
	fr.team.threads, fr.team.frame = 1, fr
	var turns atomic.Int64
	var stop atomic.Bool
	other := make(chan struct{})
	go func() {
		for ; !stop.Load(); runtime.Gosched() {
			turns.Add(1)
		}
		close(other)
	}()
	var seen []int64
	grows := false
	for range 1000 { // on a busy machine a turn may end before it is counted
		seen = seen[:0]
		fr.team.run(&task{units: 10, chunk: 10, spell: 4, run: func(_ *frame, _, lo, hi int) { seen = append(seen, turns.Load()) }})
		if grows = len(seen) == 3 && seen[0] < seen[1] && seen[1] < seen[2]; grows {
			break
		}
	}
	stop.Store(true)
	<-other
	if !grows {
		t.Errorf("another goroutine had %v turns before the spells of a task, want three growing numbers", seen)
	}
}

func TestHelpersEndWhenThereIsNothingToDo(t *testing.T) {
	before := runtime.NumGoroutine()
	fr := &frame{}
	fr.team.threads, fr.team.frame = 4, fr
	var atWork sync.WaitGroup
	atWork.Add(4)
	fr.team.run(&task{units: 4, chunk: 1, wakes: true, run: func(*frame, int, int, int) {
		atWork.Done()
		atWork.Wait() // for the three helpers
	}})
	for range 1000 { // a busy machine takes its time
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(idle)
	}
	t.Errorf("%d goroutines long after the last task, want %d", runtime.NumGoroutine(), before)
}

func TestThreadsWithoutACoreEachDoNotSpin(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for threads, most := range map[int]int{1: 0, 2: spins, 3: 0, 64: 0} {
		if got := patience(threads); got > most {
			t.Errorf("%d threads look for news %d times before they sleep where there are 2 cores, want %d", threads, got, most)
		}
	}
}
