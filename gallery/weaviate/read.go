package weaviate

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
)

// view is a gallery at one moment.
type view struct {
	gallery.Settings
	revision, taken int64
	rows            []row
}

// errGone is that an object is missing.
var errGone = errors.New("an object is missing")

// sync follows the changes up to the last. It wants the lock.
func (s *store) sync(ctx context.Context) error {
	if s.closed {
		return fmt.Errorf("%w: the store is closed", gallery.ErrUnreachable)
	}
	for want := int64(1); ; want = min(4*want, 128) {
		names := make([]string, want)
		for i := range names {
			names[i] = named(s.salt, "change", s.now.Head+1+int64(i))
		}
		found, err := s.getEach(ctx, names)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, there := found[name]
			if !there {
				return nil
			}
			var r record
			if err := json.Unmarshal([]byte(text), &r); err != nil {
				return fmt.Errorf("%w: change %d: %w", gallery.ErrDamaged, s.now.Head+1, err)
			}
			s.now.fold(r)
		}
	}
}

// view reads a gallery as it is now; there is false where there is none.
func (s *store) view(ctx context.Context, name string) (v view, there bool, err error) {
	if err := s.mu.hold(ctx); err != nil {
		return v, false, err
	}
	defer s.mu.Unlock()
	return s.look(ctx, name)
}

func (s *store) look(ctx context.Context, name string) (v view, there bool, err error) {
	for head := int64(-1); ; head = s.now.Head {
		if err := s.sync(ctx); err != nil {
			return v, false, err
		}
		g := s.now.Galleries[name]
		if g == nil {
			return v, false, nil
		}
		err := s.load(ctx, name, g)
		if err == nil {
			return view{g.Settings, g.Revision, g.Taken, g.rows}, true, nil
		}
		if !errors.Is(err, errGone) {
			return v, false, err
		}
		if head == s.now.Head { // nobody has erased it meanwhile
			return v, false, fmt.Errorf("%w: %w", gallery.ErrDamaged, err)
		}
	}
}

// load reads the entries of a gallery that were not read before.
func (s *store) load(ctx context.Context, name string, g *shelf) error {
	if g.rows != nil {
		return nil
	}
	var missing []string
	for _, p := range g.Slips {
		if _, have := g.papers[p.Object]; !have {
			missing = append(missing, p.Object)
		}
	}
	texts, err := s.getMany(ctx, missing)
	if err != nil {
		return err
	}
	papers, rows := map[string]gallery.Entry{}, []row{}
	for key, p := range g.Slips {
		e, have := g.papers[p.Object]
		if !have {
			text, found := texts[p.Object]
			if !found {
				return fmt.Errorf("entry %s: %w", key, errGone)
			}
			if e, err = decode(text, g.Settings.Dim); err != nil {
				return fmt.Errorf("%w: entry %s: %w", gallery.ErrDamaged, key, err)
			}
		}
		papers[p.Object] = e
		if e.ID == "" || s.now.Ledger[hashed(s.salt, name, e.ID)] <= p.Change {
			rows = append(rows, row{e, p})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.at.Key, b.at.Key) })
	g.papers, g.rows = papers, rows
	return nil
}

func encode(e gallery.Entry) paper {
	p := paper{Entry: e}
	for _, x := range e.Embedding {
		p.Vector = binary.LittleEndian.AppendUint32(p.Vector, math.Float32bits(x))
	}
	p.Embedding, p.Crop = nil, nil
	return p
}

func decode(text string, dim int) (gallery.Entry, error) {
	var p paper
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return gallery.Entry{}, err
	}
	for at := 0; at+4 <= len(p.Vector); at += 4 {
		p.Embedding = append(p.Embedding, math.Float32frombits(binary.LittleEndian.Uint32(p.Vector[at:])))
	}
	p.When, p.Expires = p.When.UTC(), p.Expires.UTC()
	return p.Entry, distance.Check(dim, p.Embedding)
}

// Galleries implements [gallery.Store].
func (s *store) Galleries(ctx context.Context) ([]gallery.Settings, error) {
	if err := s.mu.hold(ctx); err != nil {
		return nil, s.failed(ctx, "read", err)
	}
	defer s.mu.Unlock()
	if err := s.sync(ctx); err != nil {
		return nil, s.failed(ctx, "read", err)
	}
	var all []gallery.Settings
	for _, name := range slices.Sorted(maps.Keys(s.now.Galleries)) {
		all = append(all, s.now.Galleries[name].Settings)
	}
	return all, nil
}

// find is view where there has to be such a gallery.
func (s *store) find(ctx context.Context, name string) (view, error) {
	v, there, err := s.view(ctx, name)
	if err == nil && !there {
		err = fmt.Errorf("gallery %q: %w", name, gallery.ErrNotFound)
	}
	return v, s.failed(ctx, "read", err)
}

// cropsAtOnce is how many entries are read with their crops at once.
const cropsAtOnce = 64

// Entries implements [gallery.Store]. An entry that was erased meanwhile is left out where crops are wanted.
func (s *store) Entries(ctx context.Context, name string, q gallery.Query) iter.Seq2[gallery.Entry, error] {
	return func(yield func(gallery.Entry, error) bool) {
		v, err := s.find(ctx, name)
		if err != nil {
			yield(gallery.Entry{}, err)
			return
		}
		fit := slices.DeleteFunc(slices.Clone(v.rows), func(r row) bool { return !q.Fits(r.Entry) })
		for some := range slices.Chunk(fit, cropsAtOnce) {
			if q.Crops {
				some, err = s.withCrops(ctx, name, some)
			}
			for _, r := range some {
				if err != nil {
					break
				}
				if err = ctx.Err(); err == nil && !yield(r.Entry, nil) {
					return
				}
			}
			if err != nil {
				yield(gallery.Entry{}, s.failed(ctx, "read", err))
				return
			}
		}
	}
}

// withCrops are those of some entries that are still there, with their crops.
func (s *store) withCrops(ctx context.Context, name string, some []row) ([]row, error) {
	var names []string
	for _, r := range some {
		if r.at.Crop != "" {
			names = append(names, r.at.Crop)
		}
	}
	texts, err := s.getMany(ctx, names)
	if err != nil || len(texts) == len(names) {
		return withTexts(some, texts), err
	}
	now, _, err := s.view(ctx, name)
	if err != nil {
		return nil, err
	}
	still := map[string]bool{}
	for _, r := range now.rows {
		still[r.at.Crop] = true
	}
	for _, crop := range names {
		if _, found := texts[crop]; !found && still[crop] {
			return nil, fmt.Errorf("%w: a crop is missing", gallery.ErrDamaged)
		}
	}
	return withTexts(some, texts), nil
}

func withTexts(some []row, texts map[string]string) []row {
	var there []row
	for _, r := range some {
		if r.at.Crop != "" {
			text, found := texts[r.at.Crop]
			if !found || json.Unmarshal([]byte(text), &r.Crop) != nil {
				continue
			}
		}
		there = append(there, r)
	}
	return there
}

// Vectors implements [gallery.Store].
func (s *store) Vectors(ctx context.Context, name string, since int64) (gallery.Vectors, error) {
	view, err := s.find(ctx, name)
	if err != nil {
		return gallery.Vectors{}, err
	}
	s.replay(ctx)
	v := gallery.Vectors{Revision: view.revision, Dim: view.Dim}
	if since > 0 && since >= view.taken && since <= view.revision {
		v.Since = since
	}
	for _, r := range view.rows {
		if r.Role != gallery.Waiting && r.at.Added > v.Since {
			v.Refs = append(v.Refs, gallery.Ref{Key: r.Key, ID: r.ID, Role: r.Role})
			v.Values = append(v.Values, r.Embedding...)
		}
	}
	return v, nil
}
