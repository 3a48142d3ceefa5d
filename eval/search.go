package eval

import (
	"math"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/parallel"
)

// search orders the references for every query, a block of queries at a time.
type search struct {
	queries, references Labelled
	leaveSelfOut        bool
	except              func(query, reference int) bool
	byLabel             map[int][]int // rows of the references
	index               *distance.Index
}

func newSearch(queries, references Labelled, leaveSelfOut bool, ranking Ranking) (*search, error) {
	s := &search{queries: queries, references: references, leaveSelfOut: leaveSelfOut, except: ranking.Except, byLabel: make(map[int][]int)}
	for row, label := range references.Labels {
		s.byLabel[label] = append(s.byLabel[label], row)
	}
	if ranking.Distance.Of == nil {
		ranking.Distance = distance.SquaredEuclidean()
	}
	var err error
	s.index, err = distance.NewIndex(ranking.Distance, references.Embeddings)
	return s, err
}

// run judges every query. Each core holds the distances of one block of queries.
func (s *search) run() []outcome {
	outcomes := make([]outcome, len(s.queries.Labels))
	n := len(s.references.Labels)
	blocks := (len(outcomes) + distance.Block - 1) / distance.Block
	parallel.Ranges(blocks, func(from, to int) {
		dst := make([]float32, distance.Block*n)
		for b := from; b < to; b++ {
			lo, hi := b*distance.Block, min((b+1)*distance.Block, len(outcomes))
			s.index.Rows(dst[:(hi-lo)*n], s.queries.Embeddings[lo:hi])
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
	for rank, r := range distance.Smallest(row, relevant) {
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
