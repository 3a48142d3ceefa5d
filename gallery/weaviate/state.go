package weaviate

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/siam-go/siam/gallery"
)

// record is one change as the cluster keeps it for good: what it did, and nothing that says anything about anybody. That lies in
// objects of its own, whose names are random, and which are deleted when it is erased.
type record struct {
	UID      string            `json:"uid"`
	Void     bool              `json:"void,omitempty"` // nothing changed: whoever had the turn did not use it
	Gallery  string            `json:"gallery,omitempty"`
	Settings *gallery.Settings `json:"settings,omitempty"` // as they are now; nil where entries are not touched
	Drop     bool              `json:"drop,omitempty"`
	Taken    bool              `json:"taken,omitempty"` // entries were taken away or altered
	Take     []string          `json:"take,omitempty"`  // keys of entries
	Put      []slip            `json:"put,omitempty"`
	Erased   []erasure         `json:"erased,omitempty"`
	Gone     []string          `json:"gone,omitempty"`  // objects to be deleted
	Lines    []line            `json:"lines,omitempty"` // new ones of the log
	Parts    []parts           `json:"parts,omitempty"` // those of older lines, where they have changed
	Last     int64             `json:"last,omitempty"`  // line of the log, and its hash, after this
	Hash     string            `json:"hash,omitempty"`
	Settled  int64             `json:"settled,omitempty"` // what was erased up to this change has left all nodes
}

// slip says where an entry lies.
type slip struct {
	Key    string `json:"key"`
	Object string `json:"object"`
	Crop   string `json:"crop,omitempty"`
	Added  int64  `json:"added,omitempty"`  // the gallery's revision at which it came
	Change int64  `json:"change,omitempty"` // by which it was written
}

// erasure is an entry of the ledger: that an id was erased, without the id.
type erasure struct {
	Hash string `json:"hash"`
	Time int64  `json:"time"` // microseconds since 1970
}

// line is one of the log, without what its parts say.
type line struct {
	Time    int64    `json:"time"`
	Gallery string   `json:"gallery,omitempty"`
	Who     string   `json:"who,omitempty"`
	Action  string   `json:"action,omitempty"`
	Model   string   `json:"model,omitempty"`
	Hash    string   `json:"hash"`
	Digests []string `json:"digests,omitempty"`
	Parts   string   `json:"parts,omitempty"` // the object that has them
}

// parts says where the parts of a line lie now; nowhere when all are erased.
type parts struct {
	Line   int64  `json:"line"`
	Object string `json:"object,omitempty"`
}

// paper is an entry as an object holds it: the embedding as bytes, and the crop elsewhere.
type paper struct {
	gallery.Entry
	Vector []byte `json:"vector"` // little-endian float32
}

// state is what all changes up to one make of a store.
type state struct {
	Head      int64              `json:"head"` // the last change
	Last      int64              `json:"last"` // line of the log, and its hash
	Hash      string             `json:"hash"`
	Galleries map[string]*shelf  `json:"galleries"`
	Ledger    map[string]int64   `json:"ledger"`    // the last change that erased an id, by its hash
	Parts     map[int64]string   `json:"parts"`     // of lines that have changed
	Unsettled map[int64][]string `json:"unsettled"` // objects that a change erased, and that a node may have still
}

// shelf is one gallery.
type shelf struct {
	Settings gallery.Settings `json:"settings"`
	Revision int64            `json:"revision"` // of the entries
	Taken    int64            `json:"taken"`    // the last revision that took away or altered some
	Slips    map[string]slip  `json:"slips"`    // by key

	papers map[string]gallery.Entry // by object
	rows   []row                    // by key; nil until they are read
}

// row is an entry that was read, without its crop. Rows are never altered.
type row struct {
	gallery.Entry
	at slip
}

func newState() *state {
	return &state{Galleries: map[string]*shelf{}, Ledger: map[string]int64{}, Parts: map[int64]string{}, Unsettled: map[int64][]string{}}
}

// fold makes the next change.
func (s *state) fold(r record) {
	s.Head++
	if r.Void {
		return
	}
	s.Last, s.Hash = r.Last, r.Hash
	for _, p := range r.Parts {
		s.Parts[p.Line] = p.Object
	}
	for _, e := range r.Erased {
		s.Ledger[e.Hash] = s.Head
	}
	if len(r.Gone) > 0 {
		s.Unsettled[s.Head] = r.Gone
	}
	for change := range s.Unsettled {
		if change <= r.Settled {
			delete(s.Unsettled, change)
		}
	}
	if r.Settings != nil {
		s.shelf(r.Gallery).fold(s.Head, r)
	}
	if r.Drop {
		delete(s.Galleries, r.Gallery)
	}
}

func (s *state) shelf(name string) *shelf {
	if s.Galleries[name] == nil {
		s.Galleries[name] = &shelf{Slips: map[string]slip{}}
	}
	return s.Galleries[name]
}

func (g *shelf) fold(change int64, r record) {
	g.Settings = *r.Settings
	g.Revision++
	if r.Taken {
		g.Taken = g.Revision
	}
	for _, key := range r.Take {
		delete(g.Slips, key)
	}
	for _, p := range r.Put {
		p.Added, p.Change = g.Revision, change
		g.Slips[p.Key] = p
	}
	if len(r.Take)+len(r.Put) > 0 {
		g.rows = nil
	}
}

// hashed is an id in the ledger. The salt is the store's own, so that ids cannot be looked up in a list made for all stores; who has
// both the store and a guess can still check the guess.
func hashed(salt, gallery, id string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", salt, gallery, id))
	return hex.EncodeToString(sum[:16])
}

// named is the name of an object that others have to find: a change, or a snapshot.
func named(salt, kind string, number int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", salt, kind, number))
	return uuid([16]byte(sum[:16]), 8)
}

// fresh is a new name.
func fresh() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails
	return uuid(bits, 4)
}

func uuid(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
