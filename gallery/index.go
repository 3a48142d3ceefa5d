package gallery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/batch"
	"github.com/siam-go/siam/search"
)

// index keeps what a gallery searches in memory, as new as the store.
type index struct {
	of     *Gallery
	folder string // of graphs; empty for none

	questions *batch.Queue[question, answer]
	expired   atomic.Int64 // when what had waited long enough was last taken away, seconds since 1970

	mu      sync.Mutex
	made    time.Time // the gallery whose vectors these are: one that was dropped and made again counts its revisions anew
	vectors Vectors   // as the store has them
	how     Representation
	now     *searchable // what stands for them
	unkept  error       // why the file of the graph could not be written
}

func newIndex(g *Gallery) *index {
	x := &index{of: g, now: &searchable{}}
	x.questions = batch.New(questionsAtOnce, x.answer, ErrUnreachable)
	return x
}

// fresh is what is to be searched now.
func (x *index) fresh(ctx context.Context, s Settings) (*searchable, error) {
	how := s.Representation
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.made.Equal(s.Created) {
		x.made, x.vectors = s.Created, Vectors{}
	}
	v, err := x.of.store.Vectors(ctx, x.of.name, x.vectors.Revision)
	if err != nil {
		return nil, err
	}
	if v.Since > 0 && len(v.Refs) == 0 && how == x.how {
		x.vectors.Revision = v.Revision
		return x.now, nil
	}
	if v.Since > 0 {
		v.Refs, v.Values = slices.Concat(x.vectors.Refs, v.Refs), slices.Concat(x.vectors.Values, v.Values)
		v.Since = 0
	}
	x.vectors, x.how = v, how
	now, err := newSearchable(Represent(v, how, x.of.model.Distance), x.of.model.Distance)
	if err == nil && s.Approximate != nil {
		err = x.approximate(ctx, now, s.Approximate.Recall)
	}
	if err != nil {
		x.vectors = Vectors{} // so that the next one begins anew
		return nil, err
	}
	x.now = now
	return x.now, nil
}

// searchable is vectors that do not change any more.
type searchable struct {
	Vectors
	exact   *search.Exact
	asked   atomic.Int64
	compact func() *search.Compact
	// Where the search is approximate:
	graph  *search.Graph
	of     map[string]int // rows by key
	recall Recall
}

func newSearchable(v Vectors, by distance.Distance) (*searchable, error) {
	exact, err := search.NewExact(by, max(v.Dim, 1), v.Values)
	if err != nil {
		return nil, err
	}
	return &searchable{Vectors: v, exact: exact, compact: sync.OnceValue(exact.Compact)}, nil
}

// worthCodes is how many searches have to be asked for before vectors of a byte a number are worth making.
const worthCodes = 16

// flat finds the k vectors nearest to each probe, all of them.
func (s *searchable) flat(ctx context.Context, k int, probes [][]float32) ([][]distance.Neighbour, error) {
	if s.asked.Add(1) <= worthCodes {
		return s.exact.Nearest(ctx, k, probes...)
	}
	return s.compact().Nearest(ctx, k, probes...)
}

// nearest finds the k vectors nearest to each probe.
func (s *searchable) nearest(ctx context.Context, k int, probes [][]float32) ([][]Hit, error) {
	if s.graph != nil {
		return s.nearly(ctx, k, probes)
	}
	lists, err := s.flat(ctx, k, probes)
	if err != nil {
		return nil, err
	}
	found := make([][]Hit, len(lists))
	for i, list := range lists {
		for _, n := range list {
			found[i] = append(found[i], Hit{s.Refs[n.Row], n.Distance})
		}
	}
	return found, nil
}

// nearly finds nearly all of the k nearest.
func (s *searchable) nearly(ctx context.Context, k int, probes [][]float32) ([][]Hit, error) {
	lists, err := s.graph.Nearest(ctx, k, probes...)
	if err != nil {
		return nil, err
	}
	found := make([][]Hit, len(lists))
	for i, list := range lists {
		for _, f := range list {
			if row, there := s.of[f.Key]; there { // the graph may be newer
				found[i] = append(found[i], Hit{s.Refs[row], f.Distance})
			}
		}
	}
	return found, nil
}

func (v Vectors) rows() [][]float32 {
	rows := make([][]float32, len(v.Refs))
	for i := range rows {
		rows[i] = v.Values[i*v.Dim : (i+1)*v.Dim]
	}
	return rows
}

// expireAfter is how often verdicts take away what has waited long enough for review, seconds.
const expireAfter = 60

// toExpire says whether a verdict is to do that now.
func (x *index) toExpire(now time.Time) bool {
	last := x.expired.Load()
	return now.Unix() >= last+expireAfter && x.expired.CompareAndSwap(last, now.Unix())
}

// Prepare reads what is to be searched, so that the next verdict need not wait for it.
func (g *Gallery) Prepare(ctx context.Context) error {
	s, err := g.Settings(ctx)
	if err != nil {
		return err
	}
	_, err = g.index.fresh(ctx, s)
	return err
}

// search finds the k ids, or strangers, nearest to each probe: by the store where it can, and otherwise in memory, for all who ask at
// the same time together.
func (g *Gallery) search(ctx context.Context, s Settings, k int, probes ...[]float32) ([][]Candidate, error) {
	if searcher, can := g.store.(Searcher); can && s.Representation == Nearest {
		found, err := g.ask(ctx, searcher, k, probes)
		if !errors.Is(err, errors.ErrUnsupported) {
			return found, err
		}
	}
	if len(probes) == 0 {
		return nil, nil
	}
	answers, err := g.index.questions.Do(ctx, []question{{ctx, s, k, probes}})
	if err != nil {
		return nil, err
	}
	return answers[0].found, answers[0].err
}

// ask lets the store search.
func (g *Gallery) ask(ctx context.Context, store Searcher, k int, probes [][]float32) ([][]Candidate, error) {
	found := make([][]Candidate, len(probes))
	for i, probe := range probes {
		for wanted := 4 * k; ; wanted *= 4 {
			hits, err := store.Nearest(ctx, g.name, probe, wanted)
			if err != nil {
				return nil, err
			}
			found[i] = candidates(hits, k)
			if len(found[i]) == k || len(hits) < wanted {
				break
			}
		}
	}
	return found, nil
}

// candidates are the first k ids and strangers among hits.
func candidates(hits []Hit, k int) []Candidate {
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Key, b.Key))
	})
	var list []Candidate
	seen := map[string]bool{}
	for _, h := range hits {
		if h.Role == Enrolled && seen[h.ID] || len(list) == k {
			continue
		}
		seen[h.ID] = h.Role == Enrolled
		list = append(list, Candidate{ID: h.ID, Stranger: h.Role == Stranger, Distance: h.Distance, Key: h.Key})
	}
	return list
}
