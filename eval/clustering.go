package eval

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/siam-go/siam/stats"
)

// Clustering compares found clusters with true labels. All values are in [0, 1], 1 is perfect. The intervals are by labels: the rows of
// one are drawn together.
type Clustering struct {
	Clusters int            `json:"clusters"`
	Labels   int            `json:"labels"`
	Pairwise PRF            `json:"pairwise"` // over pairs of rows: together in a cluster against same label
	BCubed   PRF            `json:"bcubed"`   // averaged over rows (A. Bagga, B. Baldwin, 1998)
	NMI      stats.Estimate `json:"nmi"`      // mutual information over the mean of both entropies
}

// PRF is precision, recall and their harmonic mean F.
type PRF struct {
	Precision float64        `json:"precision"`
	Recall    float64        `json:"recall"`
	F         stats.Estimate `json:"f"`
}

func newPRF(precision, recall float64) PRF {
	f := 0.0
	if precision+recall > 0 {
		f = 2 * precision * recall / (precision + recall)
	}
	return PRF{precision, recall, stats.Estimate{Value: min(f, 1)}}
}

// bootstrapResamples is fewer than [stats.Resamples]: each one sweeps all pairs.
const bootstrapResamples = 400

// JudgeClusters compares the found cluster of each row with its label. It fails when there are not as many, or none.
func JudgeClusters(labels, clusters []int, seed uint64) (Clustering, error) {
	n := len(labels)
	if n == 0 || len(clusters) != n {
		return Clustering{}, fmt.Errorf("judging clusters: %d labels and %d clusters of rows, want some, and as many of each", n, len(clusters))
	}
	o := newOverlap(labels, clusters)
	judged := o.judge(slices.Repeat([]int{1}, len(o.labels)))
	errors := stats.ErrorsByUnit(len(o.labels), bootstrapResamples, seed, func(times []int) []float64 {
		c := o.judge(times)
		return []float64{c.Pairwise.F.Value, c.BCubed.F.Value, c.NMI.Value}
	})
	spread := stats.Spread{Units: len(o.labels)}
	for _, rows := range o.sizes {
		spread.Least += 2 * rows / (rows + 1)
	}
	for i, e := range []*stats.Estimate{&judged.Pairwise.F, &judged.BCubed.F, &judged.NMI} {
		spread.Error = errors[i]
		e.CI95, e.N, e.Of = spread.CI95(e.Value), n, "images"
	}
	return judged, nil
}

// overlap is how many rows each label and each cluster share.
type overlap struct {
	labels   [][]cell  // of each label, its parts
	sizes    []float64 // rows of each label
	clusters []float64 // rows of each cluster
}

// cell is the rows of one label in one cluster.
type cell struct {
	cluster int
	rows    float64
}

func newOverlap(labels, clusters []int) overlap {
	both := make(map[[2]int]int)
	for i := range labels {
		both[[2]int{labels[i], clusters[i]}]++
	}
	var o overlap
	number := make(map[int]int) // of each cluster
	last := 0
	for i, key := range slices.SortedFunc(maps.Keys(both), compareCells) {
		if i == 0 || key[0] != last {
			o.labels, o.sizes, last = append(o.labels, nil), append(o.sizes, 0), key[0]
		}
		at, seen := number[key[1]]
		if !seen {
			at = len(number)
			number[key[1]], o.clusters = at, append(o.clusters, 0)
		}
		rows, l := float64(both[key]), len(o.labels)-1
		o.labels[l] = append(o.labels[l], cell{at, rows})
		o.sizes[l] += rows
		o.clusters[at] += rows
	}
	return o
}

// judge counts the rows of label l times[l] times. Whom a row finds in its cluster, and under its label, stays as it is.
func (o overlap) judge(counts []int) Clustering {
	times := make([]float64, len(counts))
	for l, n := range counts {
		times[l] = float64(n)
	}
	var n, together, inLabels, inClusters, precision, recall, information, labelEntropy, clusterEntropy float64
	shares := make([]float64, len(o.clusters))
	for l, cells := range o.labels {
		n += times[l] * o.sizes[l]
		for _, c := range cells {
			shares[c.cluster] += times[l] * c.rows
		}
	}
	for l, cells := range o.labels {
		inLabels += times[l] * pairsOf(o.sizes[l])
		labelEntropy += entropyOf(times[l] * o.sizes[l] / n)
		for _, c := range cells {
			together += times[l] * pairsOf(c.rows)
			inClusters += times[l] * c.rows * (o.clusters[c.cluster] - 1) / 2
			precision += times[l] * c.rows * c.rows / o.clusters[c.cluster] / n
			recall += times[l] * c.rows * c.rows / o.sizes[l] / n
			if times[l] > 0 {
				information += times[l] * c.rows / n * math.Log(c.rows*n/(o.sizes[l]*shares[c.cluster]))
			}
		}
	}
	for _, share := range shares {
		clusterEntropy += entropyOf(share / n)
	}
	return Clustering{
		Clusters: len(o.clusters), Labels: len(o.labels),
		Pairwise: newPRF(fraction(together, inClusters), fraction(together, inLabels)),
		BCubed:   newPRF(precision, recall),
		NMI:      stats.Estimate{Value: min(fraction(max(information, 0), (labelEntropy+clusterEntropy)/2), 1)},
	}
}

func compareCells(a, b [2]int) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

// entropyOf is what a part of p of the rows adds to the entropy, in nats.
func entropyOf(p float64) float64 {
	if p == 0 {
		return 0
	}
	return -p * math.Log(p)
}

func pairsOf(n float64) float64 { return n * (n - 1) / 2 }

// fraction returns part/whole, and 1 of nothing: nothing was missed.
func fraction(part, whole float64) float64 {
	if whole == 0 {
		return 1
	}
	return part / whole
}
