package dataset

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// StreamOptions says how a [Stream] makes batches of what passes by.
type StreamOptions struct {
	LoaderOptions     // Old is for sets only
	Classes       int // in a batch, at least 2
	Examples      int // of each class, at least 1
	// Pool is how many examples wait to be chosen, in memory: a larger pool mixes a source better that has its classes one after the
	// other. 0 means four batches.
	Pool int
}

// Stream makes batches of a source that is too large to be held, or has no end: films, a queue, images that a program draws. Each
// batch has Classes classes of Examples examples each, all chosen at random from those that wait, and no example is used twice.
// The source is read by one goroutine at a time; images are prepared on all cores.
type Stream struct {
	source  iter.Seq2[Item, error]
	options StreamOptions
}

// NewStream checks the options. The source yields items of images, or of vectors of one length, whose labels count from 0 and are the
// same for the same class throughout; its error ends the batches. Where it is finite, so are they: what does not fill a last batch is
// left over.
func NewStream(source iter.Seq2[Item, error], o StreamOptions) (*Stream, error) {
	if o.Pool == 0 {
		o.Pool = 4 * o.Classes * o.Examples
	}
	if o.Classes < 2 || o.Examples < 1 || o.Pool < o.Classes*o.Examples {
		return nil, fmt.Errorf("stream batches: %d classes of %d examples out of %d that wait: want at least 2 and 1, and as many waiting",
			o.Classes, o.Examples, o.Pool)
	}
	if o.Old != nil {
		return nil, errors.New("stream batches: an older model's embeddings are of a set's items, and a stream has none")
	}
	vectors := o.Preprocess.Size() == 0
	if err := o.check(vectors); err != nil {
		return nil, fmt.Errorf("stream batches: %w", err)
	}
	return &Stream{source, o}, nil
}

// Batches reads the source from its beginning and yields batches, as [Loader.Batches] does. What is in them depends on the source and
// the options only; where a training goes on at Start, the source is read and the batches before it are passed over, so that a source
// that yields the same again leads to the same batches. A source that waits, such as for a queue, has to give up when ctx ends: the
// loop ends after it.
func (s *Stream) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		next, stop := iter.Pull2(s.source)
		defer stop()
		p := &pool{options: s.options, source: next, drafts: map[int][]Item{}, waitingOf: map[int]int{}}
		o := PrefetchOptions{Start: s.options.Start, End: s.options.end(), Workers: s.options.Workers}
		for b, err := range Prefetch(ctx, o, p.fill) {
			if errors.Is(err, errSourceEnds) || !yield(b, err) {
				return
			}
		}
	}
}

var errSourceEnds = errors.New("the source ends")

// pool holds the examples that wait, and the drafts of batches that have been chosen but not asked for yet: workers ask in any order.
type pool struct {
	options StreamOptions
	mutex   sync.Mutex
	source  func() (Item, error, bool)
	failed  error // ends all batches from here on
	step    int   // of the next draft
	drafts  map[int][]Item

	waiting   []Item      // in the order of their arrival
	waitingOf map[int]int // by label
	ready     int         // labels of which enough wait
}

// fill makes the batch of a step.
func (p *pool) fill(ctx context.Context, b *Batch, step int) error {
	items, err := p.draft(step)
	if err != nil {
		return err
	}
	return p.options.lay(ctx, b, step, len(items), func(row int) Item { return items[row] })
}

// draft chooses the examples of all batches up to a step's, in order.
func (p *pool) draft(step int) ([]Item, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for ; p.step <= step && p.failed == nil; p.step++ {
		items, err := p.choose(p.step)
		if p.failed = err; err != nil {
			break
		}
		if p.step >= p.options.Start {
			p.drafts[p.step] = items
		}
	}
	items, chosen := p.drafts[step]
	if !chosen {
		return nil, p.failed
	}
	delete(p.drafts, step)
	return items, nil
}

// refill lets examples wait until the pool is full, and goes on, without the oldest, until there are enough classes for a batch.
func (p *pool) refill() error {
	for len(p.waiting) < p.options.Pool {
		if err := p.receive(); errors.Is(err, errSourceEnds) && p.ready >= p.options.Classes {
			return nil
		} else if err != nil {
			return err
		}
	}
	for dropped := 0; p.ready < p.options.Classes; dropped++ {
		if dropped == p.options.Pool {
			return fmt.Errorf("stream batches: among %d examples that wait, %d classes have %d, want %d classes: hold more of them back (Pool), or mix the source",
				p.options.Pool, p.ready, p.options.Examples, p.options.Classes)
		}
		p.take(0)
		if err := p.receive(); err != nil {
			return err
		}
	}
	return nil
}

// choose draws a batch from the pool.
func (p *pool) choose(step int) ([]Item, error) {
	if err := p.refill(); err != nil {
		return nil, err
	}
	rng := newRand(p.options.Seed, forStream, uint64(step))
	var labels []int32
	for _, it := range p.waiting {
		if label := int32(it.Label); p.waitingOf[it.Label] >= p.options.Examples && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	var items []Item
	for _, label := range appendSome(rng, nil, labels, p.options.Classes) {
		for range p.options.Examples {
			items = append(items, p.take(p.place(int(label), rng.IntN(p.waitingOf[int(label)]))))
		}
	}
	return items, nil
}

// receive lets one more example of the source wait. A panic of the source is an error, as all workers have to hear of it.
func (p *pool) receive() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("stream batches: the source panics: %v", r)
		}
	}()
	it, err, more := p.source()
	switch {
	case !more:
		return errSourceEnds
	case err != nil:
		return fmt.Errorf("stream batches: %w", err)
	case it.Label < 0 || int64(it.Label) != int64(int32(it.Label)):
		return fmt.Errorf("stream batches: %s has label %d, want 0 to 2147483647", it.Source, it.Label)
	}
	if err := it.check(p.numbers(it)); err != nil {
		return fmt.Errorf("stream batches: an example of label %d %s: %w", it.Label, it.Source, err)
	}
	p.waiting = append(p.waiting, it)
	if p.waitingOf[it.Label]++; p.waitingOf[it.Label] == p.options.Examples {
		p.ready++
	}
	return nil
}

// numbers is how long the vectors of the source are, 0 for images; the first example tells.
func (p *pool) numbers(it Item) int {
	switch {
	case p.options.Preprocess.Size() > 0:
		return 0
	case len(p.waiting) > 0:
		return len(p.waiting[0].Vector)
	}
	return max(len(it.Vector), 1)
}

// place is where number i of a label waits.
func (p *pool) place(label, i int) int {
	return slices.IndexFunc(p.waiting, func(it Item) bool {
		if it.Label == label {
			i--
		}
		return i < 0
	})
}

// take takes an example out of the pool.
func (p *pool) take(at int) Item {
	it := p.waiting[at]
	p.waiting = slices.Delete(p.waiting, at, at+1)
	if p.waitingOf[it.Label]--; p.waitingOf[it.Label] == p.options.Examples-1 {
		p.ready--
	}
	if p.waitingOf[it.Label] == 0 {
		delete(p.waitingOf, it.Label)
	}
	return it
}
