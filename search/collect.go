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
	limit float32 // the largest value that is kept
	keep  []candidate
	// widen gives the largest value that a row as near as one of the given value may have.
	widen func(value float64) float64
}

func newCollector(k int, widen func(value float64) float64) *collector {
	return &collector{k: k, limit: float32(math.Inf(1)), keep: make([]candidate, 0, 2*k+64), widen: widen}
}

// add takes a candidate whose value is at most limit.
func (c *collector) add(value float32, row int32) {
	if c.keep = append(c.keep, candidate{value, row}); len(c.keep) == cap(c.keep) {
		c.shrink()
	}
}

// shrink lowers the limit, and grows where many are equally near.
func (c *collector) shrink() {
	slices.SortFunc(c.keep, func(a, b candidate) int { return cmp.Compare(a.value, b.value) })
	if len(c.keep) >= c.k {
		c.limit = above(c.widen(float64(c.keep[c.k-1].value)))
	}
	kept, _ := slices.BinarySearchFunc(c.keep, c.limit, func(a candidate, limit float32) int {
		if a.value <= limit {
			return -1
		}
		return 1
	})
	if c.keep = c.keep[:kept]; 2*kept > cap(c.keep) {
		c.keep = slices.Grow(c.keep, 2*cap(c.keep))
	}
}

// merged is the rows that several collectors kept of one probe.
func merged(parts []*collector) []int32 {
	all := *parts[0]
	for _, part := range parts[1:] {
		all.keep = append(all.keep, part.keep...)
	}
	all.shrink()
	rows := make([]int32, len(all.keep))
	for i, c := range all.keep {
		rows[i] = c.row
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
