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
	run   func(fr *frame, thread, lo, hi int)
}

// team is the threads of one execution: the caller's own and helpers that live as long as the execution.
type team struct {
	frame   *frame
	threads int

	task    *task
	next    atomic.Int64  // first unit nobody has taken
	working atomic.Int32  // helpers that have not finished the task
	round   atomic.Uint32 // counts tasks; helpers wait for it to change
	over    atomic.Bool
	caller  sleeper
	helpers []sleeper
	exited  sync.WaitGroup
}

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
	if t.threads == 1 {
		return
	}
	if t.helpers == nil {
		t.caller.token = make(chan struct{}, 1)
		t.helpers = make([]sleeper, t.threads-1)
		for i := range t.helpers {
			t.helpers[i].token = make(chan struct{}, 1)
		}
	}
	t.over.Store(false)
	round := t.round.Load()
	t.exited.Add(len(t.helpers))
	for i := range t.helpers {
		go t.help(i, round)
	}
}

// stop ends the helpers and waits for them.
func (t *team) stop() {
	if t.threads == 1 {
		return
	}
	t.over.Store(true)
	t.announce()
	t.exited.Wait()
}

// run does one task.
func (t *team) run(k *task) {
	if t.threads == 1 || k.chunk == 0 || k.units <= k.chunk {
		if k.units > 0 {
			t.do(k, 0, 0, k.units)
		}
		return
	}
	t.task = k
	t.next.Store(0)
	t.working.Store(int32(t.threads - 1))
	t.announce()
	t.share(k, 0)
	t.caller.await(func() bool { return t.working.Load() == 0 })
}

// announce starts a new round and wakes the helpers that sleep.
func (t *team) announce() {
	t.round.Add(1)
	for i := range t.helpers {
		t.helpers[i].wake()
	}
}

// help works on every round's task until the team stops.
func (t *team) help(i int, round uint32) {
	defer t.exited.Done()
	for {
		t.helpers[i].await(func() bool { return t.round.Load() != round })
		round = t.round.Load()
		if t.over.Load() {
			return
		}
		t.share(t.task, i+1)
		if t.working.Add(-1) == 0 {
			t.caller.wake()
		}
	}
}

// share takes chunks of units until none are left.
func (t *team) share(k *task, thread int) {
	chunk := int64(k.chunk)
	for {
		hi := int(t.next.Add(chunk))
		lo := hi - k.chunk
		if lo >= k.units {
			return
		}
		t.do(k, thread, lo, min(hi, k.units))
	}
}

func (t *team) do(k *task, thread, lo, hi int) {
	defer t.frame.recoverTo(k.name)
	k.run(t.frame, thread, lo, hi)
}
