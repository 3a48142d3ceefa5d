package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/siam-go/siam/distance"
)

// first sorts neighbours by distance, then by row, and keeps k.
func first(found []distance.Neighbour, k int) []distance.Neighbour {
	slices.SortFunc(found, func(a, b distance.Neighbour) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
	})
	return found[:min(k, len(found))]
}

// candidate is a row with what orders it, up to an error that is known.
type candidate struct {
	value float32
	row   int32
}

// collector keeps the candidates for the k nearest: those up to what the k-th may be.
type collector struct {
	k     int
	limit float32   // the largest value that is kept
	best  []float32 // the k least values; once there are as many, a heap with the largest first
	keep  []candidate
	// widen gives the largest value that a row as near as one of the given value may have.
	widen func(value float64) float64
}

func newCollector(k int, widen func(value float64) float64) *collector {
	return &collector{k: k, limit: float32(math.Inf(1)), best: make([]float32, 0, k), keep: make([]candidate, 0, 2*k+64), widen: widen}
}

// add takes a candidate whose value is at most limit.
func (c *collector) add(value float32, row int32) {
	if len(c.keep) == cap(c.keep) {
		c.tidy()
	}
	c.keep = append(c.keep, candidate{value, row})
	switch {
	case len(c.best) < c.k:
		if c.best = append(c.best, value); len(c.best) < c.k {
			return
		}
		slices.SortFunc(c.best, func(a, b float32) int { return cmp.Compare(b, a) })
	case value >= c.best[0]:
		return
	default:
		c.best[0] = value
		sink(c.best)
	}
	c.limit = above(c.widen(float64(c.best[0])))
}

// sink moves the first number of a heap to where it belongs.
func sink(heap []float32) {
	for i, child := 0, 1; child < len(heap); i, child = child, 2*child+1 {
		if child+1 < len(heap) && heap[child+1] > heap[child] {
			child++
		}
		if heap[i] >= heap[child] {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
	}
}

// tidy forgets what is above the limit, and makes room where many are equally near.
func (c *collector) tidy() {
	c.keep = slices.DeleteFunc(c.keep, func(at candidate) bool { return at.value > c.limit })
	if 2*len(c.keep) > cap(c.keep) {
		c.keep = slices.Grow(c.keep, 2*cap(c.keep))
	}
}

// merged is the rows that several collectors kept of one probe.
func merged(parts []*collector) []int32 {
	all := parts[0]
	for _, part := range parts[1:] {
		for _, at := range part.keep {
			if at.value <= all.limit {
				all.add(at.value, at.row)
			}
		}
	}
	all.tidy()
	rows := make([]int32, len(all.keep))
	for i, at := range all.keep {
		rows[i] = at.row
	}
	return rows
}

// above is the least float32 that is not below v.
func above(v float64) float32 {
	f := float32(v)
	if float64(f) < v {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

func length(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
