package weaviate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/siam-go/siam/gallery"
)

// lineRead is a line of the log, and the object that has its parts; none when they say nothing any more.
type lineRead struct {
	gallery.Line
	object string
}

// Log implements [gallery.Store].
func (s *store) Log(ctx context.Context, from int64) iter.Seq2[gallery.Line, error] {
	return func(yield func(gallery.Line, error) bool) {
		for l, err := range s.lines(ctx, from, "") {
			if !yield(l.Line, s.failed(ctx, "read", err)) {
				return
			}
		}
	}
}

// changesAtOnce is how many changes are read at once.
const changesAtOnce = 128

// lines reads the log from a line on, up to the last one now. Where a gallery is named, only what the lines of that one say is read.
func (s *store) lines(ctx context.Context, from int64, only string) iter.Seq2[lineRead, error] {
	return func(yield func(lineRead, error) bool) {
		next, err := s.next(ctx)
		if err != nil {
			yield(lineRead{}, err)
			return
		}
		first, err := s.firstChange(ctx, from, next-1)
		if err != nil {
			yield(lineRead{}, err)
			return
		}
		for ; first < next; first += changesAtOnce {
			lines, err := s.linesOf(ctx, first, min(first+changesAtOnce, next), only)
			for _, l := range lines {
				if l.Number >= from && !yield(l, nil) {
					return
				}
			}
			if err != nil {
				yield(lineRead{}, err)
				return
			}
		}
	}
}

// firstChange is the last change that has no line from a number on, or 1.
func (s *store) firstChange(ctx context.Context, from, head int64) (int64, error) {
	low, high := int64(1), head
	for from > 1 && high-low > changesAtOnce {
		middle := (low + high) / 2
		found, err := s.changes(ctx, middle, middle+1)
		if err != nil {
			return 0, err
		}
		if r := found[0]; !r.Void && r.Last < from {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// changes reads those from first on, before end.
func (s *store) changes(ctx context.Context, first, end int64) ([]record, error) {
	var names []string
	for n := first; n < end; n++ {
		names = append(names, named(s.salt, "change", n))
	}
	texts, err := s.getEach(ctx, names)
	if err != nil {
		return nil, err
	}
	records := make([]record, len(names))
	for i, name := range names {
		if err := json.Unmarshal([]byte(texts[name]), &records[i]); err != nil {
			return nil, fmt.Errorf("%w: change %d: %w", gallery.ErrDamaged, first+int64(i), err)
		}
	}
	return records, nil
}

// linesOf are the lines of the changes from first on, before end.
func (s *store) linesOf(ctx context.Context, first, end int64, only string) ([]lineRead, error) {
	records, err := s.changes(ctx, first, end)
	if err != nil {
		return nil, err
	}
	var lines []lineRead
	for _, r := range records {
		for j, l := range r.Lines {
			number := r.Last - int64(len(r.Lines)) + 1 + int64(j)
			read := gallery.Line{Number: number, Time: time.UnixMicro(l.Time).UTC(), Gallery: l.Gallery, Who: l.Who, Action: l.Action, Model: l.Model, Hash: l.Hash}
			for _, digest := range l.Digests {
				read.Parts = append(read.Parts, gallery.Part{Digest: digest})
			}
			lines = append(lines, lineRead{read, l.Parts})
		}
	}
	return lines, s.fill(ctx, lines, only)
}

// fill reads the parts of lines that are not erased.
func (s *store) fill(ctx context.Context, lines []lineRead, only string) error {
	for tries := 0; ; tries++ {
		s.mu.Lock()
		var names []string
		for i, l := range lines {
			if name, changed := s.now.Parts[l.Number]; changed {
				lines[i].object = name
			}
			if lines[i].object != "" && (only == "" || l.Gallery == only) {
				names = append(names, lines[i].object)
			}
		}
		s.mu.Unlock()
		texts, err := s.getMany(ctx, names)
		if err != nil {
			return err
		}
		err = filled(lines, texts, only)
		if !errors.Is(err, errGone) {
			return err
		}
		if tries == 3 {
			return fmt.Errorf("%w: %w", gallery.ErrDamaged, err)
		}
		if _, err := s.next(ctx); err != nil { // somebody may have erased it meanwhile
			return err
		}
	}
}

func filled(lines []lineRead, texts map[string]string, only string) error {
	for i, l := range lines {
		if l.object == "" || only != "" && l.Gallery != only {
			continue
		}
		text, found := texts[l.object]
		if !found {
			return fmt.Errorf("what line %d of the log says: %w", l.Number, errGone)
		}
		var said []gallery.Part
		if err := json.Unmarshal([]byte(text), &said); err != nil || len(said) != len(l.Parts) {
			return fmt.Errorf("%w: what line %d of the log says: %w", gallery.ErrDamaged, l.Number, err)
		}
		for j := range said {
			said[j].Digest = l.Parts[j].Digest
		}
		lines[i].Parts = said
	}
	return nil
}
