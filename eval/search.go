package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/internal/kernel"
	"github.com/siam-go/siam/internal/parallel"
)

// search orders the references for every query, a block of queries at a time.
type search struct {
	queries, references Labelled
	leaveSelfOut        bool
	byLabel             map[int][]int // rows of the references
	distances           distances
}

// distances writes the distances from the queries lo to hi-1 to all n references into dst, [queryBlock, n], where hi-lo is
// at most queryBlock. Only their order within a row counts.
type distances func(dst []float32, lo, hi int)

func newSearch(queries, references Labelled, leaveSelfOut bool, ranking Ranking) *search {
	s := &search{queries: queries, references: references, leaveSelfOut: leaveSelfOut, byLabel: make(map[int][]int)}
	for row, label := range references.Labels {
		s.byLabel[label] = append(s.byLabel[label], row)
	}
	s.distances = squaredDistances(queries.Embeddings, references.Embeddings)
	if ranking.Distance != nil {
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

// queryBlock is how many queries share one pass over the references.
const queryBlock = 48

// run judges every query. Each core holds the distances of one block of queries.
func (s *search) run() []outcome {
	outcomes := make([]outcome, len(s.queries.Labels))
	n := len(s.references.Labels)
	blocks := (len(outcomes) + queryBlock - 1) / queryBlock
	parallel.Ranges(blocks, func(from, to int) {
		dst := make([]float32, queryBlock*n)
		for b := from; b < to; b++ {
			lo, hi := b*queryBlock, min((b+1)*queryBlock, len(outcomes))
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
	if relevant < 1 {
		return outcome{}
	}
	var hits []int
	for rank, r := range nearest(row, relevant) {
		if s.references.Labels[r] == s.queries.Labels[q] {
			hits = append(hits, rank)
		}
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

// nearest returns the k columns of row with the smallest distances in order, equal ones by column; fewer than k when fewer
// distances are finite.
func nearest(row []float32, k int) []int {
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

// squaredDistances orders by squared Euclidean distance, less the squared length of the query, which is the same for all its
// references:
//
//	|r|² - 2·q·r
//
// Both sets are first moved so that the references' mean is 0, which keeps float32 rounding small.
func squaredDistances(queries, references [][]float32) distances {
	d := len(references[0])
	mean := make([]float64, d)
	for _, e := range references {
		for i, v := range e {
			mean[i] += float64(v) / float64(len(references))
		}
	}
	padded := (len(queries) + queryBlock - 1) / queryBlock * queryBlock
	q, r := centred(queries, mean, padded), centred(references, mean, len(references))
	minusTwo, squares := make([]float32, len(references)), make([]float32, len(references))
	for row := range squares {
		minusTwo[row] = -2
		for _, v := range r[row*d : (row+1)*d] {
			squares[row] += v * v
		}
	}
	product := kernel.NewGemm(kernel.GemmShape{M: queryBlock, N: len(references), K: d, TransB: true})
	packed := make([]float32, product.PackSize())
	parallel.Ranges(product.PackUnits(), func(lo, hi int) { product.Pack(packed, r, lo, hi) })
	return func(dst []float32, lo, _ int) {
		epilogue := kernel.Epilogue{Scale: minusTwo, Shift: squares}
		product.Run(dst, q[lo*d:(lo+queryBlock)*d], packed, &epilogue, 0, product.Units(), &kernel.Workspace{})
	}
}

// centred returns the rows less mean, [rows, d], with rows of zeros at the end.
func centred(embeddings [][]float32, mean []float64, rows int) []float32 {
	flat := make([]float32, 0, rows*len(mean))
	for _, row := range embeddings {
		for i, v := range row {
			flat = append(flat, float32(float64(v)-mean[i]))
		}
	}
	return flat[:rows*len(mean)]
}
