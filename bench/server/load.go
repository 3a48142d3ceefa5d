//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is what became of requests.
type load struct {
	mu     sync.Mutex
	times  []time.Duration
	failed map[string]int
	took   time.Duration
	peaks  [10]int // the most memory of the server in each tenth of waiting clients' requests, kilobytes
}

func (l *load) add(took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if l.failed == nil {
			l.failed = map[string]int{}
		}
		l.failed[err.Error()]++
		return
	}
	l.times = append(l.times, took)
}

// at is the time within which a share of the requests was answered.
func (l *load) at(share float64) time.Duration {
	if len(l.times) == 0 {
		return 0
	}
	slices.Sort(l.times)
	return l.times[int(share*float64(len(l.times)-1))]
}

func (l *load) rate() float64 { return float64(len(l.times)) / l.took.Seconds() }

func (l *load) failures() string {
	text := ""
	for why, n := range l.failed {
		text += fmt.Sprintf(", %d failed: %s", n, why)
	}
	return text
}

// arrivals asks at a fixed rate.
func (s *serving) arrivals(rate int, lasting time.Duration) *load {
	l, begin := &load{}, time.Now()
	var all sync.WaitGroup
	for i := range int(lasting.Seconds() * float64(rate)) {
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		all.Go(func() {
			err := s.lines.ask(s.requests[i%len(s.requests)])
			l.add(time.Since(due), err)
		})
	}
	all.Wait()
	l.took = time.Since(begin)
	return l
}

// waiting lets clients ask, each as soon as it has its answer.
func (s *serving) waiting(clients, requests int) *load {
	l, begin := &load{}, time.Now()
	var all sync.WaitGroup
	var next atomic.Int64
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(requests); i = next.Add(1) {
				asked := time.Now()
				err := s.lines.ask(s.requests[int(i)%len(s.requests)])
				l.add(time.Since(asked), err)
				if i%50 == 0 {
					l.weigh(int(i-1)*len(l.peaks)/requests, s.memory())
				}
			}
		})
	}
	all.Wait()
	l.took = time.Since(begin)
	return l
}

func (l *load) weigh(tenth, memory int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peaks[tenth] = max(l.peaks[tenth], memory)
}

// start is how long a server takes from its start to its first verdict.
func (b *run) start(ctx context.Context, p program) (time.Duration, error) {
	h, err := p.house(ctx, "small", b.model, 10_000)
	if err != nil {
		return 0, err
	}
	best := time.Hour
	for range 3 {
		begin := time.Now()
		s, err := p.serve(ctx, h)
		if err != nil {
			return 0, err
		}
		_, err = s.Identify(ctx, "main", s.probes[0])
		best = min(best, time.Since(begin))
		s.stop()
		if err != nil {
			return 0, err
		}
	}
	return best, nil
}
