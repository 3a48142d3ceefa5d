package gallery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/siam-go/siam/search"
	"github.com/siam-go/siam/stats"
)

// Approximate says that a gallery is searched by a graph, which may miss some of the nearest.
type Approximate struct {
	Recall float64 `json:"recall"` // stated: the gallery gives no verdicts where fewer of the nearest are found
}

// Recall is what an approximate search finds of what an exact one does.
type Recall struct {
	Rate               // of the ten nearest to probes between neighbours; Promised is the stated recall
	Vectors     int    `json:"vectors"`
	Breadth     int    `json:"breadth"`          // candidates that a search keeps, as many as that recall takes
	Unreachable int    `json:"unreachable"`      // vectors that no search can find
	File        string `json:"file,omitempty"`   // that keeps the graph
	Unkept      string `json:"unkept,omitempty"` // why the file could not be written: programs build the graph anew until it can
}

// ErrRecall is what a gallery fails with whose approximate search finds less than is stated.
var ErrRecall = errors.New("the approximate search finds too little")

// GraphKeeper is a [Store] that knows a folder in which graphs are kept; empty for none.
type GraphKeeper interface {
	GraphFolder() string
}

// IndexIn keeps the graphs of galleries that are searched approximately in a folder, so that the next program need not build them; without it,
// the store's, if that is a [GraphKeeper]. Two stores must not share one. The files hold keys of entries and links, no embeddings. Where
// there is no folder, or it cannot be written, graphs are built anew.
func IndexIn(folder string) Option { return func(g *Gallery) { g.index.folder = folder } }

const (
	recallOf      = 10   // nearest that recall is about
	recallProbes  = 256  // when a graph is made or has changed
	auditProbes   = 2000 // when it is audited
	leastBreadth  = 64
	largestRecall = 1 << 14 // breadth up to which more recall is tried for
)

// graphFile is where the gallery's graph is kept; empty for nowhere.
func (x *index) graphFile() string {
	if x.folder == "" {
		return ""
	}
	name := sha256.Sum256([]byte(x.of.name))
	return filepath.Join(x.folder, hex.EncodeToString(name[:8])+".graph")
}

// approximate makes or follows the graph of what is to be searched, and measures it.
func (x *index) approximate(ctx context.Context, s *searchable, stated float64) error {
	if len(s.Refs) == 0 {
		return x.forget()
	}
	keys := make([]string, len(s.Refs))
	s.of = make(map[string]int, len(s.Refs))
	for i, r := range s.Refs {
		keys[i], s.of[r.Key] = r.Key, i
	}
	g, changed, err := x.graph(keys, s)
	if err != nil {
		return fmt.Errorf("gallery %q: %w", x.of.name, err)
	}
	s.graph = g
	if err := s.widen(ctx, stated); err != nil {
		return err
	}
	if s.recall, err = s.measure(ctx, recallProbes, 2, stated); err != nil {
		return err
	}
	if file := x.graphFile(); file != "" && (changed > 0 || x.unkept != nil) {
		if x.unkept = os.MkdirAll(x.folder, 0o700); x.unkept == nil {
			x.unkept = g.WriteFile(file)
		}
	}
	return nil
}

// graph is one of the vectors as they are now: that of before, or the file's, or a new one.
func (x *index) graph(keys []string, s *searchable) (*search.Graph, int, error) {
	by := x.of.model.Distance
	if g := x.now.graph; g != nil {
		changed, err := g.Follow(keys, s.Values)
		return g, changed, err
	}
	if file := x.graphFile(); file != "" { // one that is damaged or cannot be read is made again
		if g, changed, err := search.ReadGraphFile(file, by, s.Dim, keys, s.Values); err == nil {
			return g, changed, nil
		}
	}
	g, err := search.NewGraph(by, s.Dim, search.GraphOptions{Breadth: leastBreadth, Seed: 1})
	if err != nil {
		return nil, 0, err
	}
	return g, len(keys), g.Add(keys, s.Values)
}

// erased takes the keys of what was erased out of the graph's file, whatever else came of it.
func (g *Gallery) erased(ctx context.Context, err error) error {
	return errors.Join(err, g.index.erased(context.WithoutCancel(ctx), err == nil))
}

func (x *index) erased(ctx context.Context, surely bool) error {
	file := x.graphFile()
	if _, err := os.Lstat(file); file == "" || err != nil {
		return nil
	}
	v, err := x.of.store.Vectors(ctx, x.of.name, 0)
	if err != nil && !surely && !errors.Is(err, ErrNotFound) { // nobody knows: whoever reads the file next compares it with the store
		return nil
	}
	if err != nil {
		return x.forget()
	}
	there := make(map[string]bool, len(v.Refs))
	for _, r := range v.Refs {
		there[r.Key] = true
	}
	if _, err := search.EraseFromFile(file, func(key string) bool { return there[key] }); err != nil {
		return x.forget()
	}
	return nil
}

// forget takes the file away.
func (x *index) forget() error {
	file := x.graphFile()
	if file == "" {
		return nil
	}
	err := os.Remove(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if info, statErr := os.Stat(x.folder); err != nil && statErr == nil && !info.IsDir() { // there can be no file in it
		return nil
	}
	return err
}

// widen finds the smallest breadth, of doubles, that surely has the stated recall, as far as some probes tell, or the largest.
func (s *searchable) widen(ctx context.Context, stated float64) error {
	probes, err := s.between(ctx, recallProbes, 1)
	if err != nil {
		return err
	}
	return s.graph.Widen(ctx, recallOf, leastBreadth, largestRecall, func(hits, of int) bool {
		return stats.NewProportion(hits, of).CI95[0] >= stated
	}, probes...)
}

// measure says what the recall is, by other probes than those that the breadth was chosen by.
func (s *searchable) measure(ctx context.Context, n int, seed uint64, stated float64) (Recall, error) {
	probes, err := s.between(ctx, n, seed)
	if err != nil {
		return Recall{}, err
	}
	hits, of, err := s.graph.Recall(ctx, recallOf, probes...)
	p := stats.NewProportion(hits, of)
	return Recall{
		Rate:    Rate{Promised: stated, Value: p.Value, CI95: p.CI95, N: len(probes)},
		Vectors: len(s.Refs), Breadth: s.graph.Breadth(), Unreachable: len(s.graph.Unreachable()),
	}, err
}

// between is probes half-way from entries to their nearest neighbours.
func (s *searchable) between(ctx context.Context, n int, seed uint64) ([][]float32, error) {
	rows := s.rows()
	chosen := rand.New(rand.NewPCG(seed, 0)).Perm(len(rows))
	chosen = chosen[:min(n, len(rows))]
	probes := make([][]float32, len(chosen))
	for i, row := range chosen {
		probes[i] = rows[row]
	}
	lists, err := s.exact.Nearest(ctx, 2, probes...)
	if err != nil {
		return nil, err
	}
	for i, list := range lists {
		probes[i] = meanOf([][]float32{rows[list[0].Row], rows[list[len(list)-1].Row]})
	}
	return probes, nil
}

// serves fails with [ErrRecall] where too little is found.
func (s *searchable) serves(gallery string) error {
	if s.graph == nil || s.recall.Value >= s.recall.Promised {
		return nil
	}
	return fmt.Errorf("gallery %q: %w: %.4f of the nearest, stated %.4f: no verdicts; make a gallery that is searched exactly, and import this one's export",
		gallery, ErrRecall, s.recall.Value, s.recall.Promised)
}

// AuditRecall measures what the approximate search of the gallery, or of its store, finds of what an exact one does. It is nil for a
// gallery that is searched exactly.
func (g *Gallery) AuditRecall(ctx context.Context) (*Recall, error) {
	s, err := g.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if store, can := g.store.(Searcher); can && s.Representation == Nearest {
		if kind, may := g.store.(Approximator); may && kind.Approximate() {
			return g.storesRecall(ctx, store)
		}
	}
	if s.Approximate == nil {
		return nil, nil
	}
	all, err := g.index.fresh(ctx, s)
	if err != nil || all.graph == nil {
		return &Recall{Rate: Rate{Promised: s.Approximate.Recall, Value: 1, CI95: [2]float64{1, 1}}}, err
	}
	r, err := all.measure(ctx, auditProbes, 3, s.Approximate.Recall)
	r.File = g.index.graphFile()
	if unkept := g.index.failure(); unkept != nil {
		r.File, r.Unkept = "", unkept.Error()
	}
	return &r, err
}

// storesProbes is how many probes a store is asked, one at a time.
const storesProbes = 256

// storesRecall measures a store that searches itself. Nothing is stated of it.
func (g *Gallery) storesRecall(ctx context.Context, store Searcher) (*Recall, error) {
	v, err := g.store.Vectors(ctx, g.name, 0)
	if err != nil {
		return nil, err
	}
	all, err := newSearchable(v, g.model.Distance)
	if err != nil || len(v.Refs) == 0 {
		return &Recall{Rate: Rate{Value: 1, CI95: [2]float64{1, 1}}}, err
	}
	probes, err := all.between(ctx, storesProbes, 3)
	if err != nil {
		return nil, err
	}
	exact, err := all.exact.Nearest(ctx, recallOf, probes...)
	if err != nil {
		return nil, err
	}
	hits, of := 0, 0
	for i, probe := range probes {
		found, err := store.Nearest(ctx, g.name, probe, recallOf)
		if errors.Is(err, errors.ErrUnsupported) { // then it is searched exactly here
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if f.Distance <= exact[i][len(exact[i])-1].Distance {
				hits++
			}
		}
		of += len(exact[i])
	}
	p := stats.NewProportion(hits, of)
	return &Recall{Rate: Rate{Value: p.Value, CI95: p.CI95, N: len(probes)}, Vectors: len(v.Refs)}, nil
}

// failure is why the file of the graph could not be written.
func (x *index) failure() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.unkept
}

// missedToo is a rate of missed people, of whom the search misses some besides.
func (r Rate) missedToo(recall Rate) Rate {
	miss := func(rate, found float64) float64 { return 1 - (1-rate)*found }
	r.Value, r.CI95 = miss(r.Value, recall.Value), [2]float64{miss(r.CI95[0], recall.CI95[1]), miss(r.CI95[1], recall.CI95[0])}
	return r
}
