package gallery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// What stores fail with; errors.Is finds it in what they return.
var (
	ErrNotFound     = errors.New("not found")
	ErrExists       = errors.New("exists already")
	ErrConflict     = errors.New("changed meanwhile by somebody else: try again")
	ErrOtherModel   = errors.New("embeddings of different models cannot be compared")
	ErrBadEmbedding = errors.New("not an embedding of this gallery")
	ErrNewerStore   = errors.New("written by a newer version of siam: use that version")
	ErrUnreachable  = errors.New("the store cannot be reached")
	ErrFull         = errors.New("the disk is full: nothing was changed; make room and try again")
	ErrDamaged      = errors.New("the store is damaged")
	ErrWrongKey     = errors.New("the store is encrypted with another key")
)

// Store keeps galleries, their entries, and one audit log. All its methods may be called by several goroutines, and several
// programs may have the same store open.
//
// Every method hears its context: when that ends, it returns its error soon, and a change has then happened whole or not at all. A
// store that has lost its server fails with [ErrUnreachable], and works again by itself once the server is back.
type Store interface {
	// Galleries are the settings of all galleries, by name.
	Galleries(ctx context.Context) ([]Settings, error)

	// Entries yields entries by key, as they were at one moment. After an error it yields no more. It fails with [ErrNotFound] when
	// there is no such gallery. The loop's body may call the store.
	Entries(ctx context.Context, gallery string, q Query) iter.Seq2[Entry, error]

	// Vectors reads all that is searched, which are the enrolled entries and the strangers, by key, as they were at one moment. Where
	// since is the revision of an earlier answer and nothing has been taken away or altered since, the answer may hold the new ones
	// only; its Since then is since, and 0 otherwise. It fails with [ErrNotFound] when there is no such gallery.
	Vectors(ctx context.Context, gallery string, since int64) (Vectors, error)

	// Apply makes a change: all of it, or nothing and an error. When it has returned nil, the change survives the end of the process
	// and of the machine. What [Change.Verify] refuses is not applied.
	Apply(ctx context.Context, c Change) error

	// Log yields the audit log in order, from line number from on.
	Log(ctx context.Context, from int64) iter.Seq2[Line, error]

	// Close lets go of the store. Calls afterwards fail.
	Close() error
}

// Searcher is a [Store] that finds nearest entries itself.
type Searcher interface {
	// Nearest finds the k entries nearest to the probe among those of [Store.Vectors], nearest first and equally near ones by key, by
	// the gallery's distance. It returns fewer only where there are fewer. It fails with [errors.ErrUnsupported] on a distance that it
	// cannot compute.
	Nearest(ctx context.Context, gallery string, probe []float32, k int) ([]Hit, error)
}

// Approximator is a [Searcher] that may miss some of the nearest.
type Approximator interface {
	Approximate() bool // whether it does
}

// Query says which entries are wanted: all, or those that fit every field that is set.
type Query struct {
	ID     string
	Role   Role
	Key    string
	Before time.Time // made before it
	Crops  bool      // with their crops; without, Entry.Crop is nil
}

// Fits says whether an entry is wanted.
func (q Query) Fits(e Entry) bool {
	return (q.ID == "" || q.ID == e.ID) && (q.Role == "" || q.Role == e.Role) && (q.Key == "" || q.Key == e.Key) &&
		(q.Before.IsZero() || e.When.Before(q.Before))
}

// Ref names an entry that is searched.
type Ref struct {
	Key  string
	ID   string // empty for a stranger
	Role Role
}

// Vectors are embeddings to be searched.
type Vectors struct {
	Revision int64 // of the gallery's entries; more than 0, and larger after every change of them
	Since    int64 // the revision that these add to; 0 when these are all
	Dim      int
	Refs     []Ref
	Values   []float32 // [len(Refs), Dim]
}

// Hit is an entry that a search found.
type Hit struct {
	Ref
	Distance float32
}

// Change is what is done to one gallery at once, in the order of its fields.
type Change struct {
	Gallery string
	// Settings replace those of the gallery. With revision 0 they make a new gallery, or fail with [ErrExists]; otherwise their
	// revision must be the stored one, or they fail with [ErrConflict]. The stored revision becomes one more.
	Settings *Settings
	Drop     bool // the gallery itself, with all that it holds
	// Erase are ids of which nothing is to remain: their entries of every role, and what the log says about them. An id without
	// entries fails with [ErrNotFound]. The bytes are gone from where the store keeps them when Apply returns.
	Erase []string
	// Delete are keys of entries, erased in the same way; one that is not there fails with [ErrNotFound].
	Delete []string
	// Expire erases entries whose time to expire is not after it; zero erases none.
	Expire time.Time
	// Move gives the entries of one id to another, and what the log says about it.
	Move []Move
	// Embeddings replace those of entries; one that is not there fails with [ErrConflict].
	Embeddings []NewEmbedding
	// Put adds entries with new keys.
	Put []Entry
	// ForgetLog empties the parts of the gallery's log lines older than it; zero forgets none. The lines remain, and the chain holds.
	ForgetLog time.Time
	// Events become lines of the log.
	Events []Event
}

// Move renames an id.
type Move struct {
	From, To string
	Merge    bool // To may have entries already; otherwise that fails with [ErrExists]
}

// NewEmbedding is another embedding for an entry.
type NewEmbedding struct {
	Key       string
	Model     string
	Embedding []float32
}

// Verify checks a change by itself against the settings that the gallery will have once it is made: what [Settings.Check] says, and
// for entries their keys, roles, ids, models ([ErrOtherModel]) and embeddings ([ErrBadEmbedding]). Stores call it where they make
// the change. They have to check besides that all entries are of models that the settings hold when the settings change their
// model, and fail with [ErrConflict] otherwise.
func (c Change) Verify(s Settings) error {
	if err := s.Check(); err != nil {
		return err
	}
	for _, e := range c.Put {
		if err := s.check(e); err != nil {
			return err
		}
	}
	for _, e := range c.Embeddings {
		if err := s.check(Entry{Key: e.Key, Role: Stranger, Model: e.Model, Embedding: e.Embedding}); err != nil {
			return err
		}
	}
	for _, m := range c.Move {
		if id, err := CleanID(m.To); err != nil || id != m.To {
			return fmt.Errorf("rename %q to %q: %w", m.From, m.To, errors.Join(err, errors.New("want a clean id")))
		}
		if m.From == m.To {
			return fmt.Errorf("rename %q: it has that name already: %w", m.From, ErrExists)
		}
	}
	return nil
}
