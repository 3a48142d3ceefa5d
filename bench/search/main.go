// Command search compares package search with FAISS and hnswlib, which take turns with it on the same vectors and threads, and
// writes the table of docs/results.md:
//
//	go run ./bench/search -results docs/results.md
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/search"
)

const (
	dim    = 128
	k      = 10
	probes = 1000
	links  = 16
	build  = 200
	wanted = 0.99 // recall
)

type settings struct {
	n, graph, probes, turns, threads int
	python, results, keep, graphs    string
}

func main() {
	var s settings
	flag.IntVar(&s.n, "n", 1_000_000, "vectors that are searched exactly")
	flag.IntVar(&s.graph, "graph", 1_000_000, "vectors that are searched approximately")
	flag.IntVar(&s.probes, "probes", probes, "how many of the 1,000 probes a graph is asked")
	flag.StringVar(&s.graphs, "graphs", "clustered,uniform", "the vectors whose graphs are searched")
	flag.IntVar(&s.turns, "turns", 7, "how often each takes its turn; medians count")
	flag.IntVar(&s.threads, "threads", runtime.GOMAXPROCS(0), "processor threads")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "Python with faiss and hnswlib")
	flag.StringVar(&s.keep, "keep", "", "folder in which built graphs stay, so that a later run only searches them")
	flag.StringVar(&s.results, "results", "", "file to write the table to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench/search:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	runtime.GOMAXPROCS(s.threads)
	dir, err := os.MkdirTemp("", "siam-search-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t := table{settings: s, loadBefore: bench.Load(), bandwidth: bench.Bandwidth(s.threads)}
	if err := t.exact(ctx, dir); err != nil {
		return err
	}
	if err := t.cluster(); err != nil {
		return err
	}
	for _, name := range strings.Split(s.graphs, ",") {
		if err := t.approximate(ctx, dir, name, map[string]maker{"clustered": clustered, "uniform": uniform}[name]); err != nil {
			return err
		}
	}
	text := t.markdown()
	fmt.Print(text)
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-search", text)
}

// open writes what both search to files and starts the peer.
func (t *table) open(ctx context.Context, dir string, vectors, asked []float32, exact []int32) (*peer, error) {
	for name, x := range map[string][]float32{"vectors": vectors, "probes": asked} {
		if err := writeNumbers(filepath.Join(dir, name), x); err != nil {
			return nil, err
		}
	}
	if err := writeNumbers(filepath.Join(dir, "exact"), exact); err != nil {
		return nil, err
	}
	p, err := startPeer(ctx, t.settings, dir, len(vectors)/dim)
	if err != nil {
		return nil, err
	}
	t.versions, err = p.ask("versions")
	return p, err
}

// exact measures searches that miss nothing.
func (t *table) exact(ctx context.Context, dir string) error {
	vectors, asked := uniform(t.n)
	exact, err := search.NewExact(distance.SquaredEuclidean(), dim, vectors)
	if err != nil {
		return err
	}
	compact, err := search.NewCompact(distance.SquaredEuclidean(), dim, vectors)
	if err != nil {
		return err
	}
	p, err := t.open(ctx, dir, vectors, asked, []int32{0})
	if err != nil {
		return err
	}
	rows := slices.Collect(slices.Chunk(asked, dim))
	bytes := float64(len(vectors) * 4)
	for _, c := range []struct {
		name   string
		by     func(context.Context, int, ...[]float32) ([][]distance.Neighbour, error)
		probes int
		bytes  float64 // that it has to read
	}{
		{"exact, one probe", exact.Nearest, 1, bytes},
		{"exact by bytes, one probe", compact.Nearest, 1, bytes / 4},
		{"exact, 64 probes at once", exact.Nearest, 64, 0},
	} {
		r := row{name: c.name, vectors: t.n, probes: c.probes, bytes: c.bytes}
		for range t.turns {
			own, err := timed(func() error { _, err := c.by(ctx, k, rows[:c.probes]...); return err })
			if err != nil {
				return err
			}
			theirs, err := p.ask("flat", c.probes)
			if err != nil {
				return err
			}
			r.own, r.theirs = append(r.own, own), append(r.theirs, theirs)
		}
		t.add(r)
	}
	return p.stop()
}

// approximate measures searches by graphs, each at the smallest breadth that finds enough.
func (t *table) approximate(ctx context.Context, dir, name string, made maker) error {
	if made == nil {
		return fmt.Errorf("no vectors are called %q: want clustered or uniform", name)
	}
	vectors, asked := made(t.graph)
	asked = asked[:min(max(1, t.probes), probes)*dim]
	rows := slices.Collect(slices.Chunk(asked, dim))
	exact, err := search.NewExact(distance.SquaredEuclidean(), dim, vectors)
	if err != nil {
		return err
	}
	lists, err := exact.Nearest(ctx, k, rows...)
	if err != nil {
		return err
	}
	var want []int32
	for _, list := range lists {
		for _, n := range list {
			want = append(want, int32(n.Row))
		}
	}
	if t.keep != "" {
		dir = filepath.Join(t.keep, fmt.Sprintf("%s-%d", name, t.graph))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	p, err := t.open(ctx, dir, vectors, asked, want)
	if err != nil {
		return err
	}
	g, made1, err := built(filepath.Join(dir, "siam.graph"), vectors)
	if err != nil {
		return err
	}
	made2, err := p.ask("build", links, build)
	if err != nil {
		return err
	}
	t.add(row{name: "graph of " + name + " vectors, built", vectors: t.graph, own: []turn{made1}, theirs: []turn{made2}})
	r := row{name: fmt.Sprintf("approximate, %s, %d probes", name, len(rows)), vectors: t.graph, probes: len(rows)}
	ask := func(breadth int) (turn, error) { return asking(ctx, g, rows, want, breadth) }
	theirs := func(breadth int) (turn, error) { return p.ask("graph", breadth) }
	if r.breadth[0], err = enough(t.graph, ask); err != nil {
		return fmt.Errorf("siam on %s vectors: %w", name, err)
	}
	if r.breadth[1], err = enough(t.graph, theirs); err != nil {
		return fmt.Errorf("hnswlib on %s vectors: %w", name, err)
	}
	for range t.turns {
		for _, side := range []struct {
			ask     func(int) (turn, error)
			breadth int
			to      *[]turn
		}{{ask, r.breadth[0], &r.own}, {theirs, r.breadth[1], &r.theirs}} {
			took, err := side.ask(side.breadth)
			if err != nil {
				return err
			}
			*side.to = append(*side.to, took)
		}
	}
	t.add(r)
	return p.stop()
}

// built is a graph of the vectors and what its building took; it is read where an earlier run left it.
func built(file string, vectors []float32) (*search.Graph, turn, error) {
	keys := make([]string, len(vectors)/dim)
	for i := range keys {
		keys[i] = fmt.Sprintf("%07d", i)
	}
	var took turn
	if text, err := os.ReadFile(file + ".json"); err == nil {
		if err := json.Unmarshal(text, &took); err != nil {
			return nil, took, err
		}
		g, _, err := search.ReadGraphFile(file, distance.SquaredEuclidean(), dim, keys, vectors)
		return g, took, err
	}
	g, err := search.NewGraph(distance.SquaredEuclidean(), dim, search.GraphOptions{Links: links, Build: build, Seed: 1})
	if err != nil {
		return nil, took, err
	}
	if took, err = timed(func() error { return g.Add(keys, vectors) }); err != nil {
		return nil, took, err
	}
	if err := g.WriteFile(file); err != nil {
		return nil, took, err
	}
	text, err := json.Marshal(took)
	if err != nil {
		return nil, took, err
	}
	return g, took, os.WriteFile(file+".json", text, 0o644)
}

// asking searches a graph with a breadth.
func asking(ctx context.Context, g *search.Graph, rows [][]float32, want []int32, breadth int) (turn, error) {
	if err := g.SetBreadth(breadth); err != nil {
		return turn{}, err
	}
	var found [][]search.Found
	took, err := timed(func() (err error) { found, err = g.Nearest(ctx, k, rows...); return err })
	hits := 0
	for i, list := range found {
		for _, f := range list {
			for _, w := range want[i*k : (i+1)*k] {
				if f.Key == fmt.Sprintf("%07d", w) {
					hits++
				}
			}
		}
	}
	took.Recall = float64(hits) / float64(len(want))
	return took, err
}

// maker makes n vectors and [probes] to ask for.
type maker func(n int) (vectors, asked []float32)

// enough is the smallest breadth below most, of steps of a fifth, that has the wanted recall, which grows with the breadth.
func enough(most int, ask func(breadth int) (turn, error)) (int, error) {
	var breadths []int
	for breadth := k; breadth < most; breadth += breadth/5 + 1 {
		breadths = append(breadths, breadth)
	}
	short, first := 0, len(breadths) // those before short find too little; that at first finds enough
	for at := 4; short < first; {
		t, err := ask(breadths[at])
		if err != nil {
			return 0, err
		}
		if t.Recall >= wanted {
			first = at
		} else {
			short = at + 1
		}
		if at = (short + first) / 2; first == len(breadths) {
			at = min(short+3, first-1) // twice as broad
		}
	}
	if first == len(breadths) {
		return 0, fmt.Errorf("no breadth has recall %v", wanted)
	}
	return breadths[first], nil
}
