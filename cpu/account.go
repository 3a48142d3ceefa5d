package cpu

import (
	"maps"
	"sync"
	"time"
)

// Account begins to add up what all executions of the backend spend their time on, and returns a function that gives the sums so far: on
// the clock, by the names of operations, which may be ones of the backend's own that stand for several. What an execution does beside its
// operations, such as finding memory for its results, is called "execution". A later call begins anew, for all.
func (b *Backend) Account() (sums func() map[string]time.Duration) {
	a := &account{sums: map[string]time.Duration{}}
	b.account.Store(a)
	return func() map[string]time.Duration {
		a.mu.Lock()
		defer a.mu.Unlock()
		return maps.Clone(a.sums)
	}
}

// account is what executions spent their time on.
type account struct {
	mu   sync.Mutex
	sums map[string]time.Duration
}

// clock is one execution's: it says what the time since it was last asked went into. Nil is for no account.
type clock struct {
	account *account
	last    time.Time
}

func (b *Backend) newClock() *clock {
	if a := b.account.Load(); a != nil {
		return &clock{a, time.Now()}
	}
	return nil
}

// spent adds the time to an operation's.
func (c *clock) spent(operation string) {
	if c == nil {
		return
	}
	now := time.Now()
	c.account.mu.Lock()
	defer c.account.mu.Unlock()
	c.account.sums[operation] += now.Sub(c.last)
	c.last = now
}

const executionName = "execution"
