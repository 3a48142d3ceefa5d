package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

// blobs are k groups of points on a line, ten apart, and the group of each.
func blobs(k, each int) (points []float32, groups []int) {
	rng := rand.New(rand.NewPCG(5, 0))
	for g := range k {
		for range each {
			points, groups = append(points, float32(10*g)+float32(rng.NormFloat64())), append(groups, g)
		}
	}
	return points, groups
}

func apart(a, b float32) float32 { return float32(math.Abs(float64(a) - float64(b))) }

// slowSilhouette is the mean silhouette by its definition.
func slowSilhouette(points []float32, clusters []int) float64 {
	total := 0.0
	for i := range points {
		mean := map[int]float64{}
		size := map[int]float64{}
		for j := range points {
			if i != j {
				mean[clusters[j]] += float64(apart(points[i], points[j]))
				size[clusters[j]]++
			}
		}
		a, b := mean[clusters[i]]/size[clusters[i]], math.Inf(1)
		for c := range mean {
			if c != clusters[i] {
				b = min(b, mean[c]/size[c])
			}
		}
		if size[clusters[i]] > 0 && len(mean) > 1 && max(a, b) > 0 {
			total += (b - a) / max(a, b) / float64(len(points))
		}
	}
	return total
}

func TestMeanSilhouettesAreTheirDefinition(t *testing.T) {
	points, _ := blobs(7, 12)
	points = append(points, 100, 200, 200, 3, 3)
	for _, linkage := range []Linkage{Average, Complete, Single} {
		tree, err := Agglomerate(PairsOf(points, apart), linkage)
		if err != nil {
			t.Fatal(err)
		}
		var thresholds []float64
		for _, m := range tree.Merges {
			thresholds = append(thresholds, m.Distance)
		}
		for k, got := range meanSilhouettes(tree, PairsOf(points, apart), thresholds) {
			near(t, "mean silhouette", got, slowSilhouette(points, tree.Cut(thresholds[k])), 1e-9)
		}
	}
}

func TestBestCutFindsTheGroups(t *testing.T) {
	for _, k := range []int{2, 5, 40} {
		points, groups := blobs(k, 8)
		tree, err := Agglomerate(PairsOf(points, apart), Average)
		if err != nil {
			t.Fatal(err)
		}
		threshold, silhouette := BestCut(tree, PairsOf(points, apart), math.Inf(1))
		judged, err := JudgeClusters(groups, tree.Cut(threshold), 1)
		if err != nil || judged.Pairwise.F.Value != 1 || silhouette < 0.7 {
			t.Errorf("%d groups: the cut at %v has pairwise F %v and silhouette %v, error %v, want the groups", k, threshold, judged.Pairwise.F, silhouette, err)
		}
		if low, _ := BestCut(tree, PairsOf(points, apart), 0.5); low > 0.5 {
			t.Errorf("%d groups: the best cut up to 0.5 is at %v", k, low)
		}
	}
}

func TestBestCutOfFewItems(t *testing.T) {
	for n := 1; n < 4; n++ {
		points, _ := blobs(n, 1)
		tree, err := Agglomerate(PairsOf(points, apart), Average)
		if err != nil {
			t.Fatal(err)
		}
		if threshold, _ := BestCut(tree, PairsOf(points, apart), 3); threshold != 3 {
			t.Errorf("%d items far apart: the best cut is at %v, want the most, 3", n, threshold)
		}
	}
}
