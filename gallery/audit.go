package gallery

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"time"
)

// Event is what the audit log is to remember.
type Event struct {
	Time    time.Time
	Gallery string
	Who     string
	Action  string // identify, verify, enroll, remove, ...
	Model   string // hash, empty where none was asked
	Parts   []Part
}

// Part is something that an event says about certain ids. Its body can be erased without breaking the chain, which holds the digest:
// SHA-256 of salt and body.
type Part struct {
	About  []string        `json:"about,omitempty"` // erased when any of these ids is; not part of the chain
	Digest string          `json:"digest"`
	Salt   string          `json:"salt,omitempty"` // empty once erased
	Body   json.RawMessage `json:"body,omitempty"` // nil once erased
}

// NewPart makes a part of what encodes as JSON.
func NewPart(body any, about ...string) Part {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("gallery: audit part: %v", err)) // bodies are plain structs of this package
	}
	p := Part{About: about, Salt: rand.Text(), Body: encoded}
	p.Digest = p.digest()
	return p
}

func (p Part) digest() string {
	sum := sha256.Sum256(append([]byte(p.Salt+"\n"), p.Body...))
	return hex.EncodeToString(sum[:])
}

// Erased is the part without what it said.
func (p Part) Erased() Part { return Part{Digest: p.Digest} }

// Line is one line of the audit log.
type Line struct {
	Number  int64     `json:"number"` // from 1
	Time    time.Time `json:"time"`
	Gallery string    `json:"gallery"`
	Who     string    `json:"who"`
	Action  string    `json:"action"`
	Model   string    `json:"model,omitempty"`
	Parts   []Part    `json:"parts,omitempty"`
	Hash    string    `json:"hash"` // of all the above, digests in place of parts, and the hash of the line before
}

// After makes the line of an event that follows the line before; the zero Line is before all.
func (e Event) After(before Line) Line {
	l := Line{Number: before.Number + 1, Time: e.Time.UTC().Truncate(time.Microsecond), Gallery: e.Gallery, Who: e.Who, Action: e.Action, Model: e.Model, Parts: e.Parts}
	l.Hash = l.chained(before.Hash)
	return l
}

func (l Line) chained(before string) string {
	digests := make([]string, len(l.Parts))
	for i, p := range l.Parts {
		digests[i] = p.Digest
	}
	encoded, err := json.Marshal([]any{before, l.Number, l.Time.UnixMicro(), l.Gallery, l.Who, l.Action, l.Model, digests})
	if err != nil {
		panic(fmt.Sprintf("gallery: audit line: %v", err)) // strings and numbers only
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// VerifyLog follows the chain of a whole log, and fails at the first line that does not fit: one that was altered, put in or left
// out. It returns the last line. Lines cut off at the end show only by comparing it with one noted earlier.
func VerifyLog(lines iter.Seq2[Line, error]) (last Line, err error) {
	return VerifyAfter(Line{}, lines)
}

// VerifyAfter is [VerifyLog] for the lines that follow one; the zero Line is before all.
func VerifyAfter(before Line, lines iter.Seq2[Line, error]) (last Line, err error) {
	last = before
	for l, err := range lines {
		if err != nil {
			return last, err
		}
		if l.Number != last.Number+1 || l.Hash != l.chained(last.Hash) {
			return last, fmt.Errorf("audit log: line %d does not follow line %d: the log was altered: %w", l.Number, last.Number, ErrDamaged)
		}
		for i, p := range l.Parts {
			if p.Body != nil && p.digest() != p.Digest {
				return last, fmt.Errorf("audit log: part %d of line %d is not what was written: the log was altered: %w", i+1, l.Number, ErrDamaged)
			}
		}
		last = l
	}
	return last, nil
}
