package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
)

// table is what was measured.
type table struct {
	settings
	loadBefore string
	bandwidth  float64 // GB/s
	versions   turn
	rows       []row
}

// row is one piece of work, done in turn.
type row struct {
	name            string
	vectors, probes int
	bytes           float64 // that it has to read, 0 where that does not bound it
	breadth         [2]int  // ours and theirs, of graphs
	own, theirs     []turn
}

func (t *table) add(r row) {
	t.rows = append(t.rows, r)
	fmt.Fprint(os.Stderr, t.line(r))
}

// median is the middle of what turns give.
func median(turns []turn, of func(turn) float64) float64 {
	if len(turns) == 0 {
		return math.NaN()
	}
	var v []float64
	for _, t := range turns {
		v = append(v, of(t))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func wall(t turn) float64 { return t.Wall }

func busy(t turn) float64 { return t.Processor }

// cluster measures siam cluster's work on 10,000 embeddings.
func (t *table) cluster() error {
	vectors, _ := clustered(10000)
	r := row{name: "clusters of 10,000, with the threshold", vectors: 10000}
	for range min(3, t.turns) {
		took, err := timed(func() error {
			pairs, err := distance.NewPairs(distance.SquaredEuclidean(), slices.Collect(slices.Chunk(vectors, dim)))
			if err != nil {
				return err
			}
			tree, err := eval.Agglomerate(pairs, eval.Average)
			if err != nil {
				return err
			}
			eval.BestCut(tree, pairs, math.Inf(1))
			return nil
		})
		if err != nil {
			return err
		}
		r.own = append(r.own, took)
	}
	t.add(r)
	return nil
}

func (t *table) line(r row) string {
	b := fmt.Sprintf("| %s | %d | %s | %s |", r.name, r.vectors, seconds(median(r.own, wall)), seconds(median(r.own, busy)))
	if len(r.theirs) == 0 {
		return b + " | | | | |\n"
	}
	b += fmt.Sprintf(" %s | %s | %.2f | %.2f |", seconds(median(r.theirs, wall)), seconds(median(r.theirs, busy)),
		median(r.own, wall)/median(r.theirs, wall), median(r.own, busy)/median(r.theirs, busy))
	switch {
	case r.bytes > 0:
		b += fmt.Sprintf(" %.0f %% of the bandwidth |", 100*r.bytes/median(r.own, wall)/1e9/t.bandwidth)
	case r.breadth[0] > 0:
		b += fmt.Sprintf(" recall %.4f and %.4f, breadth %d and %d |", r.own[0].Recall, r.theirs[0].Recall, r.breadth[0], r.breadth[1])
	default:
		b += " |"
	}
	return b + "\n"
}

func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.1f ms", 1000*s)
	}
	return fmt.Sprintf("%.2f s", s)
}

func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d threads, %.1f GB/s read from memory; commit %s; load before %s, after %s. FAISS %s (%s) and hnswlib from Debian, in turn, %d turns.\n\n",
		bench.Processor(), t.threads, t.bandwidth, bench.Commit(), t.loadBefore, bench.Load(), t.versions.FAISS, t.versions.Compiled, t.turns)
	b.WriteString("| ten nearest, 128 numbers | vectors | Siam | processor time | FAISS or hnswlib | processor time | Siam's share: time | processor time | |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, r := range t.rows {
		b.WriteString(t.line(r))
	}
	b.WriteString("\nMedians of the turns. A share below 1 is less time than theirs. Exact searches stand beside FAISS' `IndexFlatL2`; graphs beside hnswlib with the same links (16) and breadth of building (200), each searched " +
		"with the smallest breadth, in steps of a fifth, of recall 0.99. On a machine where other programs ran the processor times say more.\n")
	return b.String()
}
