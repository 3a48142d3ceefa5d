package gallery

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/siam-go/siam/internal/parallel"
)

// record is one line of an export: one of its fields is set.
type record struct {
	Settings *Settings `json:"gallery,omitempty"`
	Entry    *Entry    `json:"entry,omitempty"`
	Log      *Line     `json:"log,omitempty"`
}

// Export writes the gallery as JSON lines: its settings, then its entries with embeddings and crops. [Gallery.Import] reads them.
// Where an id is named it writes all that is known about that id, also in the review queue and in the audit log.
func (g *Gallery) Export(ctx context.Context, w io.Writer, id string) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	encode := json.NewEncoder(w)
	if err := encode.Encode(record{Settings: &s}); err != nil {
		return err
	}
	n := 0
	for e, err := range g.store.Entries(ctx, g.name, Query{ID: id, Crops: true}) {
		if err != nil {
			return err
		}
		n++
		if err := encode.Encode(record{Entry: &e}); err != nil {
			return err
		}
	}
	if id == "" {
		return nil
	}
	if n == 0 {
		return fmt.Errorf("gallery %q: id %q: %w", g.name, id, ErrNotFound)
	}
	for l, err := range g.store.Log(ctx, 1) {
		if err != nil {
			return err
		}
		if parts := partsAbout(l, g.name, id); len(parts) > 0 {
			l.Parts = parts
			if err := encode.Encode(record{Log: &l}); err != nil {
				return err
			}
		}
	}
	return nil
}

func partsAbout(l Line, gallery, id string) []Part {
	var parts []Part
	for _, p := range l.Parts {
		for _, a := range p.About {
			if l.Gallery == gallery && a == id {
				parts = append(parts, p)
				break
			}
		}
	}
	return parts
}

// Imported is what [Gallery.Import] did.
type Imported struct {
	Entries int `json:"entries"` // added
	Already int `json:"already"` // there before, by their keys
}

// importAtOnce is how many entries come in one change.
const importAtOnce = 4096

// maxLine is the longest line of an import, in bytes.
const maxLine = 64 << 20

// Import adds the entries of an export: JSON lines, of which those that are entries count. A line may also be an entry alone:
// {"id": ..., "embedding": [...], "model": ...}, other fields being optional. Entries that are there already, by their keys, are left
// as they are, so that an import that was broken off can be repeated. They come in pieces, each whole or not at all. The error names
// the line.
func (g *Gallery) Import(ctx context.Context, r io.Reader) (Imported, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return Imported{}, err
	}
	in := importing{Gallery: g, settings: s, began: g.clock()}
	if err := in.look(ctx); err != nil {
		return in.done, err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	for more := true; more; {
		if more, err = in.some(ctx, lines); err != nil {
			return in.done, fmt.Errorf("import: %w", err)
		}
	}
	return in.done, nil
}

type importing struct {
	*Gallery
	settings Settings
	began    time.Time
	there    map[string]bool
	lines    int // read
	done     Imported
}

// look reads which entries are there.
func (in *importing) look(ctx context.Context) error {
	in.there = map[string]bool{}
	for e, err := range in.store.Entries(ctx, in.name, Query{}) {
		if err != nil {
			return err
		}
		in.there[e.Key] = true
	}
	return nil
}

// importBytes bounds what comes in one change, besides importAtOnce.
const importBytes = 64 << 20

// some imports some lines in one change, and reports whether there are more.
func (in *importing) some(ctx context.Context, lines *bufio.Scanner) (more bool, err error) {
	var texts [][]byte
	for size := 0; len(texts) < importAtOnce && size < importBytes && lines.Scan(); {
		texts = append(texts, bytes.Clone(lines.Bytes()))
		size += len(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("line %d is longer than %d MiB", in.lines+len(texts)+1, maxLine>>20)
		}
		return false, err
	}
	entries, failures := make([]*Entry, len(texts)), make([]error, len(texts))
	parallel.Ranges(len(texts), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			entries[i], failures[i] = in.parse(texts[i])
		}
	})
	for i, err := range failures {
		if err != nil {
			return false, fmt.Errorf("line %d: %w", in.lines+i+1, err)
		}
	}
	in.lines += len(texts)
	return len(texts) > 0, in.add(ctx, entries)
}

// add adds the entries that are not there; nil ones are none. Another program may add some of them at the same time.
func (in *importing) add(ctx context.Context, entries []*Entry) error {
	for {
		var put []Entry
		added := map[string]bool{}
		already := 0
		for _, e := range entries {
			switch {
			case e == nil:
			case in.there[e.Key] || added[e.Key]:
				already++
			default:
				added[e.Key] = true
				put = append(put, *e)
			}
		}
		err := in.put(ctx, put)
		if err == nil {
			in.done.Already += already
			for key := range added {
				in.there[key] = true
			}
			return nil
		}
		before := len(in.there)
		if !errors.Is(err, ErrExists) || in.look(ctx) != nil || len(in.there) <= before {
			return err
		}
	}
}

// flat are the fields of an entry in a line that is an entry alone.
type flat Entry

// parse reads a line: an entry, or nil where it holds something else.
func (in *importing) parse(line []byte) (*Entry, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil, nil
	}
	var r struct {
		record
		flat
	}
	err := json.Unmarshal(line, &r)
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, fmt.Errorf("it is not JSON as siam gallery export writes it: no %s is wanted at byte %d", bad.Value, bad.Offset)
	}
	if err != nil {
		return nil, fmt.Errorf("it is not JSON as siam gallery export writes it: %w", err)
	}
	e := r.Entry
	if e == nil {
		if r.Settings != nil || r.Log != nil {
			return nil, nil
		}
		e = (*Entry)(&r.flat)
	}
	in.complete(e)
	return e, in.settings.check(*e)
}

// complete fills in what an entry from elsewhere lacks. Its key then depends on what it holds, so that it is added once only.
func (in *importing) complete(e *Entry) {
	if e.Role == "" {
		e.Role = Enrolled
	}
	if id, err := CleanID(e.ID); err == nil {
		e.ID = id
	}
	if e.Key == "" {
		sum := sha256.New()
		fmt.Fprintf(sum, "%q %q %q ", e.Role, e.ID, e.Model)
		_ = binary.Write(sum, binary.LittleEndian, e.Embedding) // into a hash, never fails
		e.Key = hex.EncodeToString(sum.Sum(nil)[:16])
	}
	if e.When.IsZero() {
		e.When = in.began
	}
}

func (in *importing) put(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	said := NewPart(struct {
		Entries int `json:"entries"`
	}{len(entries)})
	change := Change{Gallery: in.name, Put: entries, Events: []Event{in.event("import", in.settings.Model, said)}}
	if err := in.store.Apply(ctx, change); err != nil {
		return err
	}
	in.done.Entries += len(entries)
	return nil
}
