package eval

import (
	"math"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/parallel"
)

// mostCuts bounds how many cuts of a dendrogram [BestCut] tries.
const mostCuts = 100

// BestCut finds, without labels, the threshold for [Dendrogram.Cut] with the largest mean silhouette (P. J. Rousseeuw,
// "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", 1987): with a the mean distance of an
// item to the others of its cluster, and b the smallest mean distance to another cluster, an item's silhouette is
//
//	(b − a) / max(a, b),  0 when it is alone.
//
// It tries at most a hundred cuts at thresholds up to most, each in n² steps. Items are those of [Agglomerate]. Where nothing joins up
// to most, it is most.
func BestCut(t *Dendrogram, items Distances, most float64) (threshold, silhouette float64) {
	cuts := 0 // between one item in each cluster, and all in one
	for cuts < t.N-2 && t.Merges[cuts].Distance <= most {
		cuts++
	}
	if cuts == 0 {
		return most, 0
	}
	thresholds := make([]float64, min(cuts, mostCuts))
	for k := range thresholds {
		thresholds[k] = min(midway(t, 1+k*cuts/len(thresholds)), most)
	}
	silhouette = math.Inf(-1)
	for k, s := range meanSilhouettes(t, items, thresholds) {
		if s > silhouette {
			threshold, silhouette = thresholds[k], s
		}
	}
	return threshold, silhouette
}

// midway is the threshold in the middle between the last of the first joins and the next.
func midway(t *Dendrogram, joins int) float64 {
	return (t.Merges[joins-1].Distance + t.Merges[joins].Distance) / 2
}

// leaves lists the items so that those of every cluster, at every cut, are neighbours.
func (t *Dendrogram) leaves() []int {
	lists := make([][]int, t.N)
	parent := make([]int, t.N)
	for i := range parent {
		parent[i], lists[i] = i, []int{i}
	}
	for _, m := range t.Merges {
		a, b := rootOf(parent, m.A), rootOf(parent, m.B)
		if len(lists[a]) < len(lists[b]) {
			a, b = b, a
		}
		parent[b] = a
		lists[a], lists[b] = append(lists[a], lists[b]...), nil
	}
	return lists[rootOf(parent, 0)]
}

// cut is the clusters at a threshold, as ranges of leaves.
type cut struct {
	starts []int32 // where each cluster begins, and the end of the last
	of     []int32 // the cluster of each leaf
}

func newCut(clusters, leaves []int) cut {
	c := cut{of: make([]int32, len(leaves))}
	for i, leaf := range leaves {
		if i == 0 || clusters[leaf] != clusters[leaves[i-1]] {
			c.starts = append(c.starts, int32(i))
		}
		c.of[i] = int32(len(c.starts) - 1)
	}
	c.starts = append(c.starts, int32(len(leaves)))
	return c
}

func (c *cut) size(cluster int32) int32 { return c.starts[cluster+1] - c.starts[cluster] }

// meanSilhouettes is the mean over items at each of some growing thresholds.
func meanSilhouettes(t *Dendrogram, items Distances, thresholds []float64) []float64 {
	n, leaves := t.N, t.leaves()
	cuts := make([]cut, len(thresholds))
	for k, threshold := range thresholds {
		cuts[k] = newCut(t.Cut(threshold), leaves)
	}
	means := make([]float64, n*len(cuts)) // of each item, then of all
	const block = distance.Block
	parallel.Ranges((n+block-1)/block, func(first, last int) {
		rows, sums := make([]float32, block*n), make([]float64, n+1)
		for lo := first * block; lo < min(last*block, n); lo += block {
			hi := min(lo+block, n)
			items.Rows(rows[:(hi-lo)*n], lo, hi)
			for i := lo; i < hi; i++ {
				row := rows[(i-lo)*n:][:n]
				place := 0
				row[i] = 0
				for at, leaf := range leaves {
					sums[at+1] = sums[at] + float64(row[leaf])
					if leaf == i {
						place = at
					}
				}
				silhouettes(means[i*len(cuts):(i+1)*len(cuts)], sums, cuts, place)
			}
		}
	})
	total := make([]float64, len(cuts))
	for i := range n {
		for k := range total {
			total[k] += means[i*len(cuts)+k] / float64(n)
		}
	}
	return total
}

// silhouettes writes those of the item that is a leaf, at each of some cuts that join more and more. Before sums[i] are the distances of
// the first i leaves from the item added up.
func silhouettes(dst, sums []float64, cuts []cut, leaf int) {
	var nearest, size int32 // where the nearest other cluster begins, and how many it has
	for k := range cuts {
		c := &cuts[k]
		own := c.of[leaf]
		if len(c.starts) < 3 || c.size(own) < 2 {
			dst[k] = 0
			continue
		}
		// A cluster that two others joined to is no nearer than both were: the nearest is still that as long as it is there.
		if still := c.of[nearest]; size == 0 || still == own || c.size(still) != size {
			still = c.nearest(sums, own)
			nearest, size = c.starts[still], c.size(still)
		}
		b := (sums[nearest+size] - sums[nearest]) / float64(size)
		a := (sums[c.starts[own+1]] - sums[c.starts[own]]) / float64(c.size(own)-1)
		if dst[k] = 0; max(a, b) != 0 {
			dst[k] = (b - a) / max(a, b)
		}
	}
}

// nearest is the cluster, other than own, with the smallest mean distance.
func (c *cut) nearest(sums []float64, own int32) int32 {
	best, least := int32(0), math.Inf(1)
	from, before := c.starts[0], sums[c.starts[0]]
	for cluster, to := range c.starts[1:] {
		until := sums[to]
		if mean := (until - before) / float64(to-from); mean < least && int32(cluster) != own {
			best, least = int32(cluster), mean
		}
		from, before = to, until
	}
	return best
}
