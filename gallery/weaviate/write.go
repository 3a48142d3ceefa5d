package weaviate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/siam-go/siam/gallery"
)

// plan is what a change is to write, as the store was at its head.
type plan struct {
	gallery.Change
	head    int64
	record  record
	objects []object
	entries map[string]gallery.Entry // by object
}

// Apply implements [gallery.Store].
func (s *store) Apply(ctx context.Context, c gallery.Change) error {
	err := s.writing.hold(ctx)
	if err == nil {
		err = s.apply(ctx, c)
		s.writing.Unlock()
	}
	return s.failed(ctx, fmt.Sprintf("gallery %q in", c.Gallery), err)
}

func (s *store) apply(ctx context.Context, c gallery.Change) error {
	p, err := s.staged(ctx, c)
	if err != nil {
		return err
	}
	t, err := s.take(ctx)
	if err != nil {
		s.drop(ctx, p)
		return err
	}
	if p.head+1 != t.number { // somebody else has changed something meanwhile
		s.drop(ctx, p)
		if p, err = s.staged(ctx, c); err != nil {
			s.leave(ctx, t.number)
			return err
		}
	}
	if err := s.commit(ctx, t, p.record); err != nil {
		return err
	}
	s.leave(ctx, t.number)
	s.follow(ctx, p)
	return nil
}

// follow does what follows a change that was made.
func (s *store) follow(ctx context.Context, p *plan) {
	s.mu.Lock()
	if s.now.Head == p.head {
		s.now.fold(p.record)
		if g := s.now.Galleries[p.Gallery]; g != nil {
			for object, e := range p.entries {
				g.keep(object, e)
			}
		}
	}
	s.mu.Unlock()
	if len(p.record.Gone) > 0 {
		_ = s.delete(context.WithoutCancel(ctx), p.record.Gone) // what fails is done again by replay
		s.replaying.Lock()
		s.replayed = time.Time{}
		s.replaying.Unlock()
	}
	if len(p.Erase) > 0 || p.Drop {
		_ = s.sweep(ctx, time.Now().Add(-sweepAfter)) // the next to erase something does it else
	}
	s.snapshot(ctx)
}

// keep remembers what was written, so that it need not be read.
func (g *shelf) keep(object string, e gallery.Entry) {
	if g.papers == nil {
		g.papers = map[string]gallery.Entry{}
	}
	g.papers[object] = e
}

// staged makes a plan and writes its objects, which nothing names yet.
func (s *store) staged(ctx context.Context, c gallery.Change) (*plan, error) {
	p, err := s.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.put(ctx, p.objects); err != nil {
		s.drop(ctx, p)
		return nil, err
	}
	return p, nil
}

// drop deletes the objects of a plan that comes to nothing.
func (s *store) drop(ctx context.Context, p *plan) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime)
	defer cancel()
	names := make([]string, len(p.objects))
	for i, o := range p.objects {
		names[i] = o.ID
	}
	_ = s.delete(ctx, names)
}

// plan is what a change comes to now.
func (s *store) plan(ctx context.Context, c gallery.Change) (*plan, error) {
	if err := s.mu.hold(ctx); err != nil {
		return nil, err
	}
	v, there, err := s.look(ctx, c.Gallery)
	p := &plan{Change: c, head: s.now.Head, entries: map[string]gallery.Entry{}}
	p.record = record{UID: fresh(), Gallery: c.Gallery, Drop: c.Drop, Last: s.now.Last, Hash: s.now.Hash, Settled: s.settled}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	before := make([]gallery.Entry, len(v.rows))
	for i, r := range v.rows {
		before[i] = r.Entry
	}
	next, after, err := c.Make(there, v.Settings, before)
	if err != nil {
		return nil, err
	}
	if c.TouchesEntries() || c.Drop {
		p.record.Settings = &next
	}
	if c.Drop {
		after = nil
	}
	p.record.Taken = c.Takes()
	if err := p.differences(s.cluster, v.rows, after); err != nil {
		return nil, err
	}
	for _, id := range c.Erase {
		p.record.Erased = append(p.record.Erased, erasure{hashed(s.salt, c.Gallery, id), time.Now().UnixMicro()})
	}
	if err := s.forget(ctx, p); err != nil {
		return nil, err
	}
	return p, p.events(s.cluster)
}

// differences plans what makes the entries after of those before, both by key.
func (p *plan) differences(c *cluster, before []row, after []gallery.Entry) error {
	put := map[string]bool{}
	for _, e := range p.Put {
		put[e.Key] = true
	}
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].at.Key < after[0].Key:
			p.take(before[0])
			before = before[1:]
		case len(before) == 0 || after[0].Key < before[0].at.Key:
			if err := p.write(c, after[0], ""); err != nil {
				return err
			}
			after = after[1:]
		default:
			if err := p.alter(c, before[0], after[0], put[after[0].Key]); err != nil {
				return err
			}
			before, after = before[1:], after[1:]
		}
	}
	return nil
}

func (p *plan) take(r row) {
	p.record.Take = append(p.record.Take, r.at.Key)
	p.gone(r.at.Object, r.at.Crop)
}

// alter plans another version of an entry, if there is any; a new entry in its place has a crop of its own.
func (p *plan) alter(c *cluster, was row, is gallery.Entry, put bool) error {
	switch {
	case put:
		p.take(was)
		return p.write(c, is, "")
	case was.ID == is.ID && was.Model == is.Model && slices.Equal(was.Embedding, is.Embedding):
		return nil
	}
	p.gone(was.at.Object)
	return p.write(c, is, was.at.Crop)
}

// gone plans that objects are deleted.
func (p *plan) gone(names ...string) {
	for _, name := range names {
		if name != "" {
			p.record.Gone = append(p.record.Gone, name)
		}
	}
}

// add plans an object, and gives its name.
func (p *plan) add(c *cluster, value any) (string, error) {
	o, err := c.object(fresh(), value)
	p.objects = append(p.objects, o)
	return o.ID, err
}

// write plans an entry.
func (p *plan) write(c *cluster, e gallery.Entry, crop string) (err error) {
	if e.Crop != nil {
		if crop, err = p.add(c, e.Crop); err != nil {
			return err
		}
		e.Crop = nil
	}
	name, err := p.add(c, encode(e))
	p.entries[name] = e
	p.record.Put = append(p.record.Put, slip{Key: e.Key, Object: name, Crop: crop})
	return err
}

// events plans new lines of the log.
func (p *plan) events(c *cluster) (err error) {
	last := gallery.Line{Number: p.record.Last, Hash: p.record.Hash}
	for _, e := range p.Events {
		last = e.After(last)
		l := line{Time: last.Time.UnixMicro(), Gallery: last.Gallery, Who: last.Who, Action: last.Action, Model: last.Model, Hash: last.Hash}
		for _, part := range last.Parts {
			l.Digests = append(l.Digests, part.Digest)
		}
		if l.Parts, err = p.says(c, last.Parts); err != nil {
			return err
		}
		p.record.Lines = append(p.record.Lines, l)
	}
	p.record.Last, p.record.Hash = last.Number, last.Hash
	return nil
}

// says plans an object for the parts of a line, if they say anything, and gives its name.
func (p *plan) says(c *cluster, said []gallery.Part) (string, error) {
	if !slices.ContainsFunc(said, func(part gallery.Part) bool { return part.Body != nil }) {
		return "", nil
	}
	return p.add(c, said)
}

// forget plans what becomes of earlier lines of the log: those of the gallery are read, where they may be about what is erased.
func (s *store) forget(ctx context.Context, p *plan) error {
	if !p.Drop && p.ForgetLog.IsZero() && len(p.Erase)+len(p.Move) == 0 {
		return nil
	}
	for l, err := range s.lines(ctx, 1, p.Gallery) {
		if err != nil {
			return err
		}
		if l.object == "" || l.Gallery != p.Gallery {
			continue
		}
		said := p.Forget(l.Line)
		if slices.EqualFunc(said, l.Parts, samePart) {
			continue
		}
		name, err := p.says(s.cluster, said)
		if err != nil {
			return err
		}
		p.gone(l.object)
		p.record.Parts = append(p.record.Parts, parts{l.Number, name})
	}
	return nil
}

func samePart(a, b gallery.Part) bool {
	return (a.Body == nil) == (b.Body == nil) && strings.Join(a.About, "\x00") == strings.Join(b.About, "\x00")
}
