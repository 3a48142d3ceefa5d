package cpu

import (
	"runtime"
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
	helpers []helper
	exited  sync.WaitGroup
}

// helper is how the team wakes one of its helpers.
type helper struct {
	asleep atomic.Bool
	token  chan struct{} // ends its sleep
}

// spins is how often a thread looks for news before it sleeps or yields: some tens of microseconds.
const spins = 4000

// start brings up the helpers.
func (t *team) start() {
	if t.threads == 1 {
		return
	}
	if t.helpers == nil {
		t.helpers = make([]helper, t.threads-1)
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
	for i := 0; t.working.Load() > 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
}

// announce starts a new round and wakes the helpers that sleep.
func (t *team) announce() {
	t.round.Add(1)
	for i := range t.helpers {
		if h := &t.helpers[i]; h.asleep.CompareAndSwap(true, false) {
			h.token <- struct{}{}
		}
	}
}

// help works on every round's task until the team stops.
func (t *team) help(i int, round uint32) {
	defer t.exited.Done()
	for {
		round = t.await(&t.helpers[i], round)
		if t.over.Load() {
			return
		}
		t.share(t.task, i+1)
		t.working.Add(-1)
	}
}

// await returns the number of the next round once it has begun.
func (t *team) await(h *helper, round uint32) uint32 {
	for range spins {
		if now := t.round.Load(); now != round {
			return now
		}
	}
	h.asleep.Store(true)
	if t.round.Load() == round || !h.asleep.CompareAndSwap(true, false) {
		<-h.token
	}
	return t.round.Load()
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
