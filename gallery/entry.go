package gallery

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/siam-go/siam/distance"
	"golang.org/x/text/unicode/norm"
)

// Role says why an entry is kept.
type Role string

const (
	Enrolled Role = "enrolled" // an image of an id
	Stranger Role = "stranger" // somebody without a name, who was taken for an id: competes with ids
	Waiting  Role = "waiting"  // in the queue of what a person has to look at; ID is the id that it was likest to, or empty
)

// Entry is one image: its embedding, where it came from, and for whom it stands.
type Entry struct {
	Key       string    `json:"key"` // unique; sorts by when the entry was made
	Role      Role      `json:"role"`
	ID        string    `json:"id,omitempty"`
	Embedding []float32 `json:"embedding"`
	Model     string    `json:"model"`          // content hash of the model that made the embedding
	Source    string    `json:"source"`         // SHA-256 of the image file, hexadecimal; empty for embeddings from elsewhere
	Name      string    `json:"name,omitempty"` // of the image file, without its folder
	When      time.Time `json:"when"`
	Crop      []byte    `json:"crop,omitempty"` // PNG or JPEG of what was embedded and its surroundings; nil when not kept
	// Note says of what waits why it does, and Distance how near it came to its ID.
	Note     string    `json:"note,omitempty"`
	Distance *float32  `json:"distance,omitempty"`
	Expires  time.Time `json:"expires,omitzero"` // of what waits: when it is erased
}

func (e Entry) expired(now time.Time) bool { return !e.Expires.IsZero() && !e.Expires.After(now) }

// NewKey makes a key: the time in microseconds, and 64 random bits.
func NewKey(now time.Time) string {
	var key [16]byte
	binary.BigEndian.PutUint64(key[:8], uint64(now.UnixMicro()))
	_, _ = rand.Read(key[8:]) // never fails
	return hex.EncodeToString(key[:])
}

// MaxID is the longest id, in bytes.
const MaxID = 512

// ErrBadID says that a text can be no id: see [CleanID].
var ErrBadID = errors.New("not an id")

// badID is an [ErrBadID] that says why.
type badID string

func (b badID) Error() string { return string(b) }

func (badID) Is(target error) bool { return target == ErrBadID }

func badIDf(format string, args ...any) error { return badID(fmt.Sprintf(format, args...)) }

// CleanID makes an id of what a person, a folder or a file calls somebody: composed (Unicode NFC), without spaces around it. Any
// script, symbols and punctuation are fine; control characters, marks that turn the direction of all that follows, more than [MaxID]
// bytes and nothing at all are not: it fails with [ErrBadID].
func CleanID(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", badIDf("id %.40q is not valid UTF-8", name)
	}
	id := strings.TrimSpace(norm.NFC.String(name))
	switch {
	case id == "":
		return "", badID("an id is empty: name who it is")
	case len(id) > MaxID:
		return "", badIDf("id %.20q… has %d bytes, want at most %d: name a shorter one", id, len(id), MaxID)
	}
	if at := strings.IndexFunc(id, unfit); at >= 0 {
		return "", badIDf("id %.40q holds a control character at byte %d: leave it out", id, at)
	}
	return id, nil
}

// unfit characters break lines, or turn the text around them.
func unfit(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// fitName replaces what is unfit in a file's name.
func fitName(name string) string {
	return strings.Map(func(r rune) rune {
		if unfit(r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
}

// check says what is wrong with an entry of a gallery.
func (s Settings) check(e Entry) error {
	if len(e.Key) != 32 {
		return fmt.Errorf("entry key %q, want 32 hexadecimal digits", e.Key)
	}
	if e.ID != "" || e.Role == Enrolled {
		if id, err := CleanID(e.ID); err != nil {
			return err
		} else if id != e.ID {
			return fmt.Errorf("id %q, want it as %q", e.ID, id)
		}
	}
	if e.Role != Enrolled && e.Role != Stranger && e.Role != Waiting {
		return fmt.Errorf("entry of role %q, want %s, %s or %s", e.Role, Enrolled, Stranger, Waiting)
	}
	for _, text := range []string{e.Source, e.Name, e.Note} {
		if fitName(text) != text || len(text) > 8*MaxID {
			return fmt.Errorf("entry %s: %.40q is too long, or holds a control character", e.Key, text)
		}
	}
	if e.Role != Waiting && !e.Expires.IsZero() {
		return fmt.Errorf("entry %s is %s and expires: only what waits for review may", e.Key, e.Role)
	}
	if !s.Holds(e.Model) {
		return fmt.Errorf("an embedding of model %.12q for gallery %q, which holds those of %.12s: %w; re-embed the gallery with siam gallery migrate", e.Model, s.Name, s.Model, ErrOtherModel)
	}
	return s.fits(e.Embedding)
}

// fits says what is wrong with an embedding of a gallery: with nothing in it but zeros it has no direction, which is all that the cosine
// distance compares.
func (s Settings) fits(embedding []float32) error {
	err := distance.Check(s.Dim, embedding)
	if err == nil && s.Distance == distance.Cosine().Name && !slices.ContainsFunc(embedding, func(v float32) bool { return v != 0 }) {
		err = errors.New("all its numbers are 0")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadEmbedding, err)
	}
	return nil
}
