package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/stats"
)

// slowClusters joins the two nearest clusters again and again, measuring linkage by its definition.
func slowClusters(points []float32, linkage Linkage, k int) []int {
	var clusters [][]int
	for i := range points {
		clusters = append(clusters, []int{i})
	}
	apart := func(a, b []int) float64 {
		sum, least, most := 0.0, math.Inf(1), 0.0
		for _, i := range a {
			for _, j := range b {
				d := float64(absolute(points[i], points[j]))
				sum, least, most = sum+d, min(least, d), max(most, d)
			}
		}
		return [...]float64{sum / float64(len(a)*len(b)), most, least}[linkage]
	}
	for len(clusters) > k {
		bestA, bestB := 0, 1
		for a := range clusters {
			for b := range a {
				if apart(clusters[a], clusters[b]) < apart(clusters[bestA], clusters[bestB]) {
					bestA, bestB = a, b
				}
			}
		}
		clusters[bestA] = append(clusters[bestA], clusters[bestB]...)
		clusters = slices.Delete(clusters, bestB, bestB+1)
	}
	of := make([]int, len(points))
	for c, rows := range clusters {
		for _, row := range rows {
			of[row] = c
		}
	}
	return of
}

func TestAgglomerateAgreesWithTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	points := make([]float32, 40)
	for i := range points {
		points[i] = rng.Float32() * 100
	}
	for _, linkage := range []Linkage{Average, Complete, Single} {
		tree, err := Agglomerate(PairsOf(points, absolute), linkage)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []int{1, 2, 5, 13, 40} {
			got := tree.CutInto(k)
			same, _ := JudgeClusters(slowClusters(points, linkage, k), got, 1)
			if same.Pairwise.F.Value != 1 || same.Clusters != k {
				t.Errorf("linkage %d cut into %d = %v, want the clusters of the slow loop", linkage, k, got)
			}
		}
	}
}

func TestCutStopsAtTheThreshold(t *testing.T) {
	tree, err := Agglomerate(PairsOf([]float32{0, 10, 1, 11, 50}, absolute), Average)
	if err != nil {
		t.Fatal(err)
	}
	for threshold, want := range map[float64][]int{
		0.5: {0, 1, 2, 3, 4}, 1: {0, 1, 0, 1, 2}, 9.9: {0, 1, 0, 1, 2}, 10: {0, 0, 0, 0, 1}, 100: {0, 0, 0, 0, 0},
	} {
		if got := tree.Cut(threshold); !slices.Equal(got, want) {
			t.Errorf("Cut(%v) = %v, want %v", threshold, got, want)
		}
	}
	if one, err := Agglomerate(PairsOf([]float32{3}, absolute), Average); err != nil || !slices.Equal(one.Cut(1), []int{0}) {
		t.Errorf("one item gave %v, %v, want one cluster", one, err)
	}
}

func TestClusteringOfBrokenDistancesSaysWhy(t *testing.T) {
	nan := float32(math.NaN())
	for want, points := range map[string][]float32{"there are no items": nil, "items 1 and 2 is NaN": {0, nan}, "items 1 and 3 is +Inf": {1, 0, float32(math.Inf(1))}} {
		if _, err := Agglomerate(PairsOf(points, absolute), Average); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Agglomerate(%v) = %v, want an error with %q", points, err, want)
		}
	}
}

// Of the pairs below 8 share a label, 10 a cluster and 5 both; NMI is from its definition in Python.
func TestJudgeClustersCountsPairsRowsAndBits(t *testing.T) {
	labels := []int{0, 0, 0, 1, 1, 1, 2, 2, 3, 3}
	clusters := []int{0, 0, 1, 1, 1, 1, 2, 2, 2, 3}
	got, err := JudgeClusters(labels, clusters, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "pairwise precision", got.Pairwise.Precision, 5.0/10, 1e-12)
	near(t, "pairwise recall", got.Pairwise.Recall, 5.0/8, 1e-12)
	near(t, "pairwise F", got.Pairwise.F.Value, 5.0/9, 1e-12)
	near(t, "BCubed precision", got.BCubed.Precision, (1+1+0.25+3*0.75+2*2.0/3+1.0/3+1)/10, 1e-12)
	near(t, "BCubed recall", got.BCubed.Recall, (2*2.0/3+1.0/3+3+2+0.5+0.5)/10, 1e-12)
	near(t, "NMI", got.NMI.Value, 0.7182659441747598, 1e-12)
	if got.Clusters != 4 || got.Labels != 4 {
		t.Errorf("JudgeClusters found %d clusters and %d labels, want 4 and 4", got.Clusters, got.Labels)
	}
}

func TestPerfectAndTrivialClusterings(t *testing.T) {
	perfect, _ := JudgeClusters([]int{3, 3, 1, 2}, []int{0, 0, 5, 7}, 1)
	if perfect.Pairwise.F.Value != 1 || perfect.BCubed.F.Value != 1 || math.Abs(perfect.NMI.Value-1) > 1e-12 || perfect.NMI.CI95[0] > 0.7 {
		t.Errorf("a perfect clustering = %+v, want 1 everywhere", perfect)
	}
	one, _ := JudgeClusters([]int{1, 1, 2, 2}, []int{0, 0, 0, 0}, 1)
	if one.NMI.Value != 0 || one.Pairwise.Recall != 1 || one.BCubed.Precision != 0.5 {
		t.Errorf("everything in one cluster = %+v, want NMI 0, recall 1, BCubed precision 0.5", one)
	}
	if _, err := JudgeClusters([]int{1}, nil, 1); err == nil {
		t.Errorf("JudgeClusters of 1 label and 0 clusters succeeded, want an error")
	}
}

func TestClusteringIntervalsAreOverLabels(t *testing.T) {
	var labels, clusters []int
	for i := range 400 { // every tenth row strays into the next cluster
		labels = append(labels, i/5)
		clusters = append(clusters, i/5+i%10/9)
	}
	got, err := JudgeClusters(labels, clusters, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]stats.Estimate{"pairwise F": got.Pairwise.F, "BCubed F": got.BCubed.F, "NMI": got.NMI} {
		if !(v.CI95[0] < v.Value && v.Value < v.CI95[1]) || v.CI95[1]-v.CI95[0] > 0.2 || v.N != 400 {
			t.Errorf("%s = %v, want a narrow interval around it, of 400 images", name, v)
		}
	}
	o := newOverlap(labels, clusters)
	thrice := o.judge(slices.Repeat([]int{3}, len(o.labels)))
	near(t, "pairwise F of labels three times", thrice.Pairwise.F.Value, got.Pairwise.F.Value, 1e-12)
	near(t, "BCubed F of labels three times", thrice.BCubed.F.Value, got.BCubed.F.Value, 1e-12)
	near(t, "NMI of labels three times", thrice.NMI.Value, got.NMI.Value, 1e-12)
}
