package eval

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Clustering compares found clusters with true labels. All values are in [0, 1], 1 is perfect.
type Clustering struct {
	Clusters int     `json:"clusters"`
	Labels   int     `json:"labels"`
	Pairwise PRF     `json:"pairwise"` // over pairs of rows: together in a cluster against same label
	BCubed   PRF     `json:"bcubed"`   // averaged over rows (A. Bagga, B. Baldwin, 1998)
	NMI      float64 `json:"nmi"`      // mutual information over the mean of both entropies
}

// PRF is precision, recall and their harmonic mean.
type PRF struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F         float64 `json:"f"`
}

func newPRF(precision, recall float64) PRF {
	f := 0.0
	if precision+recall > 0 {
		f = 2 * precision * recall / (precision + recall)
	}
	return PRF{precision, recall, f}
}

// JudgeClusters compares the found cluster of each row with its label. It fails when there are not as many, or none.
func JudgeClusters(labels, clusters []int) (Clustering, error) {
	n := len(labels)
	if n == 0 || len(clusters) != n {
		return Clustering{}, fmt.Errorf("judging clusters: %d labels and %d clusters of rows, want some, and as many of each", n, len(clusters))
	}
	both := make(map[[2]int]int)
	perLabel, perCluster := make(map[int]int), make(map[int]int)
	for i := range labels {
		both[[2]int{labels[i], clusters[i]}]++
		perLabel[labels[i]]++
		perCluster[clusters[i]]++
	}
	c := Clustering{Clusters: len(perCluster), Labels: len(perLabel)}
	var together, precision, recall, information float64
	for _, key := range slices.SortedFunc(maps.Keys(both), compareCells) {
		k, l, m := float64(both[key]), float64(perLabel[key[0]]), float64(perCluster[key[1]])
		together += pairsOf(k)
		precision += k * k / m / float64(n)
		recall += k * k / l / float64(n)
		information += k / float64(n) * math.Log(k*float64(n)/(l*m))
	}
	labelPairs, labelEntropy := pairsAndEntropy(perLabel, n)
	clusterPairs, clusterEntropy := pairsAndEntropy(perCluster, n)
	c.Pairwise = newPRF(fraction(together, clusterPairs), fraction(together, labelPairs))
	c.BCubed = newPRF(precision, recall)
	c.NMI = fraction(max(information, 0), (labelEntropy+clusterEntropy)/2)
	return c, nil
}

func compareCells(a, b [2]int) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

func pairsOf(n float64) float64 { return n * (n - 1) / 2 }

// pairsAndEntropy returns the pairs inside the parts of n rows and the parts' entropy in nats. It adds in order of the parts'
// names so that rounding is the same every time.
func pairsAndEntropy(sizes map[int]int, n int) (pairs, entropy float64) {
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		size := float64(sizes[name])
		pairs += pairsOf(size)
		entropy -= size / float64(n) * math.Log(size/float64(n))
	}
	return pairs, entropy
}

// fraction returns part/whole, and 1 of nothing: nothing was missed.
func fraction(part, whole float64) float64 {
	if whole == 0 {
		return 1
	}
	return part / whole
}
