// Package batch joins the calls of many goroutines into batches.
package batch

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Queue computes results of items in batches, one batch at a time and each of at most [Queue.Most] items.
//
// It has no goroutine of its own. A caller that finds nobody computing computes: batches of the items of all who wait, in the
// order they came, until its own are done; then the first who waits goes on. So a lone caller waits for nobody.
//
// Callers whose items were in one batch come again together, if they come again, and go on together to the next queue. Who computes a
// batch waits for as many items as lately came from several callers at once, up to a quarter of the time that the last batch took. That
// number is the largest of late, less an eighth with every batch since; so where callers come alone, soon nobody waits.
//
// No more waits in a queue than its callers brought.
type Queue[In, Out any] struct {
	most   int
	run    Run[In, Out]
	closed error // what calls get after Close

	mu       sync.Mutex
	line     []*call[In, Out] // those with items that no batch has taken, in the order they came
	waiting  int              // items in line
	leader   *call[In, Out]   // whose goroutine computes, or will
	expected int              // items to wait for before the next batch
	patience time.Duration    // how long to wait for them
	grown    chan struct{}    // tells the leader, once, that it need not wait any longer
	shut     bool
	idle     *sync.Cond // there is no leader
}

// Run computes one result for each item. It calls read once it does not need the items any more. Its error is that of all calls with
// items in the batch, and so is a panic.
type Run[In, Out any] func(items []In, read func()) ([]Out, error)

// call is what one caller brought.
type call[In, Out any] struct {
	items   []In // not taken yet
	results []Out
	want    int  // results
	reading bool // a batch reads items of it
	err     error
	news    chan struct{} // one message: finished, or its turn to lead
}

// New makes a queue of batches of at most most items. After [Queue.Close] all calls get the error closed.
func New[In, Out any](most int, run Run[In, Out], closed error) *Queue[In, Out] {
	q := &Queue[In, Out]{most: most, run: run, closed: closed, grown: make(chan struct{}, 1)}
	q.idle = sync.NewCond(&q.mu)
	return q
}

// Most is the size of the largest batch.
func (q *Queue[In, Out]) Most() int { return q.most }

// Do computes the results of items. When ctx ends it returns its error: at once, or when the batch is done that it computes itself.
// Nothing reads items afterwards.
func (q *Queue[In, Out]) Do(ctx context.Context, items []In) ([]Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := q.join(items)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	select {
	case <-c.news:
	case <-ctx.Done():
		q.giveUp(c, ctx.Err())
		<-c.news
	}
	q.lead(ctx, c)
	if c.err != nil {
		return nil, c.err
	}
	return c.results, ctx.Err()
}

// join puts a call in line, and makes it the leader if there is none.
func (q *Queue[In, Out]) join(items []In) (*call[In, Out], error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut {
		return nil, q.closed
	}
	c := &call[In, Out]{items: items, want: len(items), news: make(chan struct{}, 1)}
	if len(items) == 0 {
		return c, nil
	}
	q.line = append(q.line, c)
	q.waiting += len(items)
	switch {
	case q.leader == nil:
		q.promote(c)
	case q.waiting >= q.expected:
		tell(q.grown)
	}
	return c, nil
}

// tell sends a message unless there is one already.
func tell(news chan struct{}) {
	select {
	case news <- struct{}{}:
	default:
	}
}

func (q *Queue[In, Out]) promote(c *call[In, Out]) {
	q.leader = c
	tell(c.news)
}

// giveUp takes a call out of line whose caller will not wait for it, unless it is to lead.
func (q *Queue[In, Out]) giveUp(c *call[In, Out], err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leader != c {
		q.fail(c, err)
	}
}

// fail ends a call with an error, if it has not ended, as soon as nothing reads its items.
func (q *Queue[In, Out]) fail(c *call[In, Out], err error) {
	if c.err == nil && !c.finished() {
		c.err = err
	}
	q.leave(c)
	if !c.reading {
		tell(c.news)
	}
}

// leave takes what is left of a call out of line.
func (q *Queue[In, Out]) leave(c *call[In, Out]) {
	if len(c.items) == 0 {
		return
	}
	for i, other := range q.line {
		if other == c {
			q.line = append(q.line[:i:i], q.line[i+1:]...)
		}
	}
	q.waiting -= len(c.items)
	c.items = nil
}

func (c *call[In, Out]) finished() bool { return c.err != nil || len(c.results) == c.want }

// lead computes batches until the call is finished, if it is the leader, and hands over.
func (q *Queue[In, Out]) lead(ctx context.Context, c *call[In, Out]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leader != c {
		return
	}
	for !c.finished() {
		q.mu.Unlock()
		runtime.Gosched() // those who come just now may join
		q.mu.Lock()
		q.expect(ctx)
		if err := ctx.Err(); err != nil {
			q.fail(c, err)
		} else if !c.finished() {
			q.compute()
		}
	}
	q.leader = nil
	if len(q.line) > 0 {
		q.promote(q.line[0])
	} else {
		q.idle.Broadcast()
	}
}

// expect waits for the items that are expected, as long as it should.
func (q *Queue[In, Out]) expect(ctx context.Context) {
	until := time.Now().Add(q.patience)
	for q.waiting < q.expected && !q.shut && ctx.Err() == nil {
		wait := time.Until(until)
		if wait <= 0 {
			break
		}
		timer := time.NewTimer(wait)
		q.mu.Unlock()
		select {
		case <-q.grown:
		case <-timer.C:
		case <-ctx.Done():
		}
		q.mu.Lock()
		timer.Stop()
	}
}

// part is the items of a batch that come from one call.
type part[In, Out any] struct {
	call *call[In, Out]
	n    int
}

// compute computes the next batch.
func (q *Queue[In, Out]) compute() {
	items, parts := q.take()
	q.mu.Unlock()
	start := time.Now()
	results, err := q.protected(items, func() { q.haveRead(parts) })
	took := time.Since(start)
	q.haveRead(parts)
	q.mu.Lock()
	for _, p := range parts {
		if err != nil {
			q.fail(p.call, err)
			continue
		}
		p.call.results = append(p.call.results, results[:p.n]...)
		results = results[p.n:]
		if p.call.finished() {
			tell(p.call.news)
		}
	}
	q.patience = took / 4
	q.expected -= (q.expected + 7) / 8
	if len(parts) > 1 {
		q.expected = max(q.expected, len(items))
	}
}

// haveRead lets those go who gave up while their items were read.
func (q *Queue[In, Out]) haveRead(parts []part[In, Out]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range parts {
		p.call.reading = false
		if p.call.err != nil {
			tell(p.call.news)
		}
	}
}

// take takes the items of the next batch out of line.
func (q *Queue[In, Out]) take() (items []In, parts []part[In, Out]) {
	for len(q.line) > 0 && len(items) < q.most {
		c := q.line[0]
		n := min(len(c.items), q.most-len(items))
		items = append(items, c.items[:n]...)
		parts = append(parts, part[In, Out]{c, n})
		c.items, c.reading = c.items[n:], true
		q.waiting -= n
		if len(c.items) == 0 {
			q.line[0] = nil
			q.line = q.line[1:]
		}
	}
	return items, parts
}

// protected runs a batch. A panic must not leave the others waiting.
func (q *Queue[In, Out]) protected(items []In, read func()) (results []Out, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = asError(failure)
		}
	}()
	results, err = q.run(items, read)
	if err == nil && len(results) != len(items) {
		err = fmt.Errorf("%d results for %d items", len(results), len(items))
	}
	return results, err
}

func asError(failure any) error {
	if err, ok := failure.(error); ok {
		return err
	}
	return fmt.Errorf("%v", failure)
}

// Close ends the queue: calls that wait get its error, and so do later ones. It returns when nothing is being computed.
func (q *Queue[In, Out]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	for len(q.line) > 0 {
		q.fail(q.line[0], q.closed)
	}
	tell(q.grown)
	for q.leader != nil {
		q.idle.Wait()
	}
}
