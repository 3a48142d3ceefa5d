package cpu

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/siam-go/siam/internal/parallel"
)

// task is a piece of a program: units of work that any threads may do in any order and division.
type task struct {
	name  string
	units int
	chunk int  // most units that a thread takes at a time; 0 leaves all to one thread
	wakes bool // whether helpers that are not awake are worth waking
	kept  int  // 1 + the number of the kept block that it writes, or 0
	spell int  // most units before other goroutines have a turn, or 0
	run   func(fr *frame, thread, lo, hi int)
}

// team is the threads of a frame: the caller's own and helpers. Helpers live from the first task that is divided until they
// have had nothing to do for a while, so that the next execution finds them awake. The caller waits for units that helpers
// have taken, not for helpers.
//
// Every round is one task. Each thread has a share of the units that lie side by side, the same share of every task, because
// what it wrote last is in its own cache; then it takes what is left of the others' shares.
type team struct {
	frame    *frame
	threads  int
	patience int // of the threads; see sleeper

	round   atomic.Uint64
	task    atomic.Pointer[task]
	shares  []share
	done    atomic.Int64 // units of the round that are finished
	caller  sleeper
	helpers []sleeper
}

// share is the part of a task's units that one thread begins with.
type share struct {
	next atomic.Uint64 // the round, and in the lower half the first unit nobody has taken, or closed
	_    [7]uint64     // of its own cache line
}

// closed stands for the first free unit while a round is not open: its task may change.
const closed = 1<<32 - 1

// sleeper is how a thread is woken.
type sleeper struct {
	patience int // how often it looks for news before it sleeps
	state    atomic.Int32
	token    chan struct{} // ends its sleep
}

// States of a sleeper.
const (
	gone int32 = iota // there is no such thread
	awake
	asleep
)

const (
	// spins is the patience of threads that have a core each: some tens of microseconds.
	spins = 20000
	// idle is how long a helper sleeps before it ends.
	idle = 50 * time.Millisecond
)

// patience is how often each of some threads looks for news before it sleeps: not at all where there are fewer cores, or a
// quota of less, for then it would keep another thread from working.
func patience(threads int) int {
	if threads > 1 && float64(threads) <= parallel.Cores() {
		return spins
	}
	return 0
}

// look reports whether news became true while the thread looked for it.
func (s *sleeper) look(news func() bool) bool {
	for range s.patience {
		if news() {
			return true
		}
	}
	return false
}

// wake ends a sleep, if there is one.
func (s *sleeper) wake() {
	if s.state.CompareAndSwap(asleep, awake) {
		s.token <- struct{}{}
	}
}

// await returns once news is true, which others make so and then call wake.
func (s *sleeper) await(news func() bool) {
	if s.look(news) {
		return
	}
	s.state.Store(asleep)
	if !news() || !s.state.CompareAndSwap(asleep, awake) {
		<-s.token
	}
}

// awaitFor is await, but gives up after a while: then it returns false, and the thread is to end.
func (s *sleeper) awaitFor(most time.Duration, news func() bool) bool {
	if s.look(news) {
		return true
	}
	s.state.Store(asleep)
	if news() && s.state.CompareAndSwap(asleep, awake) {
		return true
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-s.token:
		return true
	case <-timer.C:
	}
	if s.state.CompareAndSwap(asleep, gone) {
		return false
	}
	<-s.token // somebody wakes it at this moment
	return true
}

// gather makes all helpers look for work.
func (t *team) gather() {
	for i := range t.helpers {
		if h := &t.helpers[i]; h.state.CompareAndSwap(gone, awake) {
			go t.help(i)
		} else {
			h.wake()
		}
	}
}

// prepare makes room for the threads, once.
func (t *team) prepare() {
	t.caller = sleeper{patience: t.patience, token: make(chan struct{}, 1)}
	t.shares = make([]share, t.threads)
	t.helpers = make([]sleeper, t.threads-1)
	for i := range t.helpers {
		t.helpers[i].patience, t.helpers[i].token = t.patience, make(chan struct{}, 1)
	}
}

// run does one task.
func (t *team) run(k *task) {
	if t.threads == 1 || k.chunk == 0 || k.units <= k.chunk {
		if k.units > 0 {
			t.do(k, 0, 0, k.units)
		}
		return
	}
	if t.shares == nil {
		t.prepare()
	}
	round := t.round.Load() + 1
	for i := range t.shares {
		t.shares[i].next.Store(round<<32 | closed)
	}
	t.done.Store(0)
	t.task.Store(k)
	for i := range t.shares {
		t.shares[i].next.Store(round<<32 | uint64(t.first(k, i)))
	}
	t.round.Store(round)
	if k.wakes {
		t.gather()
	}
	t.work(0)
	t.caller.await(func() bool { return t.done.Load() == int64(k.units) })
}

// first is the first unit of a thread's share of a task.
func (t *team) first(k *task, thread int) int { return k.units * thread / t.threads }

// help works on every round's task until there has been none for a while.
func (t *team) help(i int) {
	for {
		round := t.round.Load()
		t.work(i + 1)
		if !t.helpers[i].awaitFor(idle, func() bool { return t.round.Load() != round }) {
			return
		}
	}
}

// work takes units until none are left, of the thread's own share first.
func (t *team) work(thread int) {
	for i := range t.threads {
		t.take(thread, (thread+i)%t.threads)
	}
}

// take takes chunks of the units of a share until none are left. The last are ever smaller, so that no thread still has much
// to do when the others have finished.
//
// A chunk is taken by exchanging next. That it did not change since it was read means that units of that round were
// left all the while, so that the task read in between is the round's.
func (t *team) take(thread, owner int) {
	next := &t.shares[owner].next
	for {
		now := next.Load()
		k := t.task.Load()
		lo := int(now & closed)
		if lo == closed || k == nil {
			return
		}
		end := t.first(k, owner+1)
		if lo >= end {
			return
		}
		hi := lo + min(k.chunk, (end-lo+1)/2)
		if !next.CompareAndSwap(now, now+uint64(hi-lo)) {
			continue
		}
		t.do(k, thread, lo, hi)
		if t.done.Add(int64(hi-lo)) == int64(k.units) && thread != 0 {
			t.caller.wake()
		}
	}
}

// do does some units. Kernels cannot be interrupted, so that long work pauses by itself: on all cores it would keep timers and
// contexts of the program from being heard.
func (t *team) do(k *task, thread, lo, hi int) {
	defer t.frame.recoverTo(k.name)
	for k.spell > 0 && lo < hi {
		end := min(lo+k.spell, hi)
		k.run(t.frame, thread, lo, end)
		lo = end
		runtime.Gosched()
	}
	if lo < hi {
		k.run(t.frame, thread, lo, hi)
	}
}
