package gallery

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	in := importing{Gallery: g, settings: s, there: map[string]bool{}}
	for e, err := range g.store.Entries(ctx, g.name, Query{}) {
		if err != nil {
			return in.done, err
		}
		in.there[e.Key] = true
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	for n := 1; lines.Scan(); n++ {
		if err := in.line(ctx, lines.Bytes()); err != nil {
			return in.done, fmt.Errorf("import, line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line is longer than %d MiB", maxLine>>20)
		}
		return in.done, fmt.Errorf("import: %w", err)
	}
	return in.done, in.flush(ctx)
}

type importing struct {
	*Gallery
	settings Settings
	there    map[string]bool
	put      []Entry
	done     Imported
}

func (in *importing) line(ctx context.Context, line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("it is not JSON as siam gallery export writes it: %w", err)
	}
	e := r.Entry
	if e == nil {
		if r.Settings != nil || r.Log != nil {
			return nil
		}
		e = new(Entry)
		if err := json.Unmarshal(line, e); err != nil {
			return fmt.Errorf("it is no entry: %w", err)
		}
	}
	in.complete(e)
	if err := in.settings.check(*e); err != nil {
		return err
	}
	if in.there[e.Key] {
		in.done.Already++
		return nil
	}
	in.there[e.Key] = true
	if in.put = append(in.put, *e); len(in.put) == importAtOnce {
		return in.flush(ctx)
	}
	return nil
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
		fmt.Fprintf(sum, "%q %q %q %v", e.Role, e.ID, e.Model, e.Embedding)
		e.Key = hex.EncodeToString(sum.Sum(nil)[:16])
	}
	if e.When.IsZero() {
		e.When = in.clock()
	}
}

func (in *importing) flush(ctx context.Context) error {
	if len(in.put) == 0 {
		return nil
	}
	change := Change{Gallery: in.name, Put: in.put, Events: []Event{in.event("import", in.settings.Model, NewPart(struct {
		Entries int `json:"entries"`
	}{len(in.put)}))}}
	if err := in.store.Apply(ctx, change); err != nil {
		return err
	}
	in.done.Entries += len(in.put)
	in.put = in.put[:0]
	return nil
}
