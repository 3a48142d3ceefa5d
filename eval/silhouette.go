package eval

import (
	"math"

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
// It tries at most a hundred cuts at thresholds up to most, each in n² steps, and needs memory for all distances. Items and
// distance are those of [Agglomerate]. Where nothing joins up to most, it is most.
func BestCut[T any](t *Dendrogram, items []T, distance func(a, b T) float32, most float64) (threshold, silhouette float64) {
	cuts := 0 // between one item in each cluster, and all in one
	for cuts < t.N-2 && t.Merges[cuts].Distance <= most {
		cuts++
	}
	if cuts == 0 {
		return most, 0
	}
	all := distanceMatrix(items, distance)
	silhouette = math.Inf(-1)
	for k := range min(cuts, mostCuts) {
		at := min(midway(t, 1+k*cuts/min(cuts, mostCuts)), most)
		if s := meanSilhouette(all, t.Cut(at)); s > silhouette {
			threshold, silhouette = at, s
		}
	}
	return threshold, silhouette
}

// midway is the threshold in the middle between the last of the first joins and the next.
func midway(t *Dendrogram, joins int) float64 {
	return (t.Merges[joins-1].Distance + t.Merges[joins].Distance) / 2
}

// meanSilhouette is the mean over items; all is [n, n].
func meanSilhouette(all []float32, clusters []int) float64 {
	n := len(clusters)
	sizes := make([]float64, 0, n)
	for _, c := range clusters { // numbered in order of first appearance
		if c == len(sizes) {
			sizes = append(sizes, 0)
		}
		sizes[c]++
	}
	values := make([]float64, n)
	parallel.Ranges(n, func(lo, hi int) {
		sums := make([]float64, len(sizes))
		for i := lo; i < hi; i++ {
			clear(sums)
			for j, d := range all[i*n : (i+1)*n] {
				sums[clusters[j]] += float64(d)
			}
			values[i] = silhouetteOf(sums, sizes, clusters[i])
		}
	})
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total / float64(n)
}

// silhouetteOf is that of an item in cluster own, from the sums of its distances to each cluster.
func silhouetteOf(sums, sizes []float64, own int) float64 {
	if sizes[own] < 2 || len(sizes) < 2 {
		return 0
	}
	a, b := sums[own]/(sizes[own]-1), math.Inf(1)
	for c, sum := range sums {
		if c != own {
			b = min(b, sum/sizes[c])
		}
	}
	if max(a, b) == 0 {
		return 0
	}
	return (b - a) / max(a, b)
}
