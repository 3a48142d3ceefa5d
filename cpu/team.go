package cpu

import (
	"sync"
	"sync/atomic"
)

// task is a piece of a program: units of work that any threads may do in any order and division.
type task struct {
	name  string
	units int
	chunk int // units a thread takes at a time; 0 leaves all to one thread
	kept  int // 1 + the number of the kept block that it writes, or 0
	run   func(fr *frame, thread, lo, hi int)
}

// team is the threads of one execution: the caller's own and helpers that live as long as the execution, from the
// first task that is divided on. The caller waits for units that helpers have taken, not for helpers.
type team struct {
	frame   *frame
	threads int
	started bool

	task    atomic.Pointer[task]
	next    atomic.Uint64 // the round, and in the lower half the first unit nobody has taken, or closed
	done    atomic.Int64  // units of the round that are finished
	over    atomic.Bool
	caller  sleeper
	helpers []sleeper
	exited  sync.WaitGroup
}

// closed stands for the first free unit while a round is not open: its task may change.
const closed = 1<<32 - 1

// sleeper is how a thread is woken.
type sleeper struct {
	asleep atomic.Bool
	token  chan struct{} // ends its sleep
}

// spins is how often a thread looks for news before it sleeps: some tens of microseconds.
const spins = 20000

// await returns once news is true, which others make so and then call wake.
func (s *sleeper) await(news func() bool) {
	for range spins {
		if news() {
			return
		}
	}
	s.asleep.Store(true)
	if !news() || !s.asleep.CompareAndSwap(true, false) {
		<-s.token
	}
}

// wake ends a sleep, if there is one.
func (s *sleeper) wake() {
	if s.asleep.CompareAndSwap(true, false) {
		s.token <- struct{}{}
	}
}

// start brings up the helpers.
func (t *team) start() {
	if t.helpers == nil {
		t.caller.token = make(chan struct{}, 1)
		t.helpers = make([]sleeper, t.threads-1)
		for i := range t.helpers {
			t.helpers[i].token = make(chan struct{}, 1)
		}
	}
	t.started = true
	t.over.Store(false)
	t.exited.Add(len(t.helpers))
	for i := range t.helpers {
		go t.help(i)
	}
}

// stop ends the helpers and waits for them.
func (t *team) stop() {
	if !t.started {
		return
	}
	t.started = false
	t.over.Store(true)
	t.wakeHelpers()
	t.exited.Wait()
}

func (t *team) wakeHelpers() {
	for i := range t.helpers {
		t.helpers[i].wake()
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
	if !t.started {
		t.start()
	}
	round := t.next.Load()>>32 + 1
	t.next.Store(round<<32 | closed)
	t.done.Store(0)
	t.task.Store(k)
	t.next.Store(round << 32)
	t.wakeHelpers()
	t.share(0)
	t.caller.await(func() bool { return t.done.Load() == int64(k.units) })
}

// help works on every round's task until the team stops.
func (t *team) help(i int) {
	defer t.exited.Done()
	for !t.over.Load() {
		exhausted := t.share(i + 1)
		t.helpers[i].await(func() bool { return t.next.Load() != exhausted || t.over.Load() })
	}
}

// share takes chunks of units until none are left, and returns the state of next that says so.
//
// A chunk is taken by exchanging next. That it did not change since it was read means that units of that round were
// left all the while, so that the task read in between is the round's.
func (t *team) share(thread int) uint64 {
	for {
		now := t.next.Load()
		k := t.task.Load()
		lo := int(now & closed)
		if lo == closed || k == nil || lo >= k.units {
			return now
		}
		hi := min(lo+k.chunk, k.units)
		if !t.next.CompareAndSwap(now, now+uint64(hi-lo)) {
			continue
		}
		t.do(k, thread, lo, hi)
		if t.done.Add(int64(hi-lo)) == int64(k.units) && thread != 0 {
			t.caller.wake()
		}
	}
}

func (t *team) do(k *task, thread, lo, hi int) {
	defer t.frame.recoverTo(k.name)
	k.run(t.frame, thread, lo, hi)
}
