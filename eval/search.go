package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/internal/nearest"
	"github.com/siam-go/siam/internal/parallel"
)

// search orders the references for every query, a block of queries at a time.
type search struct {
	queries, references Labelled
	leaveSelfOut        bool
	except              func(query, reference int) bool
	byLabel             map[int][]int // rows of the references
	distances           distances
}

// distances writes the distances from the queries lo to hi-1 to all n references into dst, [nearest.Block, n], where hi-lo is
// at most nearest.Block. Only their order within a row counts.
type distances func(dst []float32, lo, hi int)

func newSearch(queries, references Labelled, leaveSelfOut bool, ranking Ranking) *search {
	s := &search{queries: queries, references: references, leaveSelfOut: leaveSelfOut, except: ranking.Except, byLabel: make(map[int][]int)}
	for row, label := range references.Labels {
		s.byLabel[label] = append(s.byLabel[label], row)
	}
	if ranking.Distance == nil {
		squared := nearest.NewSquared(queries.Embeddings, references.Embeddings)
		s.distances = func(dst []float32, lo, _ int) { squared.Rows(dst, lo) }
	} else {
		s.distances = func(dst []float32, lo, hi int) {
			n := len(references.Embeddings)
			for q := lo; q < hi; q++ {
				for r, e := range references.Embeddings {
					dst[(q-lo)*n+r] = ranking.Distance(queries.Embeddings[q], e)
				}
			}
		}
	}
	return s
}

// run judges every query. Each core holds the distances of one block of queries.
func (s *search) run() []outcome {
	outcomes := make([]outcome, len(s.queries.Labels))
	n := len(s.references.Labels)
	blocks := (len(outcomes) + nearest.Block - 1) / nearest.Block
	parallel.Ranges(blocks, func(from, to int) {
		dst := make([]float32, nearest.Block*n)
		for b := from; b < to; b++ {
			lo, hi := b*nearest.Block, min((b+1)*nearest.Block, len(outcomes))
			s.distances(dst, lo, hi)
			for q := lo; q < hi; q++ {
				outcomes[q] = s.outcome(q, dst[(q-lo)*n:(q-lo+1)*n])
			}
		}
	})
	return outcomes
}

// outcome judges query q from its distances to all references.
func (s *search) outcome(q int, row []float32) outcome {
	own := s.byLabel[s.queries.Labels[q]]
	relevant := len(own)
	if s.leaveSelfOut {
		relevant--
		row[q] = float32(math.Inf(1))
	}
	if s.except != nil {
		for _, r := range own {
			if !(s.leaveSelfOut && r == q) && s.except(q, r) {
				relevant--
				row[r] = float32(math.Inf(1))
			}
		}
	}
	if relevant < 1 {
		return outcome{}
	}
	var hits []int
	for rank, r := range nearestColumns(row, relevant) {
		if s.references.Labels[r] == s.queries.Labels[q] {
			hits = append(hits, rank)
		}
	}
	if len(hits) > 0 {
		return judge(hits, relevant, hits[0])
	}
	return judge(hits, relevant, firstRank(row, own))
}

// firstRank returns the rank, from 0, of the nearest of own among all of row; -1 when none is at a finite distance.
func firstRank(row []float32, own []int) int {
	first, least := -1, float32(math.Inf(1))
	for _, r := range own {
		if row[r] < least {
			first, least = r, row[r]
		}
	}
	if first < 0 {
		return -1
	}
	rank := 0
	for _, d := range row[:first] {
		if d <= least {
			rank++
		}
	}
	for _, d := range row[first:] {
		if d < least {
			rank++
		}
	}
	return rank
}

// nearestColumns returns the k columns of row with the smallest distances in order, equal ones by column; fewer than k when fewer
// distances are finite.
func nearestColumns(row []float32, k int) []int {
	type candidate struct {
		distance float32
		column   int
	}
	keep := make([]candidate, 0, 2*k+16)
	bound := float32(math.Inf(1)) // of the k-th nearest so far; a later column must beat it
	shrink := func() {
		slices.SortFunc(keep, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.column, b.column))
		})
		if len(keep) >= k {
			keep = keep[:k]
			bound = keep[k-1].distance
		}
	}
	for column, d := range row {
		if d < bound {
			if keep = append(keep, candidate{d, column}); len(keep) == cap(keep) {
				shrink()
			}
		}
	}
	shrink()
	columns := make([]int, len(keep))
	for i, c := range keep {
		columns[i] = c.column
	}
	return columns
}
