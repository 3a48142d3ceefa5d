package dataset

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/siam-go/siam/imgproc"
)

// LoaderOptions says how a [Loader] or a [Stream] turns examples into batches.
type LoaderOptions struct {
	Preprocess imgproc.Preprocess // of images; vectors go into batches as they are
	Augment    Augmentation       // of images; nil for none
	Seed       uint64             // of the augmentation
	Start      int                // the first step: where a resumed training goes on
	Steps      int                // how many; 0 means without end
	Workers    int                // how many batches are made at once; 0 means one per core
	// Old are embeddings [d] of the set's items by an older model, to go into the batches beside their images; nil for none.
	Old [][]float32
}

// Loader makes batches ahead of the training that uses them, on all cores. Batch number step depends on the sampler, the
// options and the step only, never on the number of workers.
type Loader struct {
	set     *Set
	sampler Sampler
	options LoaderOptions
	groups  []int32 // of each label
	next    int
}

// State is all that is needed to go on exactly where a training stopped.
type State struct {
	Step    int    `json:"step"`    // of the next batch
	Seed    uint64 `json:"seed"`    // of the augmentation
	Items   int    `json:"items"`   // in the set
	Classes int    `json:"classes"` // in the set
}

// NewLoader checks the set and the options.
func NewLoader(s *Set, sampler Sampler, o LoaderOptions) (*Loader, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := o.check(len(s.Items[0].Vector) > 0); err != nil {
		return nil, fmt.Errorf("load batches: %w", err)
	}
	if err := checkOld(s, o.Old); err != nil {
		return nil, err
	}
	return &Loader{set: s, sampler: sampler, options: o, groups: s.groupNumbers(), next: o.Start}, nil
}

// check says what is wrong with the options for vectors or images.
func (o LoaderOptions) check(vectors bool) error {
	if o.Start < 0 || o.Steps < 0 || o.Workers < 0 {
		return fmt.Errorf("start %d, steps %d, workers %d: none may be negative", o.Start, o.Steps, o.Workers)
	}
	if vectors {
		if o.Augment != nil {
			return errors.New("an augmentation is of images, and these are vectors")
		}
		return nil
	}
	if a, checks := o.Augment.(interface{ Validate() error }); checks {
		if err := a.Validate(); err != nil {
			return err
		}
	}
	return o.Preprocess.Validate()
}

// end is the step before which to stop, 0 for none.
func (o LoaderOptions) end() int {
	if o.Steps == 0 {
		return 0
	}
	return o.Start + o.Steps
}

// checkOld wants an embedding for each item, all of one length.
func checkOld(s *Set, old [][]float32) error {
	if old == nil {
		return nil
	}
	if len(old) != len(s.Items) {
		return fmt.Errorf("load batches: %d embeddings of an older model for the %d images of data set %s", len(old), len(s.Items), s.Name)
	}
	for i, row := range old {
		if len(row) != len(old[0]) || len(row) == 0 {
			return fmt.Errorf("load batches: embedding %d of an older model has %d numbers, the first has %d", i+1, len(row), len(old[0]))
		}
	}
	return nil
}

// State tells where the loader is: its Step is that after the last batch handed out. Call it between batches.
func (l *Loader) State() State {
	return State{Step: l.next, Seed: l.options.Seed, Items: len(l.set.Items), Classes: len(l.set.Classes)}
}

// Resume goes on at a state that a loader of the same set gave. Call it before Batches.
func (l *Loader) Resume(s State) error {
	if s.Step < 0 || s.Items != len(l.set.Items) || s.Classes != len(l.set.Classes) {
		return fmt.Errorf("resume at step %d: the training had %d images of %d classes, and data set %s has %d of %d",
			s.Step, s.Items, s.Classes, l.set.Name, len(l.set.Items), len(l.set.Classes))
	}
	l.next, l.options.Seed = s.Step, s.Seed
	return nil
}

// Batches yields the batches from the next step on, in order; when the context ends it yields its error and stops. A batch
// and its slices are valid until the loop asks for the next one. Workers end before the loop does.
func (l *Loader) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		o := PrefetchOptions{Start: l.next, End: l.options.end(), Workers: l.options.Workers}
		for b, err := range Prefetch(ctx, o, l.fill) {
			if err == nil {
				l.next = b.Step + 1
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// fill makes the batch of one step in b, whose slices it uses again. When ctx ends meanwhile, b is left unfinished.
func (l *Loader) fill(ctx context.Context, b *Batch, step int) error {
	sample := l.sampler.Sample(step)
	n := len(sample.Items)
	old := b.Old[:0]
	for _, i := range sample.Items {
		if l.options.Old != nil {
			old = append(old, l.options.Old[i]...)
		}
	}
	if err := l.options.lay(ctx, b, step, n, func(row int) Item { return l.set.Items[sample.Items[row]] }); err != nil {
		return err
	}
	b.Items, b.Pairs, b.Same, b.Old = sample.Items, sample.Pairs, sample.Same, old
	for row, label := range b.Labels {
		b.Groups[row] = l.groups[label]
	}
	return nil
}

// lay makes the batch of a step of n items in b, whose slices it uses again: images or vectors, and labels.
func (o LoaderOptions) lay(ctx context.Context, b *Batch, step, n int, item func(row int) Item) error {
	p, size := o.Preprocess, o.Preprocess.Size()
	*b = Batch{
		Step: step, N: n, Images: b.Images[:0], Vectors: b.Vectors[:0],
		Labels: sized(b.Labels, n), Groups: sized(b.Groups, n), Old: b.Old[:0],
	}
	clear(b.Groups)
	for row := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		it := item(row)
		b.Labels[row] = int32(it.Label)
		if it.Vector != nil {
			b.Vectors = append(b.Vectors, it.Vector...)
			continue
		}
		b.H, b.W, b.C = p.Height, p.Width, p.Channels
		b.Images = sized(b.Images, n*size)
		rng := newRand(o.Seed, forAugment, uint64(step), uint64(row))
		it.write(b.Images[row*size:(row+1)*size], p, o.Augment, rng)
	}
	return nil
}

func sized[T any](buf []T, n int) []T {
	if cap(buf) < n {
		return make([]T, n)
	}
	return buf[:n]
}
