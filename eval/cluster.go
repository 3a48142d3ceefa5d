package eval

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/siam-go/siam/internal/parallel"
)

// Linkage says how far two clusters are apart.
type Linkage int

// The linkages; all join clusters in an order of growing distance.
const (
	Average  Linkage = iota // mean distance of their pairs
	Complete                // largest distance of their pairs
	Single                  // smallest distance of their pairs
)

// Dendrogram is the order in which clusters join until one is left.
type Dendrogram struct {
	N      int     // rows
	Merges []Merge // N-1 of them, by growing distance
}

// Merge joins the clusters that rows A and B are in.
type Merge struct {
	A, B     int
	Distance float64
}

// Distances are those of n items from each other.
type Distances interface {
	Len() int
	// Rows writes the distances of items lo to hi-1 from all into dst, [hi-lo, n]. It is called from several goroutines.
	Rows(dst []float32, lo, hi int)
}

// Agglomerate joins the two nearest clusters, starting with one item each, until one is left, as FaceNet groups faces. It
// takes time and memory in proportion to n² (nearest-neighbour chains; F. Murtagh, 1983): 10,000 items need 400 MB. [distance.Pairs]
// are the distances of vectors, fast, and [PairsOf] of anything. It fails on no items and on a distance that is not a finite number.
func Agglomerate(items Distances, linkage Linkage) (*Dendrogram, error) {
	if items.Len() == 0 {
		return nil, fmt.Errorf("clustering: there are no items")
	}
	c := newChain(items.Len(), linkage)
	c.distance = distanceMatrix(items)
	for i, d := range c.distance {
		if d-d != 0 { // NaN or infinite
			return nil, fmt.Errorf("clustering: the distance of items %d and %d is %v; the model is broken or not trained", i/c.n+1, i%c.n+1, d)
		}
	}
	return c.run(), nil
}

// PairsOf compares items one by one, the one with the smaller index first; distance is called from several goroutines.
func PairsOf[T any](items []T, distance func(a, b T) float32) Distances {
	return pairs[T]{items, distance}
}

type pairs[T any] struct {
	items    []T
	distance func(a, b T) float32
}

func (p pairs[T]) Len() int { return len(p.items) }

func (p pairs[T]) Rows(dst []float32, lo, hi int) {
	n := len(p.items)
	for i := lo; i < hi; i++ {
		for j := range n {
			dst[(i-lo)*n+j] = p.distance(p.items[min(i, j)], p.items[max(i, j)])
		}
	}
}

// distanceMatrix is the distances of all items from all, [n, n]. Those below the diagonal are copies of those above.
func distanceMatrix(items Distances) []float32 {
	n := items.Len()
	all := make([]float32, n*n)
	parallel.Ranges(n, func(lo, hi int) { items.Rows(all[lo*n:hi*n], lo, hi) })
	const tile = 64 // rows and columns that are copied together
	parallel.Ranges((n+tile-1)/tile, func(lo, hi int) {
		for i0 := lo * tile; i0 < min(hi*tile, n); i0 += tile {
			for j0 := 0; j0 <= i0; j0 += tile {
				for i := i0; i < min(i0+tile, n); i++ {
					for j := j0; j < min(j0+tile, i); j++ {
						all[i*n+j] = all[j*n+i]
					}
				}
			}
		}
	})
	return all
}

// chain is the state of the nearest-neighbour chain algorithm.
type chain struct {
	n        int
	distance []float32 // [n, n], between clusters; the row of a joined cluster is that of its B
	size     []int     // rows in each cluster, 0 when it is part of another
	linkage  Linkage
}

func newChain(n int, linkage Linkage) *chain {
	c := &chain{n: n, size: make([]int, n), linkage: linkage}
	for i := range c.size {
		c.size[i] = 1
	}
	return c
}

// run follows nearest neighbours until two clusters are each other's nearest, joins them, and goes on from there.
func (c *chain) run() *Dendrogram {
	tree := &Dendrogram{N: c.n}
	var path []int
	for len(tree.Merges) < c.n-1 {
		if len(path) == 0 {
			path = append(path, slices.IndexFunc(c.size, func(s int) bool { return s > 0 }))
		}
		last := path[len(path)-1]
		before := -1
		if len(path) > 1 {
			before = path[len(path)-2]
		}
		next := c.nearestTo(last, before)
		if next != before {
			path = append(path, next)
			continue
		}
		path = path[:len(path)-2]
		tree.Merges = append(tree.Merges, Merge{last, next, float64(c.distance[last*c.n+next])})
		c.join(last, next)
	}
	slices.SortStableFunc(tree.Merges, func(a, b Merge) int { return cmp.Compare(a.Distance, b.Distance) })
	return tree
}

// nearestTo returns the cluster nearest to i, and prefer among equals so that the chain ends.
func (c *chain) nearestTo(i, prefer int) int {
	row := c.distance[i*c.n : (i+1)*c.n]
	best := prefer
	for j, d := range row {
		if c.size[j] > 0 && j != i && (best < 0 || d < row[best]) {
			best = j
		}
	}
	return best
}

// join makes a part of b and updates b's distances (G. N. Lance, W. T. Williams, 1967).
func (c *chain) join(a, b int) {
	sizeA, sizeB := float32(c.size[a]), float32(c.size[b])
	c.size[a], c.size[b] = 0, c.size[a]+c.size[b]
	for j := range c.n {
		if c.size[j] == 0 || j == b {
			continue
		}
		dA, dB := c.distance[a*c.n+j], c.distance[b*c.n+j]
		var d float32
		switch c.linkage {
		case Average:
			d = (sizeA*dA + sizeB*dB) / (sizeA + sizeB)
		case Complete:
			d = max(dA, dB)
		case Single:
			d = min(dA, dB)
		}
		c.distance[b*c.n+j], c.distance[j*c.n+b] = d, d
	}
}

// Cut returns the cluster of each row, numbered from 0 in order of first appearance, after all joins at a distance of at
// most threshold.
func (t *Dendrogram) Cut(threshold float64) []int {
	joins := 0
	for joins < len(t.Merges) && t.Merges[joins].Distance <= threshold {
		joins++
	}
	return t.after(joins)
}

// CutInto is [Dendrogram.Cut] with the join order followed until k clusters are left; a k outside [1, N] means 1 or N.
func (t *Dendrogram) CutInto(k int) []int {
	return t.after(t.N - min(max(k, 1), t.N))
}

// after returns the clusters after that many joins.
func (t *Dendrogram) after(joins int) []int {
	parent := make([]int, t.N)
	for i := range parent {
		parent[i] = i
	}
	for _, m := range t.Merges[:joins] {
		parent[rootOf(parent, m.A)] = rootOf(parent, m.B)
	}
	clusters, number := make([]int, t.N), make(map[int]int)
	for i := range clusters {
		r := rootOf(parent, i)
		if _, seen := number[r]; !seen {
			number[r] = len(number)
		}
		clusters[i] = number[r]
	}
	return clusters
}

// rootOf finds the item that stands for i's cluster.
func rootOf(parent []int, i int) int {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}
